"""What a customer asks of Heroku, as its command line does: add-ons, config vars, consent."""

from html import escape
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from guv.clock import unix_seconds
from sandbox.heroku import errors, sso, wire
from sandbox.heroku.consent import OAuthClient
from sandbox.heroku.customer import Customer, Partner, PartnerRefused
from sandbox.heroku.model import AddOn, AddOnState, App
from sandbox.heroku.platform import CUSTOMER
from sandbox.heroku.routes import AnyHeroku, CountedCaller, HerokuRoute, JsonBody, read_form
from sandbox.heroku.wire import Json

SERVICE = "guv"
router = APIRouter(route_class=HerokuRoute)


class Question(BaseModel):
    """What somebody asks a customer's consent for; the customer is who their browser is."""

    client_id: str
    scope: str
    state: str = ""
    code_challenge: str = ""
    email: str = CUSTOMER


def _customer(request: Request, heroku: AnyHeroku) -> Customer:
    partner: Partner | None = request.app.state.partner
    if partner is None:
        raise errors.missing("add-on service")
    return Customer(heroku, partner)


AnyCustomer = Annotated[Customer, Depends(_customer)]


@router.get("/account")
def read_account(caller: CountedCaller) -> Json:
    """Return the caller's account."""
    email = caller.access.account
    return {"id": str(sso.user_id(email)), "email": email, "name": email}


@router.get("/apps/{identity}/config-vars")
def read_config_vars(identity: str, caller: CountedCaller) -> dict[str, str]:
    """Return the variables that the app's dynos see."""
    return caller.app(identity).config_vars


@router.post("/apps/{identity}/addons", status_code=201)
def create_addon(
    identity: str, body: JsonBody, caller: CountedCaller, customer: AnyCustomer
) -> Json:
    """Create a resource and return it as its partner answered for it."""
    app, plan = caller.app(identity), _plan(body)
    try:
        addon = customer.create_addon(app, plan, body.get("config") or {})
    except PartnerRefused as refused:
        raise errors.invalid(refused.message) from None
    return wire.addon_json(addon)


@router.get("/apps/{identity}/addons")
def list_addons(identity: str, caller: CountedCaller) -> list[Json]:
    """List the app's resources."""
    return [wire.addon_json(addon) for addon in _addons(caller, caller.app(identity))]


@router.get("/apps/{identity}/addons/{addon}")
def read_addon(identity: str, addon: str, caller: CountedCaller) -> Json:
    """Return one of the app's resources."""
    return wire.addon_json(_find(caller, caller.app(identity), addon))


@router.patch("/apps/{identity}/addons/{addon}")
def change_plan(
    identity: str, addon: str, body: JsonBody, caller: CountedCaller, customer: AnyCustomer
) -> Json:
    """Move the resource to another plan if its partner agrees."""
    resource = _find(caller, caller.app(identity), addon)
    try:
        customer.change_plan(resource, _plan(body))
    except PartnerRefused as refused:
        raise errors.invalid(refused.message) from None
    return wire.addon_json(resource)


@router.delete("/apps/{identity}/addons/{addon}")
def destroy_addon(identity: str, addon: str, caller: CountedCaller, customer: AnyCustomer) -> Json:
    """Remove the resource and return it."""
    resource = _find(caller, caller.app(identity), addon)
    customer.destroy_addon(resource)
    return wire.addon_json(resource)


@router.get("/apps/{identity}/addons/{addon}/sso")
def sign_on(identity: str, addon: str, request: Request, caller: CountedCaller) -> Json:
    """Return the form that takes the customer to the partner's pages."""
    found, partner = _find(caller, caller.app(identity), addon), request.app.state.partner
    now = int(unix_seconds(caller.heroku.clock()))
    form = sso.sso_form(found, partner.sso_salt, caller.access.account, now)
    return {"method": "post", "action": partner.sso_url, "params": form}


@router.post("/actions/addons/resolve")
def resolve_addon(body: JsonBody, caller: CountedCaller) -> list[Json]:
    """List the resources of that name."""
    return [wire.addon_json(_find(caller, _app_of(caller, body), str(body.get("addon"))))]


