"""Settings that cannot be meant fall back; those that can are kept."""

from math import inf, nan

import pytest

from guv.scaling.estimate.cleaning import sound
from guv.scaling.model import Settings


def test_sound_settings_are_kept() -> None:
    settings = Settings(minimum_dynos=2, maximum_dynos=9, target_deadline=30, processing_time=4)
    assert sound(settings) == settings


def test_the_maximum_is_the_budget_and_wins() -> None:
    assert sound(Settings(minimum_dynos=9, maximum_dynos=3)).minimum_dynos == 3


@pytest.mark.parametrize("value", [nan, inf, -1.0, 0.0, "60", None])
def test_a_deadline_that_is_none_falls_back(value: object) -> None:
    settings = Settings(target_deadline=value)  # type: ignore[arg-type]  # garbage on purpose
    assert sound(settings).target_deadline == 60.0


@pytest.mark.parametrize("value", [nan, inf, -5.0, 0.0])
def test_an_impossible_told_time_is_not_told(value: float) -> None:
    settings = sound(Settings(processing_time=value, boot_time=value))
    assert (settings.processing_time, settings.boot_time) == (None, None)


@pytest.mark.parametrize(("told", "used"), [(10.0, 50.0), (99.9, 99.9), (100.0, 99.99)])
def test_the_percentile_stays_where_it_means_something(told: float, used: float) -> None:
    assert sound(Settings(percentile=told)).percentile == used


@pytest.mark.parametrize("concurrency", [0, -3])
def test_a_dyno_works_on_one_message_at_least(concurrency: int) -> None:
    assert sound(Settings(concurrency=concurrency)).concurrency == 1


def test_garbage_everywhere_gives_the_defaults() -> None:
    garbage = Settings(
        minimum_dynos="x",  # type: ignore[arg-type]  # garbage on purpose
        maximum_dynos=nan,  # type: ignore[arg-type]  # likewise
        processing_time_stddev=nan,
        interval=nan,
        history=inf,
        percentile=nan,
    )
    assert sound(garbage) == Settings()
