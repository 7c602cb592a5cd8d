"""Heroku's webhook events from provisioning to removal, really delivered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from api.app import create_app
from guv.apps.models import App
from guv.clock import utc_now
from guv.config import Config
from guv.roles.models import Role, TickSchedule
from guv.tenants import pending_provisioning
from guv.tenants.models import Subscription, Tenant
from sandbox.heroku.customer import Customer, Partner
from sandbox.heroku.model import AddOn
from sandbox.heroku.platform import Heroku
from sandbox.heroku.webhooks import app_event, deliver
from sandbox.heroku.wire import webhook_json
from sandbox.server import Outside, Sandbox, running
from sandbox.services.process import free_port
from sandbox.traffic import Fault
from tests.api.serving import serving
from tests.sandbox.heroku.schema import validate_answer, validate_request
from tests.worker.world import wait_until
from worker.maintenance.provisioning import finish
from worker.maintenance.tasks import CHORES
from worker.process.runtime import Runtime, build_runtime

LATER = timedelta(minutes=1)
WEBHOOKS = "/addons/.*/webhooks"


@dataclass(frozen=True, slots=True)
class Here:
    """An add-on whose provisioning the worker has not finished yet."""

    sandbox: Sandbox
    customer: Customer
    addon: AddOn
    runtime: Runtime

    def finish(self, later: timedelta = LATER) -> bool:
        return finish(self.runtime, self.addon.id, utc_now() + later)

    def is_known(self) -> bool:
        with Session(self.runtime.engine) as session:
            return session.exec(select(App)).first() is not None

    @property
    def heroku(self) -> Heroku:
        return self.sandbox.heroku

    def delivered_app(self) -> App:
        """Wait for all deliveries and read the app from the database."""
        self.heroku.post.wait()
        with Session(self.runtime.engine) as session:
            return session.exec(select(App)).one()

    def subscription(self) -> Subscription:
        with Session(self.runtime.engine) as session:
            return session.exec(select(Subscription)).one()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run the sandbox on the real clock, since real web processes take part."""
    with running(Outside(heroku=Heroku(client_secret="oauth-secret-marker"))) as sandbox:
        yield sandbox


@pytest.fixture
def here(outside_config: Config, sandbox: Sandbox) -> Iterator[Here]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = outside_config.model_copy(update={"guv_public_url": url})
    runtime = build_runtime(config)
    with serving(create_app(config), port):
        partner = Partner(f"{url}/heroku/resources", "guv", "addon-password-marker")
        customer = sandbox.customer(partner)
        app = sandbox.heroku.new_app("shop", {"worker": 1})
        addon = customer.create_addon(app, "basic", {"queues": "orders"})
        made = Here(sandbox, customer, addon, runtime)
        wait_until(made.is_known)  # a slow machine is answered 202, and then it goes on
        yield made
        sandbox.heroku.post.wait()
    runtime.close()


def test_a_provisioned_resource_is_subscribed_to_with_a_secret_of_its_own(here: Here) -> None:
    assert here.finish()
    [webhook] = here.addon.webhooks
    row = here.subscription()
    assert (webhook.include, row.events) == (("api:app", "api:addon"), ["api:app", "api:addon"])
    assert webhook.id == row.heroku_id
    assert here.runtime.sealer.open(row.secret_sealed) == webhook.secret
    assert len(webhook.secret) >= 43


def test_events_that_only_some_partners_may_hear_are_subscribed_to_when_granted(here: Here) -> None:
    here.heroku.authorizations.partner_may_hear = True
    here.finish()
    assert "api:formation" in here.subscription().events


