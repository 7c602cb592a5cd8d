"""Notification targets of the three levels: set, removed, and tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.container import Parts
from api.dashboard.dependencies import FormDep
from api.dashboard.forms.notifications import (
    FIELDS,
    form_of_target,
    read_targets_form,
    settings_from,
)
from api.dashboard.forms.validation import Refusal, try_change
from api.dashboard.pages.contexts import LevelContext, LevelContextDep, target_of
from api.dashboard.renderer import DoneParam, PageRenderer, RendererDep, see_other
from api.dependencies import PartsDep, field
from guv.apps.models import App
from guv.errors import Invalid
from guv.notifications.targets import LevelTarget, send_test_alert
from guv.settings.field_models import NONE
from guv.settings.levels import Access, Subject, etag_of
from guv.settings.resolve import effective_settings
from guv.settings.schema import SettingsValues

pages = APIRouter()
WHOSE = {"global": "all apps", "app": "all roles of this app", "role": "this role"}


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """The result of the request, shown on the page.

    Attributes:
        refusal: Why a form was refused; None: it was not.
        kept: Secrets of a refused form, sealed, by their field.
        alert_faults: Why targets refused a test alert; None: none was sent.
        done: The action that was just completed.
    """

    refusal: Refusal | None = None
    kept: Mapping[str, str] | None = None
    alert_faults: Sequence[str] | None = None
    done: str = ""


@pages.get("/notifications")
def show_targets(
    renderer: RendererDep, context: LevelContextDep, done: DoneParam = ""
) -> HTMLResponse:
    """Show the targets of a level, or those it inherits."""
    return _show(renderer, context, FormOutcome(done=done))


@pages.post("/notifications")
def save_targets(
    form: FormDep, parts: PartsDep, renderer: RendererDep, context: LevelContextDep
) -> Response:
    """Save the targets; secrets that were not typed stay as they are."""
    tenant = context.access.tenant.id
    sent = read_targets_form(form, parts.sealer, tenant)

    def change() -> None:
        context.save(settings_from(sent, context.target()), field(form, "version"))

    refusal = try_change(context.access, change, sent.open_texts)
    if refusal is None:
        return see_other(f"{context.path}?done=saved")
    return _show(
        renderer, context, FormOutcome(refusal, sent.kept(refusal.fields, parts.sealer, tenant))
    )


@pages.post("/notifications/none")
def silence(form: FormDep, renderer: RendererDep, context: LevelContextDep) -> Response:
    """Turn notifications off, whatever the wider levels have."""
    return _set(renderer, context, "silenced", SettingsValues(notify=NONE), field(form, "version"))


@pages.post("/notifications/inherit")
def inherit(form: FormDep, renderer: RendererDep, context: LevelContextDep) -> Response:
    """Remove the level's own targets, so that it inherits again."""
    return _set(renderer, context, "removed", SettingsValues(notify=None), field(form, "version"))


@pages.post("/notifications/test-page")
def send_alert(
    _form: FormDep, parts: PartsDep, renderer: RendererDep, context: LevelContextDep
) -> HTMLResponse:
    """Send a test alert and show the result."""
    faults = refusals_of_test_alert(parts, context.access, context.subject)
    return _show(renderer, context, FormOutcome(alert_faults=faults))


def refusals_of_test_alert(parts: Parts, access: Access, subject: Subject) -> list[str]:
    """Send a test alert to the targets of a level, and return why any refused it."""
    config = parts.config
    try:
        return send_test_alert(access, subject, config.new_relic_events_url, config.fence)
    except Invalid as error:
        return [error.message]


def _set(
    renderer: PageRenderer, context: LevelContext, done: str, values: SettingsValues, version: str
) -> Response:
    refusal = try_change(context.access, lambda: context.save(values, version))
    if refusal is not None:
        return _show(renderer, context, FormOutcome(refusal))
    return see_other(f"{context.path}?done={done}")


def _narrower(app: App | None, targets: Sequence[LevelTarget]) -> list[LevelTarget]:
    """Return the targets of narrower levels: in an app, or in all apps."""
    inside = [target for target in targets if target.app is not None]
    return [target for target in inside if app is None or (target.app == app.name and target.role)]


def _show(renderer: PageRenderer, context: LevelContext, outcome: FormOutcome) -> HTMLResponse:
    subject, targets = context.subject, context.all_targets()
    chain, own = context.chain(), target_of(subject, targets)
    source = effective_settings("", chain[:-1]).sources["notify"]
    by_level = {wider.level: target_of(wider, targets) for wider in subject.wider()}
    inherited = by_level.get(source)
    return renderer.render(
        "notifications.html",
        refusal=outcome.refusal,
        app=subject.app,
        role=subject.role,
        level=subject.level,
        whose=WHOSE[subject.level],
        path=context.path,
        version=etag_of(subject.id, chain),
        own=own,
        is_silent=chain[-1].values.get("notify") == NONE,
        inherited=inherited.notify if inherited else None,
        source=source,
        narrower=[] if subject.role else _narrower(subject.app, targets),
        texts=_shown(outcome.refusal, own),
        fields=FIELDS,
        kept=outcome.kept or {},
        alert_faults=outcome.alert_faults,
        done=outcome.done,
        here="" if subject.app else "notifications",
    )


def _shown(refusal: Refusal | None, own: LevelTarget | None) -> Mapping[str, str]:
    """Return the texts of the form: submitted ones, else those of the stored target."""
    if refusal is not None and refusal.typed:
        return refusal.typed
    return form_of_target(own.notify if own else {}).open_texts


router = APIRouter()
for prefix in ("/dashboard", "/dashboard/apps/{app}", "/dashboard/apps/{app}/roles/{role}"):
    router.include_router(pages, prefix=prefix)
