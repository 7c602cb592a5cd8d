"""Notifications: each target gets an incident's beginning and its end once."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session

from guv.incidents import queries as incidents
from guv.roles import queries as roles
from guv.settings.models import SettingsLevel
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant
from tests.worker.world import SECRET, World
from worker.notifications.deliveries import deliver_due

MakeWorld = Callable[..., World]
COLLECTOR, HOOKS = "/v1/accounts", "/hooks"


@pytest.fixture
def late(world: MakeWorld) -> World:
    """Make a role whose maximum cannot meet the deadline, with a webhook."""
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=2, alert_after=0)
    here.notify_webhook()
    here.overload()
    return here


def kinds(here: World) -> list[str]:
    """Return the types of events that the webhook took."""
    return [str(delivery.body["type"]) for delivery in here.sandbox.hooks.taken]


def states(here: World) -> list[str]:
    """Return the states of events that New Relic took."""
    return [str(event.attributes["state"]) for event in here.sandbox.new_relic.events]


def delivery(here: World, kind: str = "webhook") -> dict[str, Any]:
    delivery: dict[str, Any] = here.incidents()[0].deliveries[kind]
    return delivery


def remove_role(here: World) -> None:
    with Session(here.runtime.engine) as session:
        role = session.get_one(type(here.role), here.role.id)
        roles.remove_role(session, role, here.clock.now)
        incidents.end_incidents(session, role, here.clock.now)
        session.commit()


def remove_addon(here: World) -> None:
    with Session(here.runtime.engine) as session:
        tenant = session.get_one(Tenant, here.tenant.id)
        tenants.end_tenant(session, tenant, here.clock.now)
        session.commit()


def stored_target(here: World) -> bytes | None:
    with Session(here.runtime.engine) as session:
        return session.get_one(SettingsLevel, here.role.id).notify_sealed


def test_a_webhook_gets_the_beginning_and_the_end_of_an_incident(late: World) -> None:
    late.ticks(300)
    assert kinds(late) == ["incident.opened"]
    late.drain()
    late.ticks(320)
    assert kinds(late) == ["incident.opened", "incident.resolved"]
    assert late.sandbox.hooks.refused == 0


def test_a_webhook_gets_what_is_needed_to_act(late: World) -> None:
    late.tick()
    (taken,) = late.sandbox.hooks.taken
    (incident,) = late.incidents()
    assert taken.id == f"{incident.id}.opened"
    data = taken.body["data"]
    assert (data["incident"], data["role"]) == (str(incident.id), "worker")
    assert (data["app"], data["app_id"]) == (late.app.name, str(late.app.heroku_id))
    assert data["cause"] == "deadline_missed"
    assert "maximum_dynos 2" in data["text"]


def test_a_failing_target_delays_no_other_target(late: World) -> None:
    late.sandbox.new_relic.accounts["9"] = "license-key-of-nine"
    hook = {"url": f"{late.sandbox.url}/hooks/{late.shop.name}", "secret": SECRET}
    late.notify_targets(webhook=hook, new_relic={"account_id": 9, "license_key": "wrong-key-here"})
    late.ticks(60)
    assert (kinds(late), states(late)) == (["incident.opened"], [])
    assert "license key" in delivery(late, "new_relic")["error"]
    assert late.asked("POST", COLLECTOR) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_temporary_refusal_is_sent_again_with_the_same_id(late: World, status: int) -> None:
    late.fail(HOOKS, status, calls=3)
    late.ticks(60)
    sent = late.sandbox.traffic.requests("POST", HOOKS)
    assert kinds(late) == ["incident.opened"]
    assert [request.status for request in sent] == [status] * 3 + [204]
    assert len({request.headers["webhook-id"] for request in sent}) == 1
    assert "error" not in delivery(late)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410])
def test_a_lasting_refusal_is_recorded_and_not_tried_for_ever(late: World, status: int) -> None:
    late.fail(HOOKS, status)
    late.ticks(120)
    assert late.asked("POST", HOOKS) == 1
    assert late.incidents()[0].notify_error == f"the webhook answers {status}"
    assert delivery(late)["refused"] is True


def test_retries_of_a_delivery_back_off_and_end_after_a_day(late: World) -> None:
    late.fail(HOOKS, 503)
    late.ticks(600)
    assert 8 <= late.asked("POST", HOOKS) <= 12
    late.tick(after=86400)
    late.tick()
    asked = late.asked("POST", HOOKS)
    late.ticks(600)
    assert late.asked("POST", HOOKS) == asked
    assert "given up after a day" in str(late.incidents()[0].notify_error)


def test_a_hanging_receiver_delays_no_tick(late: World) -> None:
    late.fail(HOOKS, hang=30)
    late.tick()
    assert late.decisions()[-1].outcome in {"scaled", "held"}
    assert "does not answer" in delivery(late)["error"]


def test_a_new_target_gets_what_the_old_target_refused(late: World) -> None:
    late.fail(HOOKS, 404, calls=1)
    late.ticks(30)
    before = kinds(late)
    late.notify_webhook(url=f"{late.sandbox.url}/hooks/{late.shop.name}?new")
    late.tick()
    assert (before, kinds(late)) == ([], ["incident.opened"])


def test_a_changed_target_gets_no_notification_twice(late: World) -> None:
    late.tick()
    late.notify_webhook(url=f"{late.sandbox.url}/hooks/{late.shop.name}?new")
    late.ticks(30)
    assert kinds(late) == ["incident.opened"]


def test_two_workers_deliver_a_notification_once(late: World) -> None:
    late.fail(HOOKS, 503, calls=1)
    late.tick()
    late.mend()
    late.clock.now = late.clock.now.replace(minute=30)
    list(late.runtime.threads.map(lambda _: deliver_due(late.runtime, late.clock.now), range(8)))
    assert kinds(late) == ["incident.opened"]


def test_an_alert_of_a_removed_role_is_resolved_where_it_was_opened(late: World) -> None:
    late.tick()
    remove_role(late)
    deliver_due(late.runtime, late.clock.now)
    assert kinds(late) == ["incident.opened", "incident.resolved"]


def test_an_alert_of_a_removed_addon_is_resolved_before_its_target_is_forgotten(
    late: World,
) -> None:
    late.tick()
    late.fail(HOOKS, 503, calls=1)
    remove_addon(late)
    deliver_due(late.runtime, late.clock.now)
    assert stored_target(late) is not None
    late.clock.now = late.clock.now.replace(minute=30)
    deliver_due(late.runtime, late.clock.now)
    assert kinds(late) == ["incident.opened", "incident.resolved"]
    assert stored_target(late) is None


def test_a_removed_addon_without_an_alert_leaves_no_target(world: MakeWorld) -> None:
    here = world()
    here.notify_webhook()
    here.ticks(30)
    remove_addon(here)
    assert stored_target(here) is None
    assert kinds(here) == []


def test_an_alert_at_new_relic_of_a_removed_role_is_resolved_too(late: World) -> None:
    late.notify()
    late.tick()
    remove_role(late)
    deliver_due(late.runtime, late.clock.now)
    assert states(late) == ["trigger", "resolve"]
    assert late.sandbox.new_relic.open_incidents() == []
    assert late.sandbox.new_relic.errors == []


def test_no_row_and_no_log_line_shows_the_webhooks_secret(
    late: World, capsys: pytest.CaptureFixture[str]
) -> None:
    late.fail(HOOKS, 401)
    late.ticks(30)
    kept = repr([str(row) for row in (*late.incidents(), *late.decisions())])
    assert SECRET not in kept + capsys.readouterr().out
