"""The lower bound: below whatever a scaler can do, and exact where the optimum is known."""

import random

import pytest

from bench.scaling.bound import lower_bound
from bench.scaling.peers import PEERS
from bench.scaling.recipes import Recipe, role_settings
from bench.scaling.service_times import fixed, spread
from bench.scaling.simulator import Scenario, simulate
from guv.scaling.model import Settings


def scenario(arrivals: list[float], service: float, deadline: float, **more: int) -> Scenario:
    settings = Settings(
        minimum_dynos=more.get("minimum", 0),
        maximum_dynos=more.get("maximum", 10),
        target_deadline=deadline,
        concurrency=more.get("concurrency", 1),
    )
    services = [service] * len(arrivals)
    return Scenario(
        "bound", settings, arrivals, services, 3600.0, initial_dynos=more.get("initial", 0)
    )


def random_scenario(seed: int) -> Scenario:
    chance = random.Random(seed)
    rate, mean = chance.uniform(0.005, 0.5), chance.uniform(2, 20)
    recipe = Recipe(
        name=f"random-{seed}",
        note="",
        hours=1,
        draw=lambda duration, dice: sorted(
            dice.uniform(0, duration) for _ in range(int(rate * duration))
        ),
        service=spread(mean, mean / 2),
        settings=role_settings(chance.uniform(4, 12) * mean + 60, mean, 20),
    )
    return recipe.build()


@pytest.mark.parametrize("seed", range(4))
def test_no_scaler_that_meets_the_share_is_cheaper(seed: int) -> None:
    built = random_scenario(seed)
    bound = lower_bound(built, grid=300).dyno_seconds
    assert bound is not None

    results = [simulate(built, peer.make(built)) for peer in (*PEERS[1::3], PEERS[-1])]
    met = [
        result.billed
        for result in results
        if result.on_time >= 0.99 and result.finished == result.jobs
    ]
    assert met, "not even the maximum meets the share"
    assert min(met) >= bound * (1 - 1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_never_below_the_work(seed: int) -> None:
    built = random_scenario(seed)

    assert (lower_bound(built, grid=300).dyno_seconds or 0.0) >= built.work * (1 - 1e-5)


def test_a_single_message_costs_its_work_and_a_boot() -> None:
    bound = lower_bound(scenario([600.0], 20.0, 300.0))

    assert bound.dyno_seconds == pytest.approx(20.0 + 30.0)


def test_rare_messages_cost_a_boot_each() -> None:
    bound = lower_bound(scenario([600.0, 1800.0, 3000.0], 20.0, 300.0))

    assert bound.dyno_seconds == pytest.approx(3 * (20.0 + 30.0))


def test_staying_up_over_a_short_gap_is_cheaper_than_a_boot() -> None:
    bound = lower_bound(scenario([600.0, 912.0], 20.0, 300.0))

    assert bound.dyno_seconds == pytest.approx(2 * 20.0 + 30.0 + 12.0, rel=0.05)


def test_a_burst_needs_enough_dynos_at_once() -> None:
    bound = lower_bound(scenario([600.0] * 50, 10.0, 60.0))

    assert bound.dyno_seconds == pytest.approx(500.0 + 30.0 * 500.0 / 60.0, rel=0.05)


def test_a_burst_beyond_the_maximum_is_infeasible() -> None:
    bound = lower_bound(scenario([600.0] * 500, 10.0, 60.0))

    assert not bound.feasible
    assert bound.dyno_seconds is None


def test_messages_longer_than_the_deadline_are_infeasible() -> None:
    assert not lower_bound(scenario([600.0], 90.0, 60.0)).feasible


def test_the_bound_lets_slots_share_a_dyno() -> None:
    one = lower_bound(scenario([600.0] * 40, 10.0, 60.0)).dyno_seconds
    four = lower_bound(scenario([600.0] * 40, 10.0, 60.0, concurrency=4)).dyno_seconds

    assert one is not None
    assert four == pytest.approx(one / 4, rel=0.01)


def test_the_minimum_is_paid_in_any_case() -> None:
    built = scenario([600.0], 10.0, 300.0, minimum=2)

    bound = lower_bound(built).dyno_seconds or 0.0
    assert bound >= 2 * (built.end - built.boot_time - 10.0)


def test_without_messages_it_is_the_minimum() -> None:
    built = scenario([], 10.0, 60.0, minimum=1)

    assert lower_bound(built).dyno_seconds == pytest.approx(built.end)


def test_letting_more_be_late_is_never_dearer() -> None:
    built = random_scenario(3)
    bounds = [lower_bound(built, share, grid=200) for share in (1.0, 0.99, 0.9, 0.5)]
    costs = [bound.dyno_seconds or 0.0 for bound in bounds]

    assert costs == sorted(costs, reverse=True)


def test_fixed_service_times_are_what_they_say() -> None:
    assert fixed(3.0)(random.Random(1)) == 3.0
