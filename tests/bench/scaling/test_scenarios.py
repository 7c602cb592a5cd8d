"""Scenarios of the benchmark: true to their names, and the same each time."""

import gzip
import random
from pathlib import Path

import pytest

from bench.scaling import arrivals, service_times
from bench.scaling.recipes import Recipe
from bench.scaling.runs import recipes
from bench.scaling.scenarios import QUICK, SYNTHETIC
from bench.scaling.traces import Cut, replay, traces

BY_NAME = {recipe.name: recipe for recipe in SYNTHETIC}


def built(recipe: Recipe) -> tuple[list[float], list[float]]:
    scenario = recipe.build()
    return list(scenario.arrivals), list(scenario.services)


def test_at_least_thirty_scenarios_need_no_file() -> None:
    assert len(BY_NAME) == len(SYNTHETIC) >= 30


def test_every_quick_scenario_exists() -> None:
    assert set(QUICK) <= BY_NAME.keys()


@pytest.mark.parametrize("recipe", SYNTHETIC, ids=lambda recipe: recipe.name)
def test_arrivals_are_in_order_and_within_the_duration(recipe: Recipe) -> None:
    scenario = recipe.build()

    assert list(scenario.arrivals) == sorted(scenario.arrivals)
    assert 0 <= scenario.arrivals[0] <= scenario.arrivals[-1] < scenario.duration
    assert min(scenario.services) > 0


@pytest.mark.parametrize("name", ["sine", "moods", "clusters", "heavy-tail"])
def test_a_recipe_gives_the_same_scenario_each_time(name: str) -> None:
    assert built(BY_NAME[name]) == built(BY_NAME[name])


def test_each_recipe_has_draws_of_its_own() -> None:
    assert built(BY_NAME["processing-told-long"])[0] != built(BY_NAME["sine"])[0]


def test_a_salt_gives_other_draws_of_the_same_recipe() -> None:
    plain, salted = BY_NAME["sine"].build(), BY_NAME["sine"].build(1)

    assert list(plain.arrivals) != list(salted.arrivals)
    assert plain.settings == salted.settings


def test_a_wrong_setting_leaves_the_world_true() -> None:
    scenario = BY_NAME["boot-told-short"].build()

    assert scenario.settings.boot_time == 20.0
    assert scenario.boot_time == 80.0


def test_a_sine_is_lowest_at_its_start_and_highest_half_way() -> None:
    rate = arrivals.sine(1.0, 5.0, 100.0)

    assert rate(0.0) == pytest.approx(1.0)
    assert rate(50.0) == pytest.approx(5.0)


def test_a_rate_of_steps_holds_until_the_next_step() -> None:
    rate = arrivals.steps((0, 1.0), (10, 4.0))

    assert [rate(0), rate(9.9), rate(10), rate(99)] == [1.0, 1.0, 4.0, 4.0]


def test_poisson_arrivals_by_thinning_keep_the_rate() -> None:
    instants = arrivals.poisson(arrivals.square(0.0, 2.0, 1000.0), 4.0, 1000.0, random.Random(1))

    assert min(instants) >= 500.0
    assert len(instants) == pytest.approx(1000, abs=150)


def test_binned_counts_are_reproduced_in_their_bins() -> None:
    instants = arrivals.binned([0, 3, 1], 10.0, 1.0, random.Random(1))

    assert [int(time // 10) for time in instants] == [1, 1, 1, 2]


@pytest.mark.parametrize(("share", "expected"), [(0.25, 250), (2.0, 2000), (1.5, 1500)])
def test_binned_counts_are_thinned_or_multiplied(share: float, expected: int) -> None:
    instants = arrivals.binned([100] * 10, 10.0, share, random.Random(1))

    assert len(instants) == pytest.approx(expected, abs=60)


@pytest.mark.parametrize(
    ("service", "mean"),
    [
        (service_times.spread(10.0, 4.0), 10.0),
        (service_times.exponential(5.0), 5.0),
        (service_times.mixture(1.0, 11.0, 0.5), 6.0),
        (service_times.measured([2.0, 100.0], 0.5, 3.0), 2.0),
        (service_times.percentiles(((0, 0.0), (50, 1.0), (100, 2.0)), 4.0), 4.0),
    ],
)
def test_service_times_have_their_mean(service: service_times.Service, mean: float) -> None:
    chance = random.Random(1)
    draws = [service(chance) for _ in range(4000)]

    assert sum(draws) / len(draws) == pytest.approx(mean, rel=0.05)


def test_the_scenarios_of_the_published_figures_are_all_here() -> None:
    assert len(recipes()) == 56
    assert len(traces()) == 12


def test_a_trace_is_cut_and_thinned(tmp_path: Path) -> None:
    rows = "\n".join(f"{60 * k},{k % 7}" for k in range(480))
    text = f"t_seconds,arrivals\n{rows}\n"
    (tmp_path / "made_up.csv.gz").write_bytes(gzip.compress(text.encode()))
    cut = Cut("made_up", bin_seconds=60, from_hour=1, hours=2, share=2.0)
    instants = replay(cut, tmp_path)(0.0, random.Random(1))
    assert len(instants) == 2 * sum(k % 7 for k in range(60, 180))
    assert 0 <= instants[0] <= instants[-1] <= 2 * 3600


@pytest.mark.parametrize("recipe", traces(), ids=lambda recipe: recipe.name)
def test_every_trace_has_messages(recipe: Recipe) -> None:
    assert recipe.build().arrivals
