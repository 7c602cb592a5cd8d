"""Routes below /sandbox: what a person or a test tells the stand-ins to do, and what they saw."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from sandbox.heroku import errors, wire
from sandbox.heroku.customer import Customer, Partner, PartnerRefused, describe
from sandbox.heroku.model import App
from sandbox.heroku.routes import AnyHeroku
from sandbox.newrelic import NewRelic, new_relic_of
from sandbox.traffic import CONTROL, Fault, Traffic

Json = dict[str, Any]


class Order(BaseModel):
    """What a control route takes; unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


class NewApp(Order):
    """An app to make."""

    name: str
    formation: dict[str, int]
    boot_delay: float = Field(0.0, ge=0)
    size: str = "Standard-1X"


class AppChange(Order):
    """What to change of an app; what is left out stays."""

    name: str | None = None
    limit: int | None = None
    locked: bool | None = None
    maintenance: bool | None = None
    boot_delay: float | None = None


class FormationOrder(Order):
    """Quantities that somebody else sets, by process type."""

    quantities: dict[str, int]
    by: str = "someone@example.com"


class ReleaseOrder(Order):
    """A release that somebody makes."""

    description: str = "Deploy fa8b262f"
    by: str = "someone@example.com"


class AddOnOrder(Order):
    """An add-on to create."""

    app: str
    plan: str = "test"
    options: dict[str, str] = {}


class PlanOrder(Order):
    """A plan to change to."""

    plan: str


class PartnerOrder(Order):
    """Where guv is."""

    base_url: str
    id: str
    password: str
    sso_salt: str = ""


class TokenRules(Order):
    """How tokens behave from now on; what is left out stays."""

    lifetime: float | None = None
    partner_may_scale: bool | None = None


class FaultOrder(Order):
    """A fault to answer with."""

    path: str = "/"
    method: str | None = None
    status: int | None = None
    body: Any = None
    hang: float = 0.0
    calls: int | None = None


class Calls(Order):
    """How many calls an account has left."""

    remaining: int
    account: str = "guv@addons.heroku.com"


class LicenseKey(Order):
    """The key of a New Relic account."""

    license_key: str


def _traffic_of(request: Request) -> Traffic:
    traffic: Traffic = request.app.state.traffic
    return traffic


def _customer_of(request: Request, heroku: AnyHeroku) -> Customer:
    partner: Partner | None = request.app.state.partner
    if partner is None:
        raise errors.invalid("PUT /sandbox/partner must say where guv is first")
    return Customer(heroku, partner)


AnyTraffic = Annotated[Traffic, Depends(_traffic_of)]
AnyNewRelic = Annotated[NewRelic, Depends(new_relic_of)]
AnyCustomer = Annotated[Customer, Depends(_customer_of)]
router = APIRouter(prefix=CONTROL)


@router.get("/requests")
def read_requests(
    traffic: AnyTraffic, method: str | None = None, path: str = "/"
) -> Sequence[Json]:
    """List the requests that the stand-ins received, oldest first."""
    return [asdict(request) for request in traffic.requests(method, path)]


@router.delete("/requests", status_code=204)
def forget_requests(traffic: AnyTraffic) -> None:
    """Clear the record of requests."""
    traffic.forget()


@router.post("/faults", status_code=204)
def add_fault(order: FaultOrder, traffic: AnyTraffic) -> None:
    """Put a fault in force."""
    traffic.add_fault(Fault(**order.model_dump()))


@router.delete("/faults", status_code=204)
def clear_faults(traffic: AnyTraffic) -> None:
    """End all faults."""
    traffic.clear_faults()


@router.post("/apps", status_code=201)
def make_app(order: NewApp, heroku: AnyHeroku) -> Json:
    """Create an app and deploy it."""
    app = heroku.new_app(order.name, order.formation, boot_delay=order.boot_delay, size=order.size)
    return wire.app_json(app)


@router.patch("/apps/{identity}")
def change_app(identity: str, change: AppChange, heroku: AnyHeroku) -> Json:
    """Rename, limit, lock or slow down the app."""
    app = heroku.app(identity)
    values = change.model_dump(exclude_unset=True)
    if "boot_delay" in values:
        values["boot_delay"] = timedelta(seconds=values["boot_delay"])
    heroku.change_app(app, **values)
    return wire.app_json(app)


@router.delete("/apps/{identity}", status_code=204)
def remove_app(identity: str, heroku: AnyHeroku) -> None:
    """Delete the app."""
    heroku.remove_app(heroku.app(identity))


@router.get("/apps/{identity}/config-vars")
def read_config_vars(identity: str, heroku: AnyHeroku) -> dict[str, str]:
    """Return the variables that the app's dynos see."""
    return heroku.app(identity).config_vars


