"""Shared readings of formations, and what replaces them when calls run out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pydantic import SecretStr

from guv.heroku.call_budget import CALLS, PARTNER, CallsSpent, Need
from guv.incidents.causes import Cause
from tests.worker.world import World
from worker import jobs
from worker.process.runtime import build_runtime

MakeWorld = Callable[..., World]
FORMATION = "/apps/.*/formation"
LIMITED = {"id": "rate_limit", "message": "Your account reached the API rate limit."}


@pytest.fixture
def busy(world: MakeWorld) -> World:
    """Make a role that needs more dynos than it has."""
    here = world(processing_time=10.0, maximum_dynos=60, formation={"web": 1, "worker": 1})
    here.publish(50)
    return here


def reads(here: World) -> int:
    return here.asked("GET", FORMATION)


def spend(here: World, left: int) -> None:
    """Leave the account so many calls, at Heroku and in guv's budget."""
    here.sandbox.heroku.rate_limit.set("guv@addons.heroku.com", left, here.clock.now)
    here.runtime.budget.learn(PARTNER, left, here.clock.now)


def test_all_roles_of_an_app_share_one_read_of_the_formation(busy: World) -> None:
    others = [busy.add_role(f"other{n}", queues=["worker"], process_type="web") for n in range(20)]
    busy.tick()
    for other in others:
        busy.tick(other, after=0.1)
    assert reads(busy) == 1


def test_roles_that_tick_at_the_same_moment_share_one_read_of_the_formation(busy: World) -> None:
    roles = [
        busy.add_role(f"other{n}", queues=["worker"], process_type="web", maximum_dynos=1)
        for n in range(15)
    ]
    busy.fail(FORMATION, hang=0.3)
    busy.make_due()
    assert len(jobs.tick_due(busy.runtime, [role.id for role in roles])) == 15
    assert reads(busy) == 1
    assert {row.dynos for row in busy.samples()} == {1}


def test_another_process_shares_a_read_of_the_formation(busy: World) -> None:
    other = busy.add_role("other", queues=["worker"], process_type="web")
    busy.tick()
    second = build_runtime(busy.runtime.config)
    busy.runtime, first = second, busy.runtime
    try:
        assert busy.tick(other, after=1).collected.formation.dynos == 1
    finally:
        second.close()
        busy.runtime = first
    assert reads(busy) == 1


def test_every_tick_of_a_role_reads_the_formation_anew(busy: World) -> None:
    busy.ticks(50)
    assert reads(busy) == 5


def test_a_failed_read_of_the_formation_serves_all_roles_too(busy: World) -> None:
    roles = [busy.add_role(f"other{n}", queues=["worker"]) for n in range(5)]
    busy.fail(FORMATION, 503)
    for role in roles:
        busy.tick(role, after=0.1)
    assert reads(busy) == 1
    assert {row.outcome for row in busy.decisions()} == {"held"}


def test_an_app_that_is_gone_is_asked_for_once_a_minute(busy: World) -> None:
    busy.sandbox.heroku.remove_app(busy.shop)
    results = busy.ticks(120)
    assert reads(busy) == 2
    assert all(
        Cause.NO_DATA in {trouble.cause for trouble in result.troubles} for result in results
    )


def test_an_authorization_that_came_back_is_not_kept_waiting_by_a_shared_refusal(
    busy: World,
) -> None:
    busy.fail(FORMATION, 403, body={"id": "forbidden", "message": "No."}, calls=1)
    busy.tick()
    busy.change(busy.app, authorization_state="unknown", authorization_retry_at=None)
    assert busy.tick(after=5).actuated.outcome == "scaled"


def test_an_unchanged_formation_costs_no_body(world: MakeWorld) -> None:
    here = world(formation={"worker": 1})
    here.ticks(30)
    statuses = [request.status for request in here.sandbox.traffic.requests("GET", FORMATION)]
    assert statuses == [200, 304, 304]
    assert [row.dynos for row in here.samples()] == [1, 1, 1]


def test_a_change_by_hand_is_seen_through_the_etag(world: MakeWorld) -> None:
    here = world(formation={"worker": 1}, pause={"until": "2026-11-26T00:00:00Z"})
    here.tick()
    here.sandbox.heroku.scale(here.shop, [{"type": "worker", "quantity": 4}])
    here.tick()
    assert [row.dynos for row in here.samples()] == [1, 4]


def test_what_guv_changed_is_known_to_the_apps_other_roles_at_once(busy: World) -> None:
    twin = busy.add_role("twin", queues=["worker"], process_type="worker")
    desired = busy.tick().decision.desired
    assert busy.tick(twin, after=0.1).collected.formation.dynos == desired


def test_two_apps_with_the_same_process_type_are_not_mixed_up(world: MakeWorld) -> None:
    large, small = world(formation={"worker": 10}), world(formation={"worker": 1})
    assert large.tick().collected.formation.dynos == 10
    assert small.tick(after=0.1).collected.formation.dynos == 1


def test_reads_of_formations_stop_before_scaling_up_stops(busy: World) -> None:
    busy.tick()
    busy.publish(400)
    spend(busy, 50)
    asked = reads(busy)
    result = busy.tick()
    assert reads(busy) == asked
    assert result.actuated.outcome == "scaled"
    assert "the formation is the one of 10 s ago" in str(busy.decisions()[-1].error)


