"""How does a new tenant begin? Broker, queue, authorization, a look without scaling, go live."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from api.container import Parts
from api.dashboard.dependencies import AccessDep, FormDep
from api.dashboard.forms.validation import Refusal, attempt, built, marked, seconds, whole_number
from api.dashboard.onboarding import read_steps
from api.dashboard.renderer import Desk, DeskDep, Word, see_other
from api.dependencies import PartsDep, field, fields
from api.paths import AppName, RoleName, app_path
from api.v1.schemas.settings import BrokerRequest
from guv.apps.broker import list_queues, read_broker_url, set_broker
from guv.apps.models import Broker
from guv.apps.queries import find_app
from guv.errors import Invalid
from guv.roles.update import replace_role
from guv.settings.field_types import role_name
from guv.settings.levels import Access
from guv.settings.schema import SettingsValues
from guv.settings.update import change_settings

MOST_NAMED_QUEUES = 200


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says of the request itself.

    Attributes:
        refusal: Why a form was not accepted; None: none was sent, or it was.
        done: What was done just now.
        is_adding: Whether one more role is wanted.
    """

    refusal: Refusal | None = None
    done: str = ""
    is_adding: bool = False


@dataclass(frozen=True, slots=True)
class StartVisit:
    """Whose first steps are taken, with what they are taken with.

    Attributes:
        parts: Reach Heroku and the broker.
        desk: Shows the steps.
        access: The transaction.
        app: The app's name, as it stands in the path.
    """

    parts: Parts
    desk: Desk
    access: Access
    app: str


async def _start_visit(
    parts: PartsDep, desk: DeskDep, access: AccessDep, app: AppName
) -> StartVisit:
    return StartVisit(parts, desk, access, app)


StartDep = Annotated[StartVisit, Depends(_start_visit)]
router = APIRouter(prefix="/dashboard/apps/{app}")


@router.get("/start")
def show_start(visited: StartDep, done: Word = "", add: Word = "") -> HTMLResponse:
    """The first steps, as far as they are done."""
    return _show(visited, Said(done=done, is_adding=bool(add)))


@router.post("/broker")
def connect_broker(visited: StartDep, form: FormDep) -> Response:
    """Set the broker, if it answers."""

    def change() -> None:
        wanted = built(BrokerRequest, {"url": field(form, "url")})
        url = wanted.url.get_secret_value()
        set_broker(visited.access, visited.parts.connect_broker, visited.app, url)

    return take_step(visited, "broker", change)


@router.post("/roles")
def add_role(visited: StartDep, form: FormDep) -> Response:
    """Make a role that decides and does not scale yet."""

    def change() -> None:
        name, values = _wanted_role(form)
        replace_role(visited.access, visited.app, name, values, only_new=True)

    return take_step(visited, "role", change, fields(form))


@router.post("/roles/{role}/live")
def go_live(access: AccessDep, app: AppName, role: RoleName, _form: FormDep) -> Response:
    """Scale a role from now on."""
    values = SettingsValues(dry_run=False)
    change_settings(access, app, role, values, merge=True)
    return see_other(f"{app_path(app)}/start?done=live")


def take_step(
    visited: StartVisit,
    done: str,
    change: Callable[[], object],
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Back to the first steps after the change, or the steps with what is wrong.

    Args:
        visited: Whose steps.
        done: What was done, as the page's address says it.
        change: Makes the change.
        typed: What was filled in, without secrets.
    """
    refusal = attempt(visited.access, change, typed)
    if refusal is not None:
        return _show(visited, Said(refusal))
    return see_other(f"{app_path(visited.app)}/start?done={done}")


def _wanted_role(form: FormData) -> tuple[str, SettingsValues]:
    """The name and the settings of the role that the form asks for."""
    queues = [one for one in form.getlist("queue") if isinstance(one, str) and one]
    typed = field(form, "other_queue")
    queues += [typed] if typed and typed not in queues else []
    if not queues:
        raise marked("queues", "requires at least one queue: choose one or enter its name")
    process_type = field(form, "process_type")
    try:
        role_name(process_type)
    except ValueError as error:
        raise marked("process_type", str(error)) from None
    values = {
        "queues": queues,
        "process_type": process_type,
        "target_deadline": seconds(field(form, "target_deadline"), "target_deadline"),
        "minimum_dynos": whole_number(field(form, "minimum_dynos"), "minimum_dynos"),
        "maximum_dynos": whole_number(field(form, "maximum_dynos"), "maximum_dynos"),
        "dry_run": True,
    }
    return process_type, built(SettingsValues, values)


def _show(visited: StartVisit, said: Said) -> HTMLResponse:
    """The first steps, with what is to be said of a form that was sent."""
    parts, access = visited.parts, visited.access
    found = find_app(access.session, access.tenant, visited.app)
    steps = read_steps(access.session, access.tenant, found)
    access.session.expunge_all()
    access.session.rollback()  # no connection is held while the broker is asked
    is_choosing = said.is_adding or said.refusal is not None or not steps.roles
    queues, trouble = _queues(parts, access, steps.broker if is_choosing else None)
    return visited.desk.show(
        "start.html",
        app=found,
        steps=steps,
        queues=queues[:MOST_NAMED_QUEUES],
        queue_count=len(queues),
        queue_trouble=trouble,
        refusal=said.refusal,
        done=said.done,
        is_adding=said.is_adding,
        can_connect=parts.heroku.asks_users,
    )


def _queues(parts: Parts, access: Access, broker: Broker | None) -> tuple[Sequence[str], str]:
    """The queues that guv can see now, by name; and why it sees none."""
    if broker is None:
        return [], ""
    url = read_broker_url(access.sealer.open(broker.url_sealed))
    try:
        return list(list_queues(parts.connect_broker, url).types), ""
    except Invalid as error:
        return [], "; ".join(one.message for one in error.fields)