@router.post("/actions/addon-attachments/resolve")
def resolve_attachment(body: JsonBody, caller: CountedCaller) -> list[Json]:
    """List the attachments of that name."""
    resource = _find(caller, _app_of(caller, body), str(body.get("addon_attachment")))
    return [_attachment(resource)]


@router.get("/addon-attachments")
def list_attachments(caller: CountedCaller) -> list[Json]:
    """List all of the customer's attachments."""
    apps = [caller.heroku.app(str(id_)) for id_ in caller.access.app_ids]
    return [_attachment(addon) for app in apps for addon in _addons(caller, app)]


@router.get("/addons/{addon}/addon-attachments")
def list_attachments_of(addon: str, caller: CountedCaller) -> list[Json]:
    """List the resource's attachments."""
    return [_attachment(caller.heroku.addon(addon))]


@router.get("/oauth/authorize")
def ask(client_id: str, scope: str, heroku: AnyHeroku) -> HTMLResponse:
    """Heroku's question to a person; the answer is sent to the same address."""
    client = _client(heroku, client_id)
    return HTMLResponse(
        "<!doctype html><html lang='en'><title>Sandbox Heroku</title><h1>Authorize access</h1>"
        f"<p>{escape(client.id)} wants the scope {escape(scope)}.</p><form method='post'>"
        "<button name='answer' value='yes'>Allow</button>"
        "<button name='answer' value='no'>Deny</button></form></html>"
    )


@router.post("/oauth/authorize")
def agree(
    question: Annotated[Question, Query()],
    form: Annotated[dict[str, str], Depends(read_form)],
    heroku: AnyHeroku,
) -> RedirectResponse:
    """Back to whoever asks, with a code for all apps of that customer, or without."""
    client, back = _client(heroku, question.client_id), {"state": question.state}
    if form.get("answer") != "yes":
        denied = {**back, "error": "access_denied"}
        return RedirectResponse(f"{client.redirect_uri}?{urlencode(denied)}", 302)
    with heroku.lock:
        code = heroku.consents.agree(
            question.email,
            question.scope,
            frozenset(heroku.apps),
            question.code_challenge,
            heroku.clock(),
        )
    return RedirectResponse(f"{client.redirect_uri}?{urlencode({**back, 'code': code})}", 302)


def _client(heroku: AnyHeroku, id_: str) -> OAuthClient:
    client = heroku.consents.clients.get(id_)
    if client is None:
        raise errors.missing("OAuth client")
    return client


def _plan(body: Json) -> str:
    """Return the plan's slug without the service's."""
    plan: Any = body.get("plan")
    name = str(plan.get("name") if isinstance(plan, dict) else plan)
    service, _, slug = name.partition(":")
    if service != SERVICE:
        raise errors.missing("add-on service")
    return slug or "test"


def _addons(caller: CountedCaller, app: App) -> list[AddOn]:
    with caller.heroku.lock:
        addons = list(caller.heroku.addons.values())
    return [
        addon
        for addon in addons
        if addon.app is app and addon.state is not AddOnState.DEPROVISIONED
    ]


def _find(caller: CountedCaller, app: App, name: str) -> AddOn:
    for addon in _addons(caller, app):
        if name.lower() in {str(addon.id), addon.name, SERVICE}:
            return addon
    raise errors.missing("add-on")


def _app_of(caller: CountedCaller, body: Json) -> App:
    """Return the app that the body names, or the only one that the customer has."""
    named = body.get("app") or next(iter(caller.access.app_ids))
    return caller.app(str(named))


def _attachment(addon: AddOn) -> Json:
    addon_json = wire.addon_json(addon)
    return {
        "id": str(uuid5(NAMESPACE_URL, f"attachment {addon.id}")),
        "name": SERVICE.upper(),
        "namespace": None,
        "addon": addon_json,
        "app": addon_json["app"],
        "web_url": addon_json["web_url"],
    }
