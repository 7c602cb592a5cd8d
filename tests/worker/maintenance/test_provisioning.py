"""Late provisionings: the worker finishes them, however often Heroku fails."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlmodel import Session, select

from api.app import create_app
from guv.apps.models import App
from guv.clock import utc_now
from guv.config import Config
from guv.tenants import pending_provisioning
from guv.tenants.models import PendingProvisioning, Tenant
from sandbox.heroku.customer import Customer, Partner
from sandbox.heroku.model import AddOn, AddOnState
from sandbox.heroku.platform import Heroku
from sandbox.server import Outside, Sandbox, running
from sandbox.traffic import Fault
from tests.api.serving import serving
from worker.maintenance.provisioning import finish
from worker.process.runtime import Runtime

LATER = timedelta(minutes=1)
TOO_LATE = timedelta(hours=13)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run the sandbox on the real clock, since real web processes take part."""
    with running(Outside(heroku=Heroku(client_secret="oauth-secret-marker"))) as sandbox:
        yield sandbox


@pytest.fixture
def customer(outside_config: Config, sandbox: Sandbox) -> Iterator[Customer]:
    with serving(create_app(outside_config)) as url:
        partner = Partner(f"{url}/heroku/resources", "guv", "addon-password-marker")
        yield sandbox.customer(partner)


def a_late_addon(sandbox: Sandbox, customer: Customer, path: str = "/oauth/token") -> AddOn:
    """Provision an add-on that guv accepts with 202, since Heroku fails once."""
    sandbox.traffic.add_fault(Fault(path, status=503, calls=1))
    app = sandbox.heroku.new_app("shop", {"worker": 1})
    return customer.create_addon(app, "basic")


def test_a_late_provisioning_sets_the_config_and_finishes_the_add_on(
    sandbox: Sandbox, customer: Customer, runtime: Runtime
) -> None:
    addon = a_late_addon(sandbox, customer)
    before = addon.state
    assert finish(runtime, addon.id, utc_now() + LATER)
    assert (before, addon.state) == (AddOnState.PROVISIONING, AddOnState.PROVISIONED)
    url = httpx.URL(addon.app.config_vars["GUV_URL"])
    assert url.password.startswith("guv_")


def test_a_late_provisioning_sets_the_key_of_a_repeated_delivery(
    sandbox: Sandbox, customer: Customer, runtime: Runtime
) -> None:
    addon = a_late_addon(sandbox, customer)
    finish(runtime, addon.id, utc_now() + LATER)
    again = customer.ask("POST", "", customer.provision_body(addon, {}))
    assert again.json()["config"] == addon.config


@pytest.mark.parametrize(
    "path", ["/oauth/token", "/addons/[^/]*$", "/addons/.*/config", "/addons/.*/actions"]
)
def test_every_failed_call_of_a_late_provisioning_is_tried_again(
    sandbox: Sandbox, customer: Customer, runtime: Runtime, path: str
) -> None:
    addon = a_late_addon(sandbox, customer)
    sandbox.traffic.add_fault(Fault(path, status=503, calls=1))
    now = utc_now() + LATER
    assert not finish(runtime, addon.id, now)
    assert finish(runtime, addon.id, now + LATER)
    assert addon.state is AddOnState.PROVISIONED


def test_a_resource_in_use_gets_no_second_config(
    sandbox: Sandbox, customer: Customer, runtime: Runtime
) -> None:
    addon = a_late_addon(sandbox, customer)
    customer.ask("POST", "", customer.provision_body(addon, {}))
    sandbox.heroku.finish_provisioning(addon)
    assert finish(runtime, addon.id, utc_now() + LATER)
    assert sandbox.traffic.requests("PATCH", "/addons") == []


def test_a_partner_without_the_right_to_scale_is_noticed_at_once(
    sandbox: Sandbox, customer: Customer, runtime: Runtime, session: Session
) -> None:
    sandbox.heroku.authorizations.partner_may_scale = False
    addon = a_late_addon(sandbox, customer)
    finish(runtime, addon.id, utc_now() + LATER)
    app = session.exec(select(App)).one()
    assert app.authorization_state == "needs_authorization"
    assert "do not have access" in app.authorization_note


def test_a_partners_right_to_scale_is_recorded(
    sandbox: Sandbox, customer: Customer, runtime: Runtime, session: Session
) -> None:
    addon = a_late_addon(sandbox, customer)
    finish(runtime, addon.id, utc_now() + LATER)
    assert session.exec(select(App)).one().authorization_state == "authorized"


def test_after_twelve_hours_guv_gives_up_as_heroku_does(
    sandbox: Sandbox, customer: Customer, runtime: Runtime, session: Session
) -> None:
    addon = a_late_addon(sandbox, customer, path="/addons/")
    finish(runtime, addon.id, utc_now() + TOO_LATE)
    assert session.exec(select(Tenant)).one().state == "deprovisioned"
    assert session.exec(select(PendingProvisioning)).all() == []


def test_a_provisioning_is_taken_by_one_worker_at_a_time(
    sandbox: Sandbox, customer: Customer, session: Session
) -> None:
    addon = a_late_addon(sandbox, customer)
    now = utc_now() + LATER
    taken = [pending_provisioning.QUEUE.take(session.connection(), now, 10) for _ in range(2)]
    assert taken == [[addon.id], []]
    assert pending_provisioning.QUEUE.take(session.connection(), now + LATER, 10) == [addon.id]
    session.rollback()
