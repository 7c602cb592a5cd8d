"""Heroku over HTTP: the Platform API and the token endpoint."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from sandbox.heroku import errors, wire
from sandbox.heroku.access import Access
from sandbox.heroku.model import AddOn, App, ProcessType, Webhook
from sandbox.heroku.platform import Heroku
from sandbox.heroku.wire import Json


class HerokuRoute(APIRoute):
    """A route whose answers, refusals too, carry the headers that all of Heroku's answers have."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Turn refusals into Heroku's error answers."""
        usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await usual(request)
            except errors.Refusal as refusal:
                response = JSONResponse(refusal.body, refusal.status)
            except RequestValidationError:
                response = JSONResponse(errors.bad_request().body, 400)
            return _with_headers(request, response)

        return handle


def _with_headers(request: Request, response: Response) -> Response:
    response.headers["Request-Id"] = str(uuid4())
    remaining = getattr(request.state, "remaining", None)
    if remaining is not None:
        response.headers["RateLimit-Remaining"] = str(remaining)
    response.headers["ETag"] = tag = wire.etag(bytes(response.body))
    if request.method == "GET" and request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return response


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what is theirs."""

    heroku: Heroku
    access: Access

    def app(self, identity: str) -> App:
        """Return the app if it is the caller's.

        Raises:
            Refusal: It is not there, or not theirs.
        """
        app = self.heroku.app(identity)
        if app.id not in self.access.app_ids:
            raise errors.no_access(app.name)
        return app

    def app_to_scale(self, identity: str) -> App:
        """Return the app if the caller may change its formation; errors as in `app`."""
        app = self.app(identity)
        if self.access.addon_id and not self.heroku.authorizations.partner_may_scale:
            raise errors.no_access(app.name)
        return app

    def app_to_change(self, identity: str) -> App:
        """Return the app if the caller may change everything of it; errors as in `app`."""
        app = self.app_to_scale(identity)
        if self.access.scope not in {"write", "write-protected", "global"}:
            raise errors.no_access(app.name)
        return app

    def addon(self, identity: str) -> AddOn:
        """Return the add-on if it is the caller's; errors as in `app`."""
        addon = self.heroku.addon(identity)
        if addon.id != self.access.addon_id:
            raise errors.no_access(addon.app.name)
        return addon


def heroku_of(request: Request) -> Heroku:
    """Return the Heroku that this server stands for."""
    heroku: Heroku = request.app.state.heroku
    return heroku


AnyHeroku = Annotated[Heroku, Depends(heroku_of)]


def _known(request: Request, heroku: AnyHeroku) -> Caller:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    with heroku.lock:
        if scheme != "Bearer":
            raise errors.bad_credentials()
        return Caller(heroku, heroku.authorizations.find(token, heroku.clock()))


def _counted(request: Request, caller: Annotated[Caller, Depends(_known)]) -> Caller:
    heroku, now = caller.heroku, caller.heroku.clock()
    with heroku.lock:
        request.state.remaining = 0
        request.state.remaining = heroku.rate_limit.take(caller.access.account, now)
    return caller


KnownCaller = Annotated[Caller, Depends(_known)]
CountedCaller = Annotated[Caller, Depends(_counted)]
EVENTS = (
    "api:addon-attachment",
    "api:addon",
    "api:app",
    "api:collaborator",
    "api:domain",
    "api:sni-endpoint",
)  # what every partner may hear of
MORE_EVENTS = ("api:build", "api:dyno", "api:formation", "api:release")  # on request
JsonBody = Annotated[Json, Body()]
router = APIRouter(route_class=HerokuRoute)


async def read_form(request: Request) -> dict[str, str]:
    """Read a form from the body, or from the query as in Heroku's own example."""
    sent = parse_qsl((await request.body()).decode(errors="replace"))
    return dict(request.query_params) | dict(sent)


@router.post("/oauth/token")
def give_tokens(heroku: AnyHeroku, form: Annotated[dict[str, str], Depends(read_form)]) -> Json:
    """Tokens for a grant code or a refresh token."""
    office, now, secret = heroku.authorizations, heroku.clock(), form.get("client_secret", "")
    consents, refresh, code = heroku.consents, form.get("refresh_token", ""), form.get("code", "")
    with heroku.lock:
        if refresh in consents.refresh:
            return wire.tokens_json(consents.renew(refresh, secret, now))
        if code in consents.codes:
            verifier = form.get("code_verifier", "")
            return wire.tokens_json(consents.exchange(code, secret, verifier, now))
        if form.get("grant_type") == "refresh_token":
            return wire.tokens_json(office.renew(form.get("refresh_token", ""), secret, now))
        return wire.tokens_json(office.exchange(form.get("code", ""), secret, now))


@router.get("/account/rate-limits")
def read_rate_limit(caller: KnownCaller) -> Json:
    """Return the calls left; asking costs none."""
    now = caller.heroku.clock()
    return {"remaining": caller.heroku.rate_limit.remaining(caller.access.account, now)}


@router.get("/apps")
def list_apps(caller: CountedCaller) -> list[Json]:
    """List the caller's apps."""
    return [wire.app_json(caller.heroku.app(str(id_))) for id_ in caller.access.app_ids]


@router.get("/apps/{identity}")
def read_app(identity: str, caller: CountedCaller) -> Json:
    """Return an app."""
    return wire.app_json(caller.app(identity))