@pytest.mark.parametrize("path", [f"{WEBHOOKS}$"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_failed_subscription_is_made_later(here: Here, method: str, path: str) -> None:
    here.sandbox.traffic.add_fault(Fault(path, method=method, status=503, calls=1))
    assert not here.finish()
    assert here.finish(2 * LATER)
    assert len(here.addon.webhooks) == 1


def test_a_subscription_whose_answer_was_lost_is_not_made_twice(here: Here) -> None:
    here.finish()
    with Session(here.runtime.engine) as session:
        session.exec(select(Subscription)).one().heroku_id = None
        session.commit()
    here.customer.ask("POST", "", here.customer.provision_body(here.addon, {}))
    tenant, token = here_tenant(here), next(iter(here.heroku.authorizations.access))
    here.runtime.subscriber().subscribe(tenant, token, utc_now())
    assert [webhook.id for webhook in here.addon.webhooks] == [here.subscription().heroku_id]


def here_tenant(here: Here) -> Tenant:
    with Session(here.runtime.engine) as session:
        return session.exec(select(Tenant)).one()


def test_a_refused_subscription_does_not_stop_the_provisioning(here: Here) -> None:
    refused = {"id": "forbidden", "message": "You do not have access to webhooks."}
    here.sandbox.traffic.add_fault(Fault(WEBHOOKS, status=403, body=refused))
    assert here.finish()
    assert here.subscription().heroku_id is None


def test_a_refused_subscription_is_asked_for_again_a_day_later(here: Here) -> None:
    refused = {"id": "forbidden", "message": "You do not have access to webhooks."}
    here.sandbox.traffic.add_fault(Fault(WEBHOOKS, status=403, body=refused))
    here.finish()
    here.sandbox.traffic.clear_faults()
    work, engine = CHORES["subscriptions"].work, here.runtime.engine
    work(engine, utc_now())
    work(engine, utc_now())
    here.finish(timedelta(hours=2))
    assert here.subscription().heroku_id == here.addon.webhooks[0].id
    assert pending_provisioning.remember_unsubscribed(engine, utc_now()) == 0


def test_an_apps_name_and_maintenance_follow_events_at_once(here: Here) -> None:
    here.finish()
    here.heroku.change_app(here.addon.app, name="boutique", maintenance=True)
    assert (here.delivered_app().name, here.delivered_app().maintenance) == ("boutique", True)


def test_repeated_and_late_events_end_in_the_current_state(here: Here) -> None:
    here.finish()
    here.heroku.post.repeats = 3
    [webhook] = here.addon.webhooks
    now = utc_now()
    here.addon.app.name = "before"
    old = app_event(here.addon, "update", now - timedelta(seconds=5))
    here.heroku.change_app(here.addon.app, name="boutique")
    here.delivered_app()
    assert deliver(webhook, old) == 204
    assert here.delivered_app().name == "boutique"


def test_a_deleted_app_ends_its_ticks(here: Here) -> None:
    here.finish()
    here.heroku.remove_app(here.addon.app)
    here.delivered_app()
    with Session(here.runtime.engine) as session:
        assert [row.enabled for row in session.exec(select(TickSchedule))] == [False]


def test_dynos_changed_by_hand_make_their_role_due(here: Here) -> None:
    here.heroku.authorizations.partner_may_hear = True
    here.finish()
    later = utc_now() + timedelta(hours=1)
    with Session(here.runtime.engine) as session:
        session.exec(select(TickSchedule)).one().due_at = later
        session.exec(select(Role)).one().dynos_left = 1
        session.commit()
    here.heroku.scale(here.addon.app, [{"type": "worker", "quantity": 3}])
    here.delivered_app()
    with Session(here.runtime.engine) as session:
        assert session.exec(select(TickSchedule)).one().due_at < later


def test_removing_the_add_on_ends_its_subscription(here: Here) -> None:
    here.finish()
    here.customer.ask("DELETE", f"/{here.addon.id}", accepted=(204,))
    asked = here.sandbox.traffic
    wait_until(lambda: len(asked.requests("DELETE", WEBHOOKS)) == 1)
    with Session(here.runtime.engine) as session:
        assert session.exec(select(Subscription)).all() == []


def test_every_call_from_provisioning_to_removal_is_in_herokus_schema(here: Here) -> None:
    here.finish()
    here.customer.ask("DELETE", f"/{here.addon.id}", accepted=(204,))
    traffic = here.sandbox.traffic
    wait_until(lambda: len(traffic.requests("DELETE", WEBHOOKS)) == 1)
    asked = [request for request in traffic.requests() if not request.path.startswith("/oauth/")]
    for request in asked:
        validate_request(request.method, request.path, request.body)
    calls = {(request.method, request.path.rpartition("/")[2]) for request in asked}
    assert {("GET", "webhooks"), ("POST", "webhooks"), ("PATCH", "formation")} <= calls


def test_the_stand_ins_subscriptions_are_in_herokus_schema(here: Here) -> None:
    here.finish()
    body = webhook_json(here.addon.webhooks[0])
    validate_answer("POST", f"/addons/{here.addon.id}/webhooks", body)
    assert body["id"] == str(here.subscription().heroku_id)
