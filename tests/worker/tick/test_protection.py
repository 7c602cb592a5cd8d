"""Protections against scaling down and against frequent changes, through the whole loop."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.api.rows import a_decision
from tests.worker.world import World

MakeWorld = Callable[..., World]
QUEUES = "/api/queues"


def hold_messages(here: World, count: int) -> list[Any]:
    """Start consumers that each hold a message until `finish`."""
    here.publish(count)
    consumers = [here.sandbox.broker.consume(here.access.vhost, "worker") for _ in range(count)]
    return [(consumer, consumer.take(0)) for consumer in consumers]


def finish(held: list[Any]) -> None:
    for consumer, message in held:
        consumer.ack(message)
        consumer.close()


def reasons(here: World) -> list[str]:
    return [row.reason for row in here.decisions()]


@pytest.fixture
def long_jobs(world: MakeWorld) -> World:
    """Make a role whose jobs outlast a dyno's time to stop."""
    return world(
        formation={"web": 1, "worker": 6},
        processing_time=900.0,
        target_deadline=3600.0,
        maximum_dynos=6,
        busy_protection="always",
        busy_protection_limit=600,
    )


def test_scaling_down_waits_for_running_jobs_and_shows_the_cost(long_jobs: World) -> None:
    held = hold_messages(long_jobs, 1)
    long_jobs.ticks(300)
    last = long_jobs.decisions()[-1]
    assert (long_jobs.dynos(), last.reason) == (6, "busy")
    assert "1 running message could be cut; 5 dynos are kept for it" in last.explanation
    assert "dyno-hours" in last.explanation
    finish(held)
    long_jobs.ticks(60)
    assert long_jobs.dynos() == 1


def test_the_protection_of_running_jobs_ends_after_its_limit(long_jobs: World) -> None:
    hold_messages(long_jobs, 1)
    long_jobs.ticks(590)
    before = long_jobs.dynos()
    long_jobs.ticks(60)
    assert (before, long_jobs.dynos()) == (6, 1)


def test_without_protection_scaling_down_does_not_wait(world: MakeWorld) -> None:
    here = world(
        formation={"web": 1, "worker": 6},
        processing_time=900.0,
        target_deadline=3600.0,
        maximum_dynos=6,
        busy_protection="never",
    )
    hold_messages(here, 1)
    here.ticks(60)
    assert here.dynos() == 1


def test_a_change_budget_is_spent_and_comes_back_after_an_hour(world: MakeWorld) -> None:
    here = world(
        policy="ratio",
        policy_parameters={"messages_per_dyno": 10},
        maximum_dynos=20,
        change_budget=2,
    )
    for waiting in (20, 20, 20):
        here.publish(waiting)
        here.ticks(20)
    assert (here.dynos(), reasons(here)[-1]) == (4, "change_budget")
    here.tick(after=3500)
    here.tick(after=60)
    assert here.dynos() == 6


def test_a_deadline_is_worth_more_than_the_change_budget(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=50, change_budget=1)
    here.consumers(50)
    for _ in range(3):
        here.publish(40)
        here.ticks(30)
    ups = [row for row in here.decisions() if row.outcome == "scaled"]
    assert len(ups) > 1


def test_without_data_the_dynos_stay_however_long(world: MakeWorld) -> None:
    here = world(formation={"web": 1, "worker": 4}, minimum_dynos=0, maximum_dynos=9)
    here.fail(QUEUES, 500)
    here.ticks(600)
    assert here.dynos() == 4
    assert set(reasons(here)) == {"no_data"}


@pytest.mark.parametrize(("runs", "asked", "then"), [(0, 3, 3), (1, 3, 3), (5, 3, 5)])
def test_the_no_data_count_runs_after_its_delay_and_never_fewer(
    world: MakeWorld, runs: int, asked: int, then: int
) -> None:
    here = world(
        formation={"web": 1, "worker": runs},
        minimum_dynos=0,
        maximum_dynos=9,
        no_data={"after": 300, "dynos": asked},
        busy_protection="always",
        pause={"direction": "down"},
    )
    here.tick()
    here.fail(QUEUES, 500)
    here.ticks(280)
    before = here.dynos()
    here.ticks(60)
    assert (before, here.dynos()) == (runs, then)


def test_a_count_without_data_stays_within_the_maximum(world: MakeWorld) -> None:
    here = world(maximum_dynos=2, no_data={"after": 60, "dynos": 9})
    here.tick()
    here.fail(QUEUES, 500)
    here.ticks(120)
    assert here.dynos() == 2


def test_data_that_come_back_scale_at_once(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=20)
    here.fail(QUEUES, 500)
    here.ticks(300)
    here.publish(200)
    here.mend()
    here.ticks(80)  # the broker was left alone for a while
    assert here.dynos() == 20


