"""Setup of an app: broker, role, authorization, dry run and the start of scaling.

A consent at Heroku leads back to the page that it began on, in the same session only: nobody can be
made to finish what somebody else began.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from api.auth.login_sessions import token_of
from api.container import Parts
from api.dashboard.dependencies import AccessDep, FormDep
from api.dashboard.forms.validation import (
    Refusal,
    field_error,
    seconds,
    try_change,
    validated,
    whole_number,
)
from api.dashboard.onboarding import read_steps
from api.dashboard.renderer import DoneParam, PageRenderer, RendererDep, html_page, see_other
from api.dependencies import NowDep, PartsDep, field, fields
from api.paths import AppName, RoleName, app_path
from api.v1.schemas.settings import BrokerRequest, TokenRequest
from guv.apps.authorization import SignedInPerson
from guv.apps.broker import list_queues, read_broker_url, set_broker
from guv.apps.models import Broker
from guv.apps.queries import find_app, find_detached_app
from guv.errors import Conflict, Invalid
from guv.roles.update import replace_role
from guv.settings.field_types import STORABLE, role_name
from guv.settings.levels import Access
from guv.settings.schema import SettingsValues
from guv.settings.update import change_settings

MOST_NAMED_QUEUES = 200  # offered in the form; others are typed


@dataclass(frozen=True, slots=True)
class SetupMessage:
    """The result of the request, shown on the page.

    Attributes:
        refusal: Why a form was refused; None: it was not.
        done: The action that was just completed.
        is_adding: Whether the form of another role is open.
    """

    refusal: Refusal | None = None
    done: str = ""
    is_adding: bool = False


@dataclass(frozen=True, slots=True)
class SetupContext:
    """The app that is set up, and what its forms need.

    Attributes:
        parts: Clients of Heroku and of brokers.
        renderer: Renders the page.
        access: The tenant's settings, in a transaction.
        app: The app's name, from the path.
    """

    parts: Parts
    renderer: PageRenderer
    access: Access
    app: str


async def _setup_context(
    parts: PartsDep, renderer: RendererDep, access: AccessDep, app: AppName
) -> SetupContext:
    return SetupContext(parts, renderer, access, app)


SetupContextDep = Annotated[SetupContext, Depends(_setup_context)]
router = APIRouter(prefix="/dashboard/apps/{app}")


@router.get("/start")
def show_start(context: SetupContextDep, done: DoneParam = "", add: DoneParam = "") -> HTMLResponse:
    """Show the steps of the setup."""
    return _show(context, SetupMessage(done=done, is_adding=bool(add)))


@router.post("/broker")
def connect_broker(context: SetupContextDep, form: FormDep) -> Response:
    """Set the broker, if it passes the test."""

    def change() -> None:
        wanted = validated(BrokerRequest, {"url": field(form, "url")})
        url = wanted.url.get_secret_value()
        set_broker(context.access, context.parts.connect_broker, context.app, url)

    return take_step(context, "broker", change)


@router.post("/roles")
def add_role(context: SetupContextDep, form: FormDep) -> Response:
    """Create a role in dry-run mode."""

    def change() -> None:
        name, values = _wanted_role(form)
        replace_role(context.access, context.app, name, values, only_new=True)

    return take_step(context, "role", change, fields(form))


@router.post("/roles/{role}/live")
def go_live(access: AccessDep, app: AppName, role: RoleName, _form: FormDep) -> Response:
    """Start scaling a role."""
    values = SettingsValues(dry_run=False)
    change_settings(access, app, role, values, merge=True)
    return see_other(f"{app_path(app)}/start?done=live")


def take_step(
    context: SetupContext,
    done: str,
    change: Callable[[], object],
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Make a change, then redirect to the setup, or show it with the refusal.

    Args:
        context: The setup.
        done: The completed action, for the URL.
        change: Makes the change.
        typed: The submitted texts, without secrets.
    """
    refusal = try_change(context.access, change, typed)
    if refusal is not None:
        return _show(context, SetupMessage(refusal))
    return see_other(f"{app_path(context.app)}/start?done={done}")


