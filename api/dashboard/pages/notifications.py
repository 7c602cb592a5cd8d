"""Where do incidents go? The notification targets of each of the three levels, set and tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.dashboard.dependencies import FormDep
from api.dashboard.forms.notifications import FIELDS, read_sent, sent_of, wanted
from api.dashboard.forms.validation import Refusal, attempt
from api.dashboard.pages.notifications_level import LevelVisit, VisitDep, target_of
from api.dashboard.renderer import Desk, DeskDep, Word, see_other
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
class Said:
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
def show_targets(desk: DeskDep, visited: VisitDep, done: Word = "") -> HTMLResponse:
    """The targets that are set here, and what holds where none are."""
    return _show(desk, visited, Said(done=done))


@pages.post("/notifications")
def save_targets(form: FormDep, parts: PartsDep, desk: DeskDep, visited: VisitDep) -> Response:
    """Set the targets to what was filled in; a secret that was not typed stays as it is."""
    tenant = visited.access.tenant.id
    sent = read_sent(form, parts.sealer, tenant)

    def change() -> None:
        visited.save(wanted(sent, visited.target()), field(form, "version"))

    refusal = attempt(visited.access, change, sent.open_texts)
    if refusal is None:
        return see_other(f"{visited.path}?done=saved")
    return _show(desk, visited, Said(refusal, sent.kept(refusal.fields, parts.sealer, tenant)))


@pages.post("/notifications/none")
def silence(form: FormDep, desk: DeskDep, visited: VisitDep) -> Response:
    """Notify nobody, whatever the wider levels say."""
    return _set(desk, visited, "silenced", SettingsValues(notify=NONE), field(form, "version"))


@pages.post("/notifications/inherit")
def inherit(form: FormDep, desk: DeskDep, visited: VisitDep) -> Response:
    """Take away what is set here; what the wider levels say holds then."""
    return _set(desk, visited, "removed", SettingsValues(notify=None), field(form, "version"))


@pages.post("/notifications/test-page")
def try_page(_form: FormDep, parts: PartsDep, desk: DeskDep, visited: VisitDep) -> HTMLResponse:
    """Send an incident that opens and resolves at once, and say what became of it."""
    try:
        trial = try_targets(parts, visited.access, visited.subject)
    except Invalid as error:
        trial = Trial(ok=False, messages=[error.message])
    return _show(desk, visited, Said(trial=trial))


def _set(
    desk: Desk, visited: LevelVisit, done: str, values: SettingsValues, version: str
) -> Response:
    refusal = attempt(visited.access, lambda: visited.save(values, version))
    if refusal is not None:
        return _show(desk, visited, Said(refusal))
    return see_other(f"{visited.path}?done={done}")


def _narrower(app: App | None, targets: Sequence[Target]) -> list[Target]:
    """The targets of levels inside of an app, or of all apps."""
    inside = [one for one in targets if one.app is not None]
    return [one for one in inside if app is None or (one.app == app.name and one.role)]


def _show(desk: Desk, visited: LevelVisit, said: Said) -> HTMLResponse:
    subject, targets = visited.subject, visited.all_targets()
    chain, own = visited.chain(), target_of(subject, targets)
    source = effective_settings("", chain[:-1]).sources["notify"]
    wider = {one.level: target_of(one, targets) for one in subject.wider()}
    inherited = wider.get(source)
    return desk.show(
        "notifications.html",
        refusal=said.refusal,
        app=subject.app,
        role=subject.role,
        level=subject.level,
        whose=WHOSE[subject.level],
        path=visited.path,
        version=etag_of(subject.id, chain),
        own=own,
        is_silent=chain[-1].values.get("notify") == NONE,
        inherited=inherited.notify if inherited else None,
        source=source,
        narrower=[] if subject.role else _narrower(subject.app, targets),
        texts=_shown(said.refusal, own),
        fields=FIELDS,
        kept=said.kept or {},
        trial=said.trial,
        done=said.done,
        here="" if subject.app else "notifications",
    )


def _shown(refusal: Refusal | None, own: Target | None) -> Mapping[str, str]:
    """What stands in the form: what was typed, or else what is set."""
    if refusal is not None and refusal.typed:
        return refusal.typed
    return sent_of(own.notify if own else {}).open_texts


router = APIRouter()
for prefix in ("/dashboard", "/dashboard/apps/{app}", "/dashboard/apps/{app}/roles/{role}"):
    router.include_router(pages, prefix=prefix)