@router.get("/apps/{identity}/formation")
def read_formation(identity: str, caller: CountedCaller) -> list[Json]:
    """List all process types of an app."""
    app = caller.app_to_scale(identity)
    with caller.heroku.lock:
        return [wire.formation_json(app, process) for process in app.types.values()]


@router.get("/apps/{identity}/formation/{type_}")
def read_process_type(identity: str, type_: str, caller: CountedCaller) -> Json:
    """Return one process type of an app."""
    app = caller.app_to_scale(identity)
    process = app.find_type(type_)
    if process is None:
        raise errors.no_process_type(type_)
    return wire.formation_json(app, process)


@router.patch("/apps/{identity}/formation")
def change_formation(identity: str, body: JsonBody, caller: CountedCaller) -> list[Json]:
    """Change process types, all or none, and return them."""
    app = caller.app_to_change(identity)
    updates = body.get("updates")
    if not isinstance(updates, list) or not all(isinstance(update, dict) for update in updates):
        raise errors.invalid("updates must be an array of objects")
    return [wire.formation_json(app, process) for process in _scale(caller, app, updates)]


@router.patch("/apps/{identity}/formation/{type_}")
def change_process_type(identity: str, type_: str, body: JsonBody, caller: CountedCaller) -> Json:
    """Change the process type and return it."""
    app = caller.app_to_change(identity)
    [process] = _scale(caller, app, [{**body, "type": type_}])
    return wire.formation_json(app, process)


@router.get("/apps/{identity}/dynos")
def list_dynos(identity: str, caller: CountedCaller) -> list[Json]:
    """List all dynos of an app."""
    app, now = caller.app_to_scale(identity), caller.heroku.clock()
    with caller.heroku.lock:
        dynos = [(process, dyno) for process in app.types.values() for dyno in process.dynos]
    return [wire.dyno_json(app, process, dyno, now) for process, dyno in dynos]


@router.get("/apps/{identity}/releases")
def list_releases(identity: str, request: Request, caller: CountedCaller) -> list[Json]:
    """List the app's releases; `Range: version ..; order=desc,max=N` asks for the N newest."""
    app, wanted = caller.app_to_scale(identity), request.headers.get("Range", "")
    with caller.heroku.lock:
        releases = [wire.release_json(app, release) for release in app.releases]
    ordered = releases[::-1] if "order=desc" in wanted else releases
    most = re.search(r"max=(\d+)", wanted)
    return ordered[: int(most.group(1))] if most else ordered


@router.get("/addons/{identity}")
def read_addon(identity: str, caller: CountedCaller) -> Json:
    """Return one add-on resource."""
    return wire.addon_json(caller.addon(identity))


@router.get("/addons/{identity}/config")
def read_config(identity: str, caller: CountedCaller) -> list[Json]:
    """Return the add-on's own variables."""
    return wire.config_json(caller.addon(identity))


@router.patch("/addons/{identity}/config")
def change_config(identity: str, body: JsonBody, caller: CountedCaller) -> list[Json]:
    """Change the add-on's own variables and return them."""
    addon = caller.addon(identity)
    try:
        values = {str(variable["name"]): str(variable["value"]) for variable in body["config"]}
    except (KeyError, TypeError):
        raise errors.invalid("config must be an array of name and value") from None
    caller.heroku.set_config(addon, values)
    return wire.config_json(addon)


@router.post("/addons/{identity}/actions/provision")
def finish_provisioning(identity: str, caller: CountedCaller) -> Json:
    """Put the resource into use and return it."""
    addon = caller.addon(identity)
    caller.heroku.finish_provisioning(addon)
    return wire.addon_json(addon)


@router.post("/addons/{identity}/actions/deprovision")
def give_up(identity: str, caller: CountedCaller) -> Json:
    """Remove the resource and return it."""
    addon = caller.addon(identity)
    caller.heroku.remove_addon(addon)
    return wire.addon_json(addon)


@router.get("/addons/{identity}/webhooks")
def list_webhooks(identity: str, caller: CountedCaller) -> list[Json]:
    """List the partner's subscriptions to the resource's events."""
    return [wire.webhook_json(webhook) for webhook in caller.addon(identity).webhooks]


@router.post("/addons/{identity}/webhooks", status_code=201)
def add_webhook(identity: str, body: JsonBody, caller: CountedCaller) -> Json:
    """Add a subscription to the resource's events."""
    addon = caller.addon(identity)
    include = tuple(body.get("include") or ())
    more = MORE_EVENTS if caller.heroku.authorizations.partner_may_hear else ()
    if not include or not set(include) <= {*EVENTS, *more} or not body.get("url"):
        raise errors.invalid("include names events that you have no access to, or url is missing")
    secret = str(body.get("secret") or token_urlsafe(24))
    webhook = Webhook(uuid4(), str(body["url"]), include, secret, caller.heroku.clock())
    with caller.heroku.lock:
        addon.webhooks.append(webhook)
    return wire.webhook_json(webhook)


@router.delete("/addons/{identity}/webhooks/{webhook}")
def remove_webhook(identity: str, webhook: UUID, caller: CountedCaller) -> Json:
    """Remove the subscription and return it."""
    addon = caller.addon(identity)
    with caller.heroku.lock:
        for subscription in addon.webhooks:
            if subscription.id == webhook:
                addon.webhooks.remove(subscription)
                return wire.webhook_json(subscription)
    raise errors.missing("webhook")


def _scale(caller: Caller, app: App, updates: list[Json]) -> list[ProcessType]:
    return caller.heroku.scale(app, updates, caller.heroku.who(caller.access))
