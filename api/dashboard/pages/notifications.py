"""Where do incidents go? The notification targets of each of the three levels, set and tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

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
from api.v1.brokers import Trial
from api.v1.notifications import Target, try_targets
from guv.apps.models import App
from guv.errors import Invalid
from guv.settings.field_models import NONE
from guv.settings.levels import etag_of
from guv.settings.resolve import effective_settings
from guv.settings.schema import SettingsValues

pages = APIRouter()
WHOSE = {"global": "all apps", "app": "all roles of this app", "role": "this role"}


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """What the page says of the request itself.

    Attributes:
        refusal: Why a form was not accepted; None: none was sent, or it was.
        kept: Secrets that were typed, sealed, by their field.
        trial: What became of a test page.
        done: What was done just now.
    """

    refusal: Refusal | None = None
    kept: Mapping[str, str] | None = None
    trial: Trial | None = None
    done: str = ""


@pages.get("/notifications")
def show_targets(
    renderer: RendererDep, context: LevelContextDep, done: DoneParam = ""
) -> HTMLResponse:
    """The targets that are set here, and what holds where none are."""
    return _show(renderer, context, FormOutcome(done=done))


@pages.post("/notifications")
def save_targets(
    form: FormDep, parts: PartsDep, renderer: RendererDep, context: LevelContextDep
) -> Response:
    """Set the targets to what was filled in; a secret that was not typed stays as it is."""
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
    """Notify nobody, whatever the wider levels say."""
    return _set(renderer, context, "silenced", SettingsValues(notify=NONE), field(form, "version"))


@pages.post("/notifications/inherit")
def inherit(form: FormDep, renderer: RendererDep, context: LevelContextDep) -> Response:
    """Take away what is set here; what the wider levels say holds then."""
    return _set(renderer, context, "removed", SettingsValues(notify=None), field(form, "version"))


@pages.post("/notifications/test-page")
def try_page(
    _form: FormDep, parts: PartsDep, renderer: RendererDep, context: LevelContextDep
) -> HTMLResponse:
    """Send an incident that opens and resolves at once, and say what became of it."""
    try:
        trial = try_targets(parts, context.access, context.subject)
    except Invalid as error:
        trial = Trial(ok=False, messages=[error.message])
    return _show(renderer, context, FormOutcome(trial=trial))


def _set(
    renderer: PageRenderer, context: LevelContext, done: str, values: SettingsValues, version: str
) -> Response:
    refusal = try_change(context.access, lambda: context.save(values, version))
    if refusal is not None:
        return _show(renderer, context, FormOutcome(refusal))
    return see_other(f"{context.path}?done={done}")


def _narrower(app: App | None, targets: Sequence[Target]) -> list[Target]:
    """The targets of levels inside of an app, or of all apps."""
    inside = [one for one in targets if one.app is not None]
    return [one for one in inside if app is None or (one.app == app.name and one.role)]


def _show(renderer: PageRenderer, context: LevelContext, outcome: FormOutcome) -> HTMLResponse:
    subject, targets = context.subject, context.all_targets()
    chain, own = context.chain(), target_of(subject, targets)
    source = effective_settings("", chain[:-1]).sources["notify"]
    wider = {one.level: target_of(one, targets) for one in subject.wider()}
    inherited = wider.get(source)
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
        trial=outcome.trial,
        done=outcome.done,
        here="" if subject.app else "notifications",
    )


def _shown(refusal: Refusal | None, own: Target | None) -> Mapping[str, str]:
    """What stands in the form: what was typed, or else what is set."""
    if refusal is not None and refusal.typed:
        return refusal.typed
    return form_of_target(own.notify if own else {}).open_texts


router = APIRouter()
for prefix in ("/dashboard", "/dashboard/apps/{app}", "/dashboard/apps/{app}/roles/{role}"):
    router.include_router(pages, prefix=prefix)