@router.post("/apps/{identity}/formation")
def scale_by_hand(identity: str, order: FormationOrder, heroku: AnyHeroku) -> list[Json]:
    """Scale the app as somebody else would."""
    app = heroku.app(identity)
    updates = [{"type": name, "quantity": count} for name, count in order.quantities.items()]
    return [wire.formation_json(app, process) for process in heroku.scale(app, updates, order.by)]


@router.post("/apps/{identity}/releases", status_code=201)
def release_by_hand(identity: str, order: ReleaseOrder, heroku: AnyHeroku) -> Json:
    """Release the app as somebody else would."""
    app = heroku.app(identity)
    return wire.release_json(app, heroku.release(app, order.description, order.by))


@router.get("/formation-changes")
def read_changes(heroku: AnyHeroku) -> list[Json]:
    """Every change of a quantity, by whom and when."""
    with heroku.lock:
        return [asdict(change) for change in heroku.changes]


@router.put("/partner", status_code=204)
def set_partner(order: PartnerOrder, request: Request) -> None:
    """Says where guv is."""
    request.app.state.partner = Partner(**order.model_dump())


@router.post("/addons", status_code=201)
def create_addon(order: AddOnOrder, heroku: AnyHeroku, customer: AnyCustomer) -> Json:
    """Create an add-on and return it as guv answered for it."""
    app: App = heroku.app(order.app)
    return describe(customer.create_addon(app, order.plan, order.options))


@router.get("/addons/{identity}")
def read_addon(identity: str, heroku: AnyHeroku) -> Json:
    """Return a resource with its variables."""
    return describe(heroku.addon(identity))


@router.put("/addons/{identity}")
def change_plan(identity: str, order: PlanOrder, heroku: AnyHeroku, customer: AnyCustomer) -> Json:
    """Move the resource to another plan."""
    addon = heroku.addon(identity)
    customer.change_plan(addon, order.plan)
    return describe(addon)


@router.delete("/addons/{identity}", status_code=204)
def destroy_addon(identity: str, heroku: AnyHeroku, customer: AnyCustomer) -> None:
    """Destroys the resource."""
    customer.destroy_addon(heroku.addon(identity))


@router.post("/tokens/{app}", status_code=201)
def make_user_token(app: str, heroku: AnyHeroku) -> dict[str, str]:
    """Create a token as a customer would paste it."""
    with heroku.lock:
        token = heroku.authorizations.user_token(heroku.app(app), "customer@example.com")
    return {"token": token}


@router.patch("/tokens", status_code=204)
def change_token_rules(rules: TokenRules, heroku: AnyHeroku) -> None:
    """Change how tokens behave."""
    with heroku.lock:
        for name, value in rules.model_dump(exclude_none=True).items():
            setattr(heroku.authorizations, name, value)


@router.delete("/tokens", status_code=204)
def revoke_tokens(heroku: AnyHeroku, addon: UUID | None = None, *, refresh: bool = True) -> None:
    """Revokes the tokens of one resource, or of all; `refresh=false` spares refresh tokens."""
    with heroku.lock:
        heroku.authorizations.revoke(addon, refresh=refresh)


@router.put("/rate-limit", status_code=204)
def set_calls(calls: Calls, heroku: AnyHeroku) -> None:
    """Set the calls that an account has left."""
    with heroku.lock:
        heroku.rate_limit.set(calls.account, calls.remaining, heroku.clock())


@router.put("/accounts/{account}", status_code=204)
def set_license_key(account: str, order: LicenseKey, new_relic: AnyNewRelic) -> None:
    """Create a New Relic account, or change its key."""
    with new_relic.lock:
        new_relic.accounts[account] = order.license_key


@router.get("/events")
def read_events(new_relic: AnyNewRelic) -> dict[str, list[Json]]:
    """Return the events that New Relic stored, and those it dropped."""
    with new_relic.lock:
        return {
            "events": [asdict(event) for event in new_relic.events],
            "errors": [asdict(error) for error in new_relic.errors],
        }


@router.get("/incidents")
def read_incidents(new_relic: AnyNewRelic) -> list[Json]:
    """List all incidents, open and closed."""
    with new_relic.lock:
        return [asdict(incident) for incident in new_relic.incidents]


def answer_refusal(_: Request, error: Exception) -> JSONResponse:
    """Answer a control route that Heroku's rules or guv refused."""
    if isinstance(error, PartnerRefused):
        body = {"id": "partner_refused", "message": str(error), "status": error.status}
        return JSONResponse(body, 502)
    if isinstance(error, errors.Refusal):
        return JSONResponse(error.body, error.status)
    raise error
