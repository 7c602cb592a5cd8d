"""A replay of what really happened under the same settings is what really happened."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from bench.replay import recorded
from bench.scaling.scenarios import SYNTHETIC
from bench.scaling.simulator import Result, simulate
from guv.scaling import Sample, Settings, decide
from guv.scaling.replay.replay import MOST_POINTS, MOST_TICKS, Replay, Run, replay
from tests.guv.scaling.stories import START

SHARE = 0.02  # how far the replayed share in time may be from the true one
DYNO_HOURS = 0.1  # and the dyno-hours, as a part of the true ones
RECIPES = {recipe.name: recipe for recipe in SYNTHETIC}


@cache
def told(name: str) -> tuple[Result, Settings, list[Sample]]:
    """What a simulated role came to, message by message, and what guv saw of it."""
    return recorded(RECIPES[name])


def replayed(name: str, **changes: object) -> tuple[Result, Run, Run]:
    """The truth, what was recorded of it, and what a replay with other settings says."""
    truth, settings, samples = told(name)
    found = replay(settings, samples, samples[0].at, [replace(settings, **changes)])  # type: ignore[arg-type]
    assert found is not None
    return truth, found.recorded, found.runs[0]


def share(run: Run) -> float:
    assert run.figures.share_in_time is not None
    return run.figures.share_in_time


@pytest.mark.parametrize(
    "name",
    [
        "spike-within",
        "spike-beyond",
        "batches-tight",
        "batches-shorter-than-boot",
        "sparse-tight",
        "steady-fast",
        "many-slots-bursts",
    ],
)
def test_the_same_settings_come_to_what_really_came_of_them(name: str) -> None:
    truth, recorded, again = replayed(name)
    assert share(recorded) == pytest.approx(truth.on_time, abs=2.5 * SHARE)
    assert share(again) == pytest.approx(truth.on_time, abs=SHARE)
    hours = again.figures.dyno_seconds
    assert hours == pytest.approx(recorded.figures.dyno_seconds, rel=DYNO_HOURS)
    assert again.figures.finished == pytest.approx(recorded.figures.finished, rel=0.01)


def test_other_settings_come_to_what_they_really_come_to() -> None:
    _, settings, samples = told("spike-beyond")
    other = replace(settings, maximum_dynos=2 * settings.maximum_dynos)
    scenario = replace(RECIPES["spike-beyond"].build(), settings=other)
    truth = simulate(scenario, lambda s, h, now: decide(s, h, now).desired or 0)
    found = replay(settings, samples, samples[0].at, [other])
    assert found is not None
    [run] = found.runs
    assert share(run) == pytest.approx(truth.on_time, abs=SHARE)
    assert run.figures.dyno_seconds == pytest.approx(truth.billed, rel=DYNO_HOURS)


@pytest.mark.parametrize("name", ["spike-beyond", "batches-tight"])
def test_more_dynos_allowed_never_cost_much_of_the_share(name: str) -> None:
    _, settings, _ = told(name)
    shares = [
        share(replayed(name, maximum_dynos=most)[2])
        for most in (settings.maximum_dynos, settings.maximum_dynos * 2, settings.maximum_dynos * 4)
    ]
    assert all(later >= earlier - 0.005 for earlier, later in pairwise(shares)), shares


@pytest.mark.parametrize("dynos", [1, 3])
def test_a_fixed_number_of_dynos_costs_exactly_that(dynos: int) -> None:
    _, settings, samples = told("spike-within")
    fixed = replace(settings, policy="fixed", minimum_dynos=dynos, maximum_dynos=dynos)
    found = replay(settings, samples, samples[0].at, [fixed])
    assert found is not None
    seconds = samples[-1].at - samples[0].at
    assert found.runs[0].figures.dyno_seconds == pytest.approx(dynos * seconds)
    assert found.runs[0].figures.seconds == pytest.approx(seconds)


def test_a_shorter_deadline_is_met_by_no_more_messages() -> None:
    fixed = {"policy": "fixed", "minimum_dynos": 3, "maximum_dynos": 3}
    long = replayed("spike-within", **fixed, target_deadline=300.0)[2]
    short = replayed("spike-within", **fixed, target_deadline=30.0)[2]
    assert long.figures.finished == pytest.approx(short.figures.finished)
    assert share(short) < share(long)


def test_without_dynos_nothing_is_finished_and_all_is_left() -> None:
    _, settings, samples = told("batches-tight")
    none = replace(settings, policy="fixed", minimum_dynos=0, maximum_dynos=0)
    found = replay(settings, samples, samples[0].at, [none])
    assert found is not None
    figures = found.runs[0].figures
    assert figures.dyno_seconds == 0.0
    assert figures.share_in_time == 0.0
    assert figures.overdue == pytest.approx(figures.left or 0, abs=20)
    there = (samples[0].messages_ready or 0) + (samples[0].messages_unacknowledged or 0)
    published = (samples[-1].published or 0) - (samples[0].published or 0)
    assert (figures.left or 0) + figures.finished == pytest.approx(there + published, abs=1)


def steady(seconds: range, dynos: int = 1) -> list[Sample]:
    """A message every 10 seconds, done at once."""
    return [
        Sample(START + at, 0, 0, 100 + at // 10, 100 + at // 10, dynos, dynos) for at in seconds
    ]


def of(samples: Sequence[Sample], since: float = 0.0, **changes: object) -> Replay | None:
    settings = Settings(**{"minimum_dynos": 1, **changes})  # type: ignore[arg-type]
    return replay(settings, samples, START + since, [settings])


def test_the_time_before_the_range_is_looked_back_on_and_not_measured() -> None:
    found = of(steady(range(0, 7200, 10)), since=3600.0)
    assert found is not None
    assert found.since == START + 3600.0
    assert found.recorded.figures.seconds == found.runs[0].figures.seconds == 3590.0


def test_a_time_that_was_not_recorded_counts_in_neither_run() -> None:
    samples = [*steady(range(0, 1800, 10)), *steady(range(9000, 10800, 10))]
    found = of(samples)
    assert found is not None
    assert found.recorded.figures.seconds == found.runs[0].figures.seconds == 2 * 1790.0


def test_counters_that_begin_anew_lose_and_invent_no_messages() -> None:
    before, after = steady(range(0, 1800, 10)), steady(range(1800, 3600, 10))
    anew = [
        replace(s, published=(s.published or 0) - 280, served=(s.served or 0) - 280) for s in after
    ]
    found, whole = of([*before, *anew]), of([*before, *after])
    assert found is not None
    assert whole is not None
    finished = whole.runs[0].figures.finished
    assert found.runs[0].figures.finished == pytest.approx(finished, abs=2)


def test_counts_that_were_unknown_for_a_while_are_bridged() -> None:
    samples = steady(range(0, 3600, 10))
    holes = [Sample(s.at, dynos=s.dynos) if 1000 <= s.at - START < 1300 else s for s in samples]
    found, whole = of(holes), of(samples)
    assert found is not None
    assert whole is not None
    assert found.runs[0].figures.finished == pytest.approx(whole.runs[0].figures.finished, abs=2)
    assert found.recorded.figures.dyno_seconds == whole.recorded.figures.dyno_seconds


@pytest.mark.parametrize(
    "samples", [[], steady(range(0, 10, 10)), [Sample(START + at) for at in range(0, 600, 10)]]
)
def test_without_two_counted_samples_there_is_nothing_to_replay(samples: list[Sample]) -> None:
    assert of(samples) is None


def test_a_long_time_is_replayed_with_a_longer_interval_and_a_picture_stays_small() -> None:
    found = of(steady(range(0, 3 * 86_400, 60)), policy="fixed")
    assert found is not None
    assert found.runs[0].settings.interval == 30.0
    assert len(found.at) <= MOST_POINTS
    assert len(found.at) == len(found.arrival_rate) == len(found.runs[0].series.dynos)
    assert MOST_TICKS >= 3 * 86_400 / 30.0


def test_the_progress_rises_to_one() -> None:
    told_: list[float] = []
    settings = Settings()
    replay(settings, steady(range(0, 3600, 10)), START, [settings, settings], told_.append)
    assert told_ == sorted(told_)
    assert told_[-1] == 1.0
    assert len(told_) == 2 * 359
