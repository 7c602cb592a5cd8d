"""The simulated world, in small cases whose course can be computed by hand."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.scaling.simulator import GRACE, START, Result, Scaler, Scenario, simulate
from guv.scaling.model import Sample, Settings


def world(
    arrivals: Sequence[float], service: float = 10.0, *, initial: int = 0, **more: float
) -> Scenario:
    settings = Settings(
        minimum_dynos=0,
        maximum_dynos=10,
        target_deadline=120.0,
        interval=10.0,
        concurrency=int(more.pop("concurrency", 1)),
    )
    return Scenario(
        name="world",
        settings=settings,
        arrivals=arrivals,
        services=[service] * len(arrivals),
        duration=600.0,
        boot_time=30.0,
        boot_jitter=more.pop("boot_jitter", 0.0),
        initial_dynos=initial,
        **more,  # type: ignore[arg-type]  # each key is a field of its own type
    )


def busy(seed: int) -> Scenario:
    chance = random.Random(seed)
    arrivals = sorted(chance.uniform(0, 600) for _ in range(300))
    services = [chance.expovariate(1 / 15) for _ in arrivals]
    return replace(world(arrivals, boot_jitter=0.5), services=services)


def always(dynos: int) -> Scaler:
    return lambda _, __, ___: dynos


def then(first: int, at: float, later: int) -> Scaler:
    return lambda _, __, now: first if now - START < at else later


def nervous(_: Settings, __: Sequence[Sample], now: float) -> int:
    return random.Random(now).randint(0, 10)


def test_every_message_is_done_or_still_unfinished() -> None:
    result = simulate(busy(1), nervous)

    assert result.jobs == 300
    assert result.finished == sum(not math.isnan(done) for done in result.done)


def test_enough_dynos_finish_every_message() -> None:
    assert simulate(busy(1), always(10)).finished == 300


def test_nothing_begins_before_it_is_published() -> None:
    scenario = busy(2)
    begun = simulate(scenario, nervous).begun

    assert all(
        math.isnan(start) or start >= arrival
        for start, arrival in zip(begun, scenario.arrivals, strict=True)
    )


def test_a_finished_message_took_its_service_time_since_it_last_began() -> None:
    scenario = busy(3)
    result = simulate(scenario, nervous)

    for start, end, service in zip(result.begun, result.done, scenario.services, strict=True):
        assert math.isnan(end) or end == pytest.approx(start + service)


def test_no_more_messages_run_at_once_than_there_are_slots() -> None:
    result = simulate(busy(4), always(3))
    edges = sorted(
        edge
        for start, end in zip(result.begun, result.done, strict=True)
        if not math.isnan(end)
        for edge in ((start, 1), (end, -1))
    )
    running, most = 0, 0
    for _, change in edges:
        running += change
        most = max(most, running)

    assert most == 3


def test_messages_begin_in_the_order_of_their_arrival() -> None:
    begun = simulate(busy(5), always(10)).begun

    assert list(begun) == sorted(begun)


def test_a_dyno_helps_only_after_its_boot() -> None:
    result = simulate(world([0.0]), always(1))

    assert result.begun[0] == pytest.approx(10.0 + 30.0)


def test_each_dyno_draws_its_own_boot_time_within_the_spread() -> None:
    result = simulate(world([0.0] * 10, 500.0, boot_jitter=0.5), always(10))

    boots = [start - 10.0 for start in result.begun]
    assert len(set(boots)) == 10
    assert min(boots) >= 15.0
    assert max(boots) <= 45.0


def test_a_dyno_is_billed_from_the_request_to_its_exit() -> None:
    result = simulate(world([]), then(1, 200.0, 0))

    assert result.billed == pytest.approx(200.0 - 10.0)


def test_a_dyno_that_never_stops_is_billed_to_the_end() -> None:
    scenario = world([])

    assert simulate(scenario, always(2)).billed == pytest.approx(2 * (scenario.end - 10.0))


def test_a_dyno_stopped_while_it_boots_takes_no_message() -> None:
    result = simulate(world([0.0]), then(1, 30.0, 0))

    assert result.finished == 0
    assert result.billed == pytest.approx(20.0)


def test_a_message_that_ends_within_the_grace_is_finished() -> None:
    result = simulate(world([0.0], 60.0, initial=1), then(1, 40.0, 0))

    assert result.cut == 0
    assert result.done[0] == pytest.approx(60.0)
    assert result.billed == pytest.approx(60.0)


def test_a_message_longer_than_the_grace_is_cut_and_its_time_lost() -> None:
    result = simulate(world([0.0], 200.0, initial=1), then(1, 40.0, 0))

    assert result.cut == 1
    assert result.lost == pytest.approx(40.0 + GRACE)
    assert result.billed == pytest.approx(40.0 + GRACE)


def test_a_cut_message_runs_again_from_its_beginning_before_the_others() -> None:
    def down_and_up(_: Settings, __: Sequence[Sample], now: float) -> int:
        return 0 if 40.0 <= now - START < 80.0 else 1

    result = simulate(world([0.0, 1.0], 200.0, initial=1), down_and_up)

    assert result.begun[0] == pytest.approx(80.0 + 30.0)
    assert result.done[0] == pytest.approx(80.0 + 30.0 + 200.0)
    assert result.begun[1] > result.begun[0]


def test_a_stopping_dyno_takes_nothing_new() -> None:
    result = simulate(world([0.0, 30.0], 20.0, initial=1), then(1, 10.0, 0))

    assert result.finished == 1


def test_the_newest_dynos_are_stopped_first() -> None:
    scenario = world([0.0, 35.0], 300.0, initial=1)

    result = simulate(scenario, lambda _, __, now: 2 if now - START < 100.0 else 1)

    assert not math.isnan(result.done[0])
    assert result.cut == 1
    assert result.begun[1] == pytest.approx(300.0)


def test_a_deploy_restarts_every_dyno() -> None:
    result = simulate(replace(world([0.0], 25.0, initial=1), restarts=(5.0,)), always(1))

    assert result.done[0] == pytest.approx(25.0)
    assert result.changes == 0


def test_a_prefetching_dyno_holds_messages_back_from_others() -> None:
    scenario = world([0.0] * 4, 50.0, initial=1)

    alone = simulate(replace(scenario, prefetch=4), lambda *_: 4)
    shared = simulate(scenario, lambda *_: 4)

    assert alone.worst == pytest.approx(200.0)
    assert shared.worst < alone.worst


def test_the_scaler_is_held_to_the_bounds() -> None:
    result = simulate(world([]), always(99))

    assert max(dynos for _, dynos in result.formation) == 10


def test_a_change_counts_once_and_per_hour() -> None:
    scenario = world([])
    result = simulate(scenario, then(1, 200.0, 0))

    assert result.changes == 2
    assert result.changes_per_hour == pytest.approx(2 * 3600 / scenario.end)


def test_lateness_is_judged_by_the_deadline() -> None:
    result = simulate(world([0.0, 0.0, 0.0, 0.0], 50.0, initial=1), always(1))

    assert result.on_time == pytest.approx(2 / 4)
    assert result.worst == pytest.approx(200.0)


def test_the_same_scenario_and_scaler_give_the_same_result() -> None:
    def outcome(result: Result) -> tuple[object, ...]:
        return result.billed, bytes(result.begun), bytes(result.done), result.formation, result.cut

    assert outcome(simulate(busy(6), nervous)) == outcome(simulate(busy(6), nervous))


def test_work_lost_is_billed_on_top_of_work_done() -> None:
    scenario = busy(7)
    result = simulate(scenario, nervous)
    done = sum(
        service
        for service, end in zip(scenario.services, result.done, strict=True)
        if not math.isnan(end)
    )

    assert result.billed >= done + result.lost
