"""guv's promise in the three cases that its first design named.

A sine, a spike that the maximum can serve in time, and one that it cannot. The figures are what
must hold, with some room to what is measured; docs/benchmark.md has the measured ones.
"""

from dataclasses import replace
from functools import lru_cache

from bench.scaling.bound import lower_bound
from bench.scaling.peers import guv
from bench.scaling.scenarios import SYNTHETIC
from bench.scaling.simulator import Result, Scenario, simulate

HOURS = {"sine": 2.0, "spike-within": 1.5, "spike-beyond": 1.5}


@lru_cache
def run(name: str) -> tuple[Scenario, Result]:
    recipe = next(recipe for recipe in SYNTHETIC if recipe.name == name)
    scenario = replace(recipe, hours=HOURS[name]).build()
    return scenario, simulate(scenario, guv)


def cost(name: str) -> float:
    """Return the billed dyno-seconds divided by the clairvoyant bound."""
    scenario, result = run(name)
    bound = lower_bound(scenario, grid=400).dyno_seconds
    assert bound is not None
    return result.billed / bound


def test_a_sine_is_on_time() -> None:
    assert run("sine")[1].on_time >= 0.99


def test_a_sine_costs_hardly_more_than_a_clairvoyant_would_pay() -> None:
    assert cost("sine") <= 1.10


def test_a_sine_is_followed_with_few_changes_and_no_cut_job() -> None:
    result = run("sine")[1]

    assert result.changes_per_hour <= 30
    assert result.cut == 0


def test_a_spike_within_reach_is_on_time() -> None:
    assert run("spike-within")[1].on_time >= 0.99


def test_a_spike_within_reach_costs_little_more_than_a_clairvoyant_would_pay() -> None:
    assert cost("spike-within") <= 1.35


def test_a_spike_beyond_reach_is_met_with_all_that_is_allowed() -> None:
    scenario, result = run("spike-beyond")

    assert not lower_bound(scenario, grid=400).feasible
    assert max(dynos for _, dynos in result.formation) == scenario.settings.maximum_dynos
    assert result.finished == result.jobs


def test_a_spike_beyond_reach_is_over_as_soon_as_the_maximum_allows() -> None:
    scenario, result = run("spike-beyond")
    spike = 3600.0
    work = sum(
        service
        for service, arrival in zip(scenario.services, scenario.arrivals, strict=True)
        if spike <= arrival < spike + 20
    )

    late = [
        arrival + scenario.settings.target_deadline
        for arrival, done in zip(scenario.arrivals, result.done, strict=True)
        if done - arrival > scenario.settings.target_deadline
    ]
    assert max(late) <= spike + 1.25 * work / scenario.settings.maximum_dynos + 90
