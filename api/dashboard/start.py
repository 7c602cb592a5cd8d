"""How does a new tenant begin? Broker, queue, authorization, a look without scaling, go live."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from pydantic import SecretStr
from starlette.datastructures import FormData

from api.dashboard.deps import AccessDep, FormDep
from api.dashboard.filled import Refusal, attempt, built, seconds, whole_number
from api.dashboard.pages import Desk, DeskDep, Word, see_other
from api.dashboard.steps import read_steps
from api.deps import Access, PartsDep
from api.forms import field, fields
from api.parts import Parts
from api.paths import AppName
from api.settings import role_routes
from api.settings.app_routes import replace_broker
from api.settings.brokers import read_broker_url, try_broker
from api.settings.schemas import BrokerRequest
from api.settings.versions import Expected
from guv.errors import FieldError, Invalid
from guv.models import Broker
from guv.settings.values import SettingsValues
from guv.tenancy.apps import find_app

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


router = APIRouter(prefix="/dashboard/apps/{app}")


@router.get("/start")
def show_start(
    parts: PartsDep, desk: DeskDep, access: AccessDep, app: AppName, done: Word = "", add: Word = ""
) -> HTMLResponse:
    """The first steps, as far as they are done."""
    return show_steps(parts, desk, access, app, Said(done=done, is_adding=bool(add)))


@router.post("/broker")
def connect_broker(
    parts: PartsDep, desk: DeskDep, access: AccessDep, app: AppName, form: FormDep
) -> Response:
    """Set the broker, if it answers."""

    def change() -> None:
        replace_broker(parts, access, app, built(BrokerRequest, {"url": field(form, "url")}))

    refusal = attempt(access, change)
    if refusal is not None:
        return show_steps(parts, desk, access, app, Said(refusal))
    return see_other(f"{desk.app_path(app)}/start?done=broker")


@router.post("/roles")
def add_role(
    parts: PartsDep, desk: DeskDep, access: AccessDep, app: AppName, form: FormDep
) -> Response:
    """Make a role that decides and does not scale yet."""

    def change() -> None:
        name, values = _wanted_role(form)
        role_routes.replace_role(
            access, Response(), app, name, values, Expected(match=None, is_new=True)
        )

    refusal = attempt(access, change, fields(form))
    if refusal is not None:
        return show_steps(parts, desk, access, app, Said(refusal))
    return see_other(f"{desk.app_path(app)}/start?done=role")


@router.post("/roles/{role}/live")
def go_live(desk: DeskDep, access: AccessDep, app: AppName, role: str, _form: FormDep) -> Response:
    """Scale a role from now on."""
    values = SettingsValues(dry_run=False)
    role_routes.change_role(access, Response(), app, role, values)
    return see_other(f"{desk.app_path(app)}/start?done=live")


def _wanted_role(form: FormData) -> tuple[str, SettingsValues]:
    """The name and the settings of the role that the form asks for."""
    queues = [one for one in form.getlist("queue") if isinstance(one, str) and one]
    typed = field(form, "other_queue")
    queues += [typed] if typed and typed not in queues else []
    if not queues:
        fault = FieldError("queues", "choose at least one queue, or type its name")
        raise Invalid("Please look at what is marked.", [fault])
    process_type = field(form, "process_type")
    values = {
        "queues": queues,
        "process_type": process_type,
        "target_deadline": seconds(field(form, "target_deadline"), "target_deadline"),
        "minimum_dynos": whole_number(field(form, "minimum_dynos"), "minimum_dynos"),
        "maximum_dynos": whole_number(field(form, "maximum_dynos"), "maximum_dynos"),
        "dry_run": True,
    }
    return process_type, built(SettingsValues, values)


def show_steps(parts: Parts, desk: Desk, access: Access, app: str, said: Said) -> HTMLResponse:
    """The first steps, with what is to be said of a form that was sent."""
    found = find_app(access.session, access.tenant, app)
    steps = read_steps(access.session, access.tenant, found)
    access.session.expunge_all()
    access.session.rollback()  # no connection is held while the broker is asked
    is_choosing = said.is_adding or said.refusal is not None or not steps.roles
    queues, trouble = _queues(parts, access, steps.broker if is_choosing else None)
    return desk.show(
        "start.html",
        200 if said.refusal is None else said.refusal.status,
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
    url = read_broker_url(SecretStr(access.sealer.open(broker.url_sealed)))
    try:
        return list(try_broker(parts, url).queues), ""
    except Invalid as error:
        return [], "; ".join(one.message for one in error.fields)