def _wanted_role(form: FormData) -> tuple[str, SettingsValues]:
    """Read the name and the settings of the new role."""
    queues = [name for name in form.getlist("queue") if isinstance(name, str) and name]
    typed = field(form, "other_queue")
    queues += [typed] if typed and typed not in queues else []
    if not queues:
        raise field_error("queues", "requires at least one queue: choose one or enter its name")
    process_type = field(form, "process_type")
    try:
        role_name(process_type)
    except ValueError as error:
        raise field_error("process_type", str(error)) from None
    values = {
        "queues": queues,
        "process_type": process_type,
        "target_deadline": seconds(field(form, "target_deadline"), "target_deadline"),
        "minimum_dynos": whole_number(field(form, "minimum_dynos"), "minimum_dynos"),
        "maximum_dynos": whole_number(field(form, "maximum_dynos"), "maximum_dynos"),
        "dry_run": True,
    }
    return process_type, validated(SettingsValues, values)


def _show(context: SetupContext, message: SetupMessage) -> HTMLResponse:
    """Render the steps of the setup with a message."""
    parts, access = context.parts, context.access
    named = find_app(access.session, access.tenant, context.app)
    steps = read_steps(access.session, access.tenant, named)
    access.session.expunge_all()
    access.session.rollback()  # no connection is held while the broker is asked
    is_choosing = message.is_adding or message.refusal is not None or not steps.roles
    queues, trouble = _queues(parts, access, steps.broker if is_choosing else None)
    return context.renderer.render(
        "start.html",
        app=named,
        steps=steps,
        queues=queues[:MOST_NAMED_QUEUES],
        queue_count=len(queues),
        queue_trouble=trouble,
        refusal=message.refusal,
        done=message.done,
        is_adding=message.is_adding,
        can_connect=parts.heroku.asks_users,
    )


def _queues(parts: Parts, access: Access, broker: Broker | None) -> tuple[Sequence[str], str]:
    """List the broker's queues by name, or return the reason for the failure."""
    if broker is None:
        return [], ""
    url = read_broker_url(access.sealer.open(broker.url_sealed))
    try:
        return list(list_queues(parts.connect_broker, url).types), ""
    except Invalid as error:
        return [], "; ".join(fault.message for fault in error.fields)


@router.post("/authorization/connect")
def connect(parts: PartsDep, access: AccessDep, app: AppName, _form: FormDep) -> RedirectResponse:
    """Redirect to Heroku for consent; Heroku redirects back to the setup."""
    if not parts.heroku.asks_users:
        raise Conflict(
            "guv has no OAuth client here, so it cannot connect with Heroku. Paste a token instead."
        )
    named = find_app(access.session, access.tenant, app)
    back_to = f"{app_path(named.name)}/start?done=authorized#step-3"
    request = parts.authorizer().send(access.tenant, named, access.edit.by, access.edit.at, back_to)
    return see_other(request.url)


@router.post("/authorization/token")
def paste_token(context: SetupContextDep, form: FormDep) -> Response:
    """Scale the app with a token, if it passes the test."""

    def change() -> None:
        wanted = validated(TokenRequest, {"token": field(form, "token")})
        access, token = context.access, wanted.token.get_secret_value()
        named = find_detached_app(access.session, access.tenant, context.app)
        context.parts.authorizer().paste(
            access.tenant, named, token, access.edit.by, access.edit.at
        )

    return take_step(context, "authorized#step-3", change)


@router.post("/authorization/forget")
def forget(parts: PartsDep, access: AccessDep, app: AppName, _form: FormDep) -> RedirectResponse:
    """Remove a consent or token; the add-on's own tokens are used instead."""
    named = find_detached_app(access.session, access.tenant, app)
    parts.authorizer().take_back(access.tenant, named, access.edit.at)
    return see_other(f"{app_path(app)}/start?done=forgotten#step-3")


CALLBACK = "/heroku/oauth/callback"
Given = Annotated[str, Query(max_length=500, pattern=STORABLE)]
consent_router = APIRouter()


@consent_router.get(CALLBACK)
def receive_consent(
    request: Request, parts: PartsDep, now: NowDep, state: Given = "", code: Given | None = None
) -> Response:
    """Exchange a consent for tokens, and scale the app with them if they pass the test."""
    token = token_of(request.cookies, parts.config.guv_public_url)
    login = parts.login_sessions.find(token, now) if token else None
    person = SignedInPerson(login.tenant_id, login.person) if login else None
    arrival = parts.authorizer().receive(state, code or None, now, person)
    if arrival.trouble is None and arrival.back_to:
        return see_other(arrival.back_to)
    status = 200 if arrival.trouble is None else 422
    return html_page("consent.html", {"arrival": arrival}, parts.config, status)
