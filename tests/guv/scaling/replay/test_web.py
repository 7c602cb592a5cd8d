"""A web role's replay under its own settings is what really happened; other settings differ."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from guv.scaling import Sample, Settings, WebReading, decide
from guv.scaling.replay.replay import Replay, Run
from guv.scaling.replay.web import Work, answered, replay_web
from guv.scaling.web.load import share_within

NOW = 1_795_608_000.0
SETTINGS = Settings(
    signal="web",
    policy="response_time",
    policy_parameters={"response_time": 0.4},
    concurrency=5,
    maximum_dynos=20,
    boot_time=40.0,
)
RATES = [40.0] * 60 + [300.0] * 60 + [40.0] * 60
SHAPE = (0.8, 2.0, 3.0)


def recorded(rates: Sequence[float] = RATES, settings: Settings = SETTINGS) -> list[Sample]:
    """The samples of a role whose dynos come up three ticks after they were asked for."""
    samples: list[Sample] = []
    asked = [2, 2, 2, 2]
    for tick, rate in enumerate(rates):
        web = answered(Work(rate, 0.1, SHAPE), min(asked[-4:]), 5)
        samples.append(Sample(NOW + 10 * tick, dynos=asked[-1], web=web))
        asked.append(decide(settings, samples, samples[-1].at).desired or 0)
    return samples


def played(samples: Sequence[Sample], **changes: Any) -> tuple[Run, Run]:
    found = replay_web(SETTINGS, samples, NOW, [replace(SETTINGS, **changes)])
    assert found is not None
    return found.recorded, found.runs[0]


def test_the_same_settings_come_to_the_same() -> None:
    own, again = played(recorded())
    assert again.figures.dyno_seconds == pytest.approx(own.figures.dyno_seconds, rel=0.1)
    assert again.figures.share_in_time == pytest.approx(own.figures.share_in_time, abs=0.02)
    assert abs(again.figures.ups - own.figures.ups) <= 2
    assert again.figures.seconds == own.figures.seconds == 1790.0


def test_a_fixed_number_costs_exactly_its_time() -> None:
    _, run = played(recorded(), policy="fixed", policy_parameters={"dynos": 4})
    assert run.figures.dyno_seconds == 4 * 1790.0


def test_too_few_dynos_are_late_and_many_are_not() -> None:
    shares = [
        played(recorded(), policy="fixed", policy_parameters={"dynos": count})[1].figures
        for count in (2, 6, 20)
    ]
    found = [one.share_in_time or 0.0 for one in shares]
    assert found == sorted(found)
    assert found[0] < 0.75
    assert found[2] > 0.97


def test_a_stricter_target_costs_more() -> None:
    _, loose = played(recorded(), policy_parameters={"response_time": 1.0})
    _, strict = played(recorded(), policy_parameters={"response_time": 0.25})
    assert strict.figures.dyno_seconds > loose.figures.dyno_seconds


def test_without_readings_there_is_nothing_to_replay() -> None:
    samples = [Sample(NOW + 10 * tick, dynos=2) for tick in range(50)]
    assert replay_web(SETTINGS, samples, NOW, [SETTINGS]) is None


def test_progress_is_told_to_its_end() -> None:
    told: list[float] = []
    found = replay_web(SETTINGS, recorded(RATES[:50]), NOW, [SETTINGS, SETTINGS], told.append)
    assert isinstance(found, Replay)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert set(found.recorded.series.backlog) == {None}
    assert len(found.at) == len(found.arrival_rate)


@pytest.mark.parametrize(
    ("target", "share"), [(0.0, 0.0), (0.1, 0.5), (0.4, 0.95), (0.9, 0.99), (9.0, 1.0)]
)
def test_the_share_within_a_target_is_read_between_percentiles(target: float, share: float) -> None:
    reading = WebReading(30.0, 100, p50=0.1, p95=0.4, p99=0.9)
    assert share_within(reading, target) == pytest.approx(share)
    assert share_within(WebReading(30.0, 100, p95=0.4), target) is None