def test_a_formation_that_nobody_knows_is_read_with_almost_the_last_calls(busy: World) -> None:
    spend(busy, 150)
    assert busy.tick().actuated.outcome == "scaled"


def test_without_calls_left_the_formation_is_unknown_and_unchanged(busy: World) -> None:
    spend(busy, 50)
    result = busy.tick()
    assert "run out" in {trouble.cause: trouble.text for trouble in result.troubles}[Cause.NO_DATA]
    assert (result.actuated.outcome, busy.asked("PATCH", "/apps")) == ("held", 0)


@pytest.mark.parametrize(("age", "left"), [(50, 1200), (70, 700), (310, 500), (910, 120)])
def test_the_older_a_formation_is_the_sooner_it_is_read_again(
    busy: World, age: float, left: int
) -> None:
    busy.tick()
    asked = reads(busy)
    busy.clock.now += timedelta(seconds=age - 1)
    spend(busy, left)
    busy.tick(after=1)
    assert reads(busy) == asked + 1


@pytest.mark.parametrize(("age", "left"), [(50, 1000), (70, 600), (310, 400), (910, 90)])
def test_a_formation_that_is_not_old_enough_for_the_calls_left_is_not_read(
    busy: World, age: float, left: int
) -> None:
    busy.tick()
    asked = reads(busy)
    busy.clock.now += timedelta(seconds=age - 1)
    spend(busy, left)
    busy.tick(after=1)
    assert reads(busy) == asked


def test_after_a_429_the_last_known_formation_is_used(busy: World) -> None:
    busy.tick()
    busy.fail(FORMATION, 429, method="GET", body=LIMITED)
    busy.publish(400)
    asked = reads(busy)
    first, second = busy.tick(), busy.tick()
    assert reads(busy) == asked + 1
    assert (first.actuated.outcome, second.actuated.outcome) == ("failed", "scaled")
    assert second.collected.formation.note is not None


def test_a_formation_that_was_not_read_now_clears_no_incident(busy: World) -> None:
    busy.tick()
    spend(busy, 50)
    assert Cause.AUTHORIZATION_LOST not in busy.tick().cleared


def test_scaling_down_waits_for_calls(world: MakeWorld) -> None:
    here = world(maximum_dynos=5, formation={"worker": 9})
    here.fail(FORMATION, 503, method="PATCH", calls=1)
    here.tick()
    spend(here, 100)
    result = here.tick()
    assert (result.decision.desired, result.actuated.outcome, here.dynos()) == (5, "failed", 9)
    assert "scaling up goes first" in str(result.actuated.error)


@pytest.mark.parametrize(
    ("left", "allowed"),
    [
        (4000, ["READ", "LATE_READ", "OLD_READ", "SCALE_DOWN", "BLIND_READ", "SCALE_UP"]),
        (1000, ["LATE_READ", "OLD_READ", "SCALE_DOWN", "BLIND_READ", "SCALE_UP"]),
        (500, ["OLD_READ", "SCALE_DOWN", "BLIND_READ", "SCALE_UP"]),
        (300, ["SCALE_DOWN", "BLIND_READ", "SCALE_UP"]),
        (150, ["BLIND_READ", "SCALE_UP"]),
        (50, ["SCALE_UP"]),
        (0, []),
    ],
)
def test_the_fewer_calls_are_left_the_more_important_a_call_must_be(
    busy: World, left: int, allowed: list[str]
) -> None:
    budget, now = busy.runtime.budget, busy.clock.now
    granted = []
    for need in Need:
        budget.learn("account", left, now)
        try:
            budget.take("account", need, now)
        except CallsSpent:
            continue
        granted.append(need.name)
    assert sorted(granted) == sorted(allowed)


def test_spent_calls_come_back_with_time(busy: World) -> None:
    budget, now = busy.runtime.budget, busy.clock.now
    budget.learn("account", 0, now)
    with pytest.raises(CallsSpent):
        budget.take("account", Need.SCALE_UP, now)
    budget.take("account", Need.SCALE_UP, now + timedelta(seconds=1))


def test_many_processes_never_spend_more_calls_than_there_are(busy: World) -> None:
    budget, now = busy.runtime.budget, busy.clock.now
    budget.learn("account", 30, now)

    def take(_: int) -> bool:
        try:
            budget.take("account", Need.SCALE_UP, now)
        except CallsSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(60))) == 30


def test_forty_apps_of_one_account_stay_within_its_calls(busy: World) -> None:
    # an hour of 40 apps at 10 s would be 14,400 reads; 4,500 and what comes back is all there is
    budget, spent = busy.runtime.budget, 0
    for second in range(0, 3600, 10):
        now = busy.clock.now + timedelta(seconds=second)
        for _ in range(40):
            try:
                budget.take("account", Need.READ, now)
            except CallsSpent:
                continue
            spent += 1
    assert CALLS <= spent <= CALLS - Need.READ + 4500


def test_without_redis_every_call_is_made(busy: World) -> None:
    nowhere = SecretStr("redis://127.0.0.1:9/0")
    away = busy.runtime.config.model_copy(update={"redis_url": nowhere})
    runtime = build_runtime(away)
    busy.runtime, first = runtime, busy.runtime
    try:
        assert busy.tick().actuated.outcome == "scaled"
    finally:
        runtime.close()
        busy.runtime = first