def test_a_single_zero_among_good_samples_takes_no_dyno_away(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=20)
    here.publish(300)
    here.ticks(60)
    before = here.dynos()
    zero = {
        "name": "worker", "messages": 0, "messages_ready": 0, "messages_unacknowledged": 0,
        "consumers": before, "message_stats": {"publish": 300, "ack": 0, "redeliver": 0},
    }  # fmt: skip
    here.fail(QUEUES, 200, body=zero, calls=1)
    here.tick()
    assert (before, here.dynos()) == (20, 20)
    here.tick()
    assert here.dynos() == 20


def test_a_broker_that_starts_again_with_its_counters_takes_no_dyno_away(world: MakeWorld) -> None:
    here = world(processing_time=10.0, target_deadline=60.0, maximum_dynos=20)
    here.publish(300)
    here.ticks(60)
    again = {
        "name": "worker", "messages": 290, "messages_ready": 280, "messages_unacknowledged": 10,
        "consumers": 20, "message_stats": {},
    }  # fmt: skip
    here.fail(QUEUES, 200, body=again)
    here.ticks(60)
    assert here.dynos() == 20
    assert {row.direction for row in here.decisions()[-6:]} == {"hold"}


def past(here: World, hours: float, **sample: Any) -> None:
    """Store samples of past hours in which the role ticked every 10 seconds and held."""
    given = {"ready": 0, "unacked": 1, "dynos": 6, **sample}
    values = {**given, "role": here.role.id, "now": here.clock.now, "ticks": int(hours * 360)}
    with here.runtime.engine.begin() as connection:
        connection.execute(
            text(
                "insert into sample (role_id, at, kept, messages_ready, messages_unacknowledged,"
                " published, served, consumers, dynos)"
                " select :role, :now - make_interval(secs => 10 * number), false, :ready, :unacked,"
                " 1, 0, 1, :dynos from generate_series(1, :ticks) number"
            ),
            values,
        )


def changed(here: World, minutes: float) -> None:
    """Store a change that guv made so many minutes ago."""
    at = here.clock.now - timedelta(minutes=minutes)
    with Session(here.runtime.engine) as session:
        row = a_decision(session, here.role, direction="up", outcome="scaled")
        row.at = at
        session.add(row)
        session.commit()


@pytest.mark.parametrize(("hours", "dynos"), [(2.5, 6), (3.5, 1)])
def test_a_limit_of_hours_ends_the_protection_of_running_jobs_after_those_hours(
    world: MakeWorld, hours: float, dynos: int
) -> None:
    here = world(
        formation={"web": 1, "worker": 6},
        processing_time=900.0,
        target_deadline=3600.0,
        maximum_dynos=6,
        busy_protection="always",
        busy_protection_limit=3 * 3600,
    )
    past(here, hours)
    hold_messages(here, 1)
    here.tick()
    assert here.dynos() == dynos


@pytest.mark.parametrize(("minutes", "dynos"), [(170, 6), (190, 1)])
def test_a_cooldown_of_hours_lasts_for_hours(world: MakeWorld, minutes: float, dynos: int) -> None:
    here = world(
        formation={"web": 1, "worker": 6},
        processing_time=1.0,
        maximum_dynos=6,
        cooldown_down=3 * 3600,
    )
    past(here, 2.0, unacked=0)
    changed(here, minutes)
    here.tick()
    assert here.dynos() == dynos


@pytest.mark.parametrize(("hours", "dynos"), [(2.5, 1), (3.5, 4)])
def test_a_no_data_delay_of_hours_lasts_for_hours(
    world: MakeWorld, hours: float, dynos: int
) -> None:
    here = world(maximum_dynos=9, no_data={"after": 3 * 3600, "dynos": 4})
    past(here, hours, ready=None, unacked=None, dynos=1)
    here.clock.now -= timedelta(hours=hours)
    past(here, 0.5, unacked=0, dynos=1)
    here.clock.now += timedelta(hours=hours)
    here.fail(QUEUES, 500)
    here.tick()
    assert here.dynos() == dynos


def test_a_change_budget_is_that_of_a_whole_hour_however_short_the_interval(
    world: MakeWorld,
) -> None:
    here = world(
        formation={"web": 1, "worker": 6}, processing_time=1.0, maximum_dynos=6, change_budget=1,
        interval=5,
    )  # fmt: skip
    past(here, 2.0, unacked=0)
    with here.runtime.engine.begin() as connection:  # what was read every five seconds
        connection.execute(
            text(
                "insert into sample (role_id, at, kept, messages_ready, messages_unacknowledged,"
                " published, served, consumers, dynos)"
                " select role_id, at - interval '5 s', false, messages_ready,"
                " messages_unacknowledged, published, served, consumers, dynos from sample"
            )
        )
    changed(here, 50)
    here.tick()
    assert (here.dynos(), reasons(here)[-1]) == (6, "change_budget")
