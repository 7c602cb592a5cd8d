"""Feeds to New Relic: an event for every decision, and a heartbeat every minute."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from guv.settings.models import SettingsLevel
from tests.worker.notifications.test_deliveries import remove_addon
from tests.worker.world import ACCOUNT, World
from worker.notifications.feeds import send_due

MakeWorld = Callable[..., World]
COLLECTOR = "/v1/accounts"


@pytest.fixture
def fed(world: MakeWorld) -> World:
    """Make a role that is busy now and then, with a feed of everything."""
    here = world(processing_time=1.0, minimum_dynos=0, maximum_dynos=5)
    here.notify(events="all", heartbeat=True)
    return here


def minutes(here: World, count: int) -> None:
    """Pass minutes with a tick every 10 seconds and with the feeds that are due."""
    for _ in range(6 * count):
        here.tick()
        send_due(here.runtime, here.clock.now)


def events(here: World, kind: str) -> list[dict[str, Any]]:
    sent = here.sandbox.new_relic.events
    return [dict(event.attributes) for event in sent if event.attributes["eventType"] == kind]


def level(here: World) -> SettingsLevel:
    with Session(here.runtime.engine) as session:
        return session.get_one(SettingsLevel, here.role.id)


def test_each_decision_is_one_event_within_two_minutes(fed: World) -> None:
    minutes(fed, 6)
    sent = events(fed, "GuvScaled")
    kept = fed.decisions()
    due = [row for row in kept if row.at <= fed.clock.now - timedelta(minutes=2)]
    assert [event["decision"] for event in sent][: len(due)] == [str(row.id) for row in due]
    assert len({event["decision"] for event in sent}) == len(sent)
    assert fed.sandbox.new_relic.errors == []


def test_many_decisions_are_sent_in_one_request(fed: World) -> None:
    minutes(fed, 5)
    assert fed.asked("POST", COLLECTOR) <= 2 * 6  # a heartbeat and a batch each minute


def test_a_decisions_event_says_what_was_decided_and_why(fed: World) -> None:
    fed.publish(300)
    minutes(fed, 4)
    up = next(event for event in events(fed, "GuvScaled") if event["direction"] == "up")
    row = next(row for row in fed.decisions() if str(row.id) == up["decision"])
    assert (up["app"], up["role"]) == (fed.app.name, "worker")
    assert (up["desired"], up["reason"], up["outcome"]) == (row.desired, row.reason, row.outcome)
    assert up["explanation"] == row.explanation[:500]
    assert up["messagesReady"] == 300


def test_an_unknown_value_has_no_attribute_in_its_event(fed: World) -> None:
    fed.fail("/api/queues", 500)
    minutes(fed, 4)
    unknown = [event for event in events(fed, "GuvScaled") if event["reason"] == "no_data"]
    assert unknown
    assert not any("messagesReady" in event or "required" in event for event in unknown)


def test_a_feed_of_changes_gets_no_other_decision(world: MakeWorld) -> None:
    here = world(processing_time=1.0, minimum_dynos=0, maximum_dynos=5)
    here.notify(events="changes")
    here.publish(300)
    minutes(here, 5)
    sent = [event["outcome"] for event in events(here, "GuvScaled")]
    kept = [row.outcome for row in here.decisions() if row.outcome != "held"]
    assert sent
    assert sent == kept[: len(sent)]
    assert events(here, "GuvHeartbeat") == []


def test_without_a_feed_no_event_is_sent(world: MakeWorld) -> None:
    here = world()
    here.notify()
    minutes(here, 4)
    assert here.asked("POST", COLLECTOR) == 0
    assert level(here).feed_at is None


def test_a_heartbeat_a_minute_says_that_the_role_ticks(fed: World) -> None:
    minutes(fed, 5)
    beats = events(fed, "GuvHeartbeat")
    assert 4 <= len(beats) <= 6
    assert {(event["app"], event["role"]) for event in beats} == {(fed.app.name, "worker")}
    assert max(event["secondsSinceTick"] for event in beats) <= 10


def test_a_role_that_ticks_no_more_is_late_in_its_heartbeat(fed: World) -> None:
    minutes(fed, 2)
    for _ in range(10):
        fed.clock.now += timedelta(seconds=60)
        send_due(fed.runtime, fed.clock.now)
    late = [event["secondsLate"] for event in events(fed, "GuvHeartbeat")]
    assert late[0] == 0
    assert late[-1] == 10 * 60 - 10


def test_a_role_that_never_ticked_is_late_since_it_was_made(fed: World) -> None:
    fed.clock.now += timedelta(minutes=20)
    send_due(fed.runtime, fed.clock.now)
    assert [event["secondsLate"] for event in events(fed, "GuvHeartbeat")] == [20 * 60 - 10]


def test_a_role_that_ticks_seldom_is_not_late(world: MakeWorld) -> None:
    here = world(interval=3600)
    here.notify(heartbeat=True)
    here.tick()
    here.clock.now += timedelta(minutes=50)
    send_due(here.runtime, here.clock.now)
    assert [event["secondsLate"] for event in events(here, "GuvHeartbeat")] == [0]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_of_new_relic_loses_no_event(fed: World, status: int) -> None:
    minutes(fed, 2)
    fed.fail(COLLECTOR, status)
    minutes(fed, 4)
    assert level(fed).feed_failures > 1
    fed.mend()
    minutes(fed, 6)
    sent = [event["decision"] for event in events(fed, "GuvScaled")]
    kept = [str(row.id) for row in fed.decisions()]
    assert sent == kept[: len(sent)]
    assert len(sent) > 6 * 9
    assert (level(fed).feed_failures, level(fed).feed_error) == (0, None)


def test_a_wrong_license_key_is_recorded_and_tried_again_after_an_hour(fed: World) -> None:
    fed.notify(events="all", license_key="another-key-marker")
    minutes(fed, 5)
    assert fed.asked("POST", COLLECTOR) == 1
    assert "license key" in str(level(fed).feed_error)
    assert "marker" not in str(level(fed).feed_error)
    fed.notify(events="all", **ACCOUNT)
    minutes(fed, 3)
    assert events(fed, "GuvScaled")


def test_a_large_backlog_of_events_is_sent_in_parts_and_nothing_twice(fed: World) -> None:
    fed.clock.now += timedelta(hours=2)
    with fed.runtime.engine.begin() as connection:
        connection.execute(
            text(
                "insert into decision (tenant_id, app_id, role_id, at, settings_version, direction,"
                " reason, outcome, explanation, misses_at_maximum, estimates, trail, notices)"
                " select tenant_id, app_id, id, :now - make_interval(secs => 90 + number), '0.0.1',"
                " 'hold', 'steady', 'held', repeat('x', 1000), false, '{}', '[]', '[]'"
                " from role, generate_series(1, 4500) number"
            ),
            {"now": fed.clock.now},
        )
    for _ in range(4):
        fed.clock.now += timedelta(seconds=1)
        send_due(fed.runtime, fed.clock.now)
    sent = [event["decision"] for event in events(fed, "GuvScaled")]
    assert sent == [str(row.id) for row in fed.decisions()]
    sizes = [len(request.body) for request in fed.sandbox.traffic.requests("POST", COLLECTOR)]
    assert max(sizes) == 500


def test_a_hanging_new_relic_delays_no_tick(fed: World) -> None:
    fed.fail(COLLECTOR, hang=30)
    result = fed.tick()
    assert fed.asked("POST", COLLECTOR) == 0
    assert result.actuated.outcome in {"scaled", "held"}


def test_a_removed_addon_sends_no_event(fed: World) -> None:
    minutes(fed, 3)
    remove_addon(fed)
    asked = fed.asked("POST", COLLECTOR)
    fed.clock.now += timedelta(minutes=5)
    send_due(fed.runtime, fed.clock.now)
    assert fed.asked("POST", COLLECTOR) == asked
