"""Policies over time: grids, load shapes and sequences of polls of the systems they come from."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guv.scaling.model import Estimates, Sample, Settings
from guv.scaling.policies.band import band
from guv.scaling.policies.proportional import estimated_dynos, proportional, target
from guv.scaling.policies.ratio import ratio

FOLDER = Path(__file__).parent / "cases"
GRIDS = json.loads((FOLDER / "proportional_grids.json").read_text())
SERIES = json.loads((FOLDER / "proportional_series.json").read_text())["cases"]
TIMELINE = next(
    case
    for case in json.loads((FOLDER / "band.json").read_text())["cases"]
    if "timeline" in case
)  # fmt: skip
NOTHING = Estimates()

Case = dict[str, Any]


def sample(at: float, ready: int | None, running: int | None, dynos: int | None) -> Sample:
    return Sample(at, ready, running, consumers=dynos, dynos=dynos)


def grid_settings(grid: Case) -> Settings:
    return Settings(**GRIDS["settings"], processing_time=grid["processing_time"])


def grid_name(grid: Case) -> str:
    return f"{grid['processing_time']} s, {len(grid['dynos'])} backlogs"


@pytest.mark.parametrize("grid", GRIDS["cases"], ids=grid_name)
def test_dynos_by_backlog_and_processing_time(grid: Case) -> None:
    settings = grid_settings(grid)

    assert [estimated_dynos(settings, n) for n in grid["messages"]] == grid["dynos"]


@pytest.mark.parametrize("grid", GRIDS["cases"], ids=grid_name)
def test_the_time_left_by_processing_time(grid: Case) -> None:
    assert target(grid_settings(grid)) == pytest.approx(grid["target"], abs=1e-3)


@pytest.mark.parametrize(
    "grid", [grid for grid in GRIDS["cases"] if "unrealizable" in grid], ids=grid_name
)
def test_a_deadline_that_cannot_be_kept_leaves_the_processing_time(grid: Case) -> None:
    settings = grid_settings(grid)

    at_its_best = target(settings) == pytest.approx(grid["processing_time"] + 0.01)
    assert at_its_best == grid["unrealizable"]


@pytest.mark.parametrize("case", SERIES, ids=lambda case: case["case"])
def test_poll_by_poll_the_formation_is_that_of_the_case(case: Case) -> None:
    settings = Settings(**case["settings"])
    dynos, samples, course = case["starts_with"], [], []
    for poll, messages in enumerate(case["ready"]):
        samples.append(sample(poll * settings.interval, messages, 0, dynos))
        dynos = proportional(settings, samples, NOTHING, samples[-1].at).dynos
        course.append(dynos)

    assert course == case["asks"]


def test_a_band_goes_up_in_large_steps_and_down_in_small_ones() -> None:
    settings = Settings(**TIMELINE["settings"], policy_parameters=TIMELINE["parameters"])
    load = TIMELINE["timeline"]
    dynos, samples, changes = settings.minimum_dynos, list[Sample](), list[tuple[float, int]]()
    for tick in range(400):
        at = tick * settings.interval
        running = load["running"] if at <= load["running_until"] else 0
        samples.append(sample(at, 0, running, dynos))
        wish = band(settings, samples, NOTHING, at)
        if wish.dynos != dynos:
            changes.append((at, wish.dynos))
        dynos = wish.dynos

    assert [count for _, count in changes] == TIMELINE["changes"]
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(changes)]
    assert all(gap > TIMELINE["at_least_apart"] for gap in gaps)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=60))
def test_a_window_asks_for_what_its_highest_reading_asks_for(readings: list[int]) -> None:
    parameters = {"messages_per_dyno": 2.0, "window": 290.0}
    settings = Settings(minimum_dynos=0, maximum_dynos=100, policy_parameters=parameters)
    samples = [sample(10.0 * k, count, 0, 0) for k, count in enumerate(readings)]

    wish = ratio(settings, samples, NOTHING, samples[-1].at)

    assert wish.dynos == (max(readings[-30:]) + 1) // 2


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_larger_backlog_never_asks_for_fewer(one: int, other: int) -> None:
    settings = Settings(minimum_dynos=0, maximum_dynos=1000, processing_time=7.0)
    small, large = sorted((one, other))

    assert estimated_dynos(settings, small) <= estimated_dynos(settings, large)
