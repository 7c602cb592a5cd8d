"""The monthly cap on dyno-hours through the whole loop, days at a time."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.worker.world import World

MakeWorld = Callable[..., World]


@pytest.fixture
def capped(world: MakeWorld) -> World:
    """Make an overloaded role with a cap of ten dyno-hours a month."""
    here = world(
        processing_time=10.0,
        target_deadline=60.0,
        maximum_dynos=4,
        monthly_dyno_hours=10,
        alert_after=60,
    )
    here.publish(500)
    here.consumers(4)
    return here


def minutes(here: World, count: int) -> None:
    """Pass minutes with a tick in each, in which each dyno finishes six messages."""
    for _ in range(count):
        here.work(6 * here.dynos())
        here.publish(6 * here.dynos())
        here.tick(after=60)


def rest(here: World, count: int) -> None:
    """Pass minutes with a tick in each, in which no message is finished."""
    for _ in range(count):
        here.tick(after=60)


def notices(here: World) -> list[str]:
    return [text for row in here.decisions() for text in row.notices if "dyno-hours" in text]


def test_below_the_cap_the_role_gets_the_dynos_it_needs(capped: World) -> None:
    minutes(capped, 100)
    assert capped.dynos() == 4
    assert notices(capped) == []


def test_from_four_fifths_on_each_decision_says_when_the_cap_is_reached(capped: World) -> None:
    minutes(capped, 130)  # 8.6 dyno-hours
    assert capped.dynos() == 4
    assert "at the pace of the last week the cap is reached on 2026-11-25" in notices(capped)[-1]


def test_at_the_cap_the_minimum_runs_with_that_reason(capped: World) -> None:
    minutes(capped, 160)
    assert capped.dynos() == 1
    last = capped.decisions()[-1]
    assert last.reason == "spend_cap"
    assert "minimum_dynos are kept until 2026-12-01" in last.notices[-1]


def test_a_deadline_missed_because_of_the_cap_sends_an_alert(capped: World) -> None:
    minutes(capped, 160)
    (incident,) = [incident for incident in capped.incidents() if incident.resolved_at is None]
    assert incident.cause == "deadline_missed"
    assert "the spend cap of 10 dyno-hours a month is reached" in incident.text


def test_running_jobs_are_not_stopped_for_the_cap(world: MakeWorld) -> None:
    here = world(
        processing_time=600.0, target_deadline=700.0, maximum_dynos=4, monthly_dyno_hours=1
    )
    here.publish(40)
    rest(here, 10)
    consumers = [here.sandbox.broker.consume(here.access.vhost, "worker") for _ in range(4)]
    taken = [consumer.take(0) for consumer in consumers]
    rest(here, 20)
    assert here.dynos() == 4
    for consumer, message in zip(consumers, taken, strict=True):
        assert message is not None
        consumer.ack(message)
        consumer.close()
    rest(here, 3)
    assert here.dynos() == 1


def test_the_next_month_begins_with_no_dyno_hours_used(capped: World) -> None:
    minutes(capped, 160)
    capped.clock.now = capped.clock.now.replace(month=12, day=1, hour=0, minute=0)
    capped.tick()
    minutes(capped, 3)
    assert capped.dynos() == 4


def test_another_roles_dyno_hours_do_not_count_toward_the_cap(capped: World) -> None:
    other = capped.add_role("web", queues=["worker"], maximum_dynos=1, monthly_dyno_hours=10)
    minutes(capped, 160)
    result = capped.tick(other, after=60)
    assert result.context.spend is not None
    assert result.context.spend.used < 1
    assert result.now - capped.decisions()[0].at > timedelta(hours=2)


def test_a_cap_of_none_at_the_role_takes_the_apps_away(world: MakeWorld) -> None:
    here = world(monthly_dyno_hours="none")
    assert here.tick().context.spend is None
