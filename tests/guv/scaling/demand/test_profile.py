"""A role's own week: where it shows a rise, the rise is prepared for."""

from math import nan

import pytest

from guv.scaling import Sample, Settings, decide
from guv.scaling.demand.profile import WEEK, growth, profile_of, usual_rate
from guv.scaling.estimate.arrivals import Curve

MONDAY = 1_767_571_200.0  # 2026-01-05, 00:00 UTC
HOUR = 3600.0
MORNING = [1.0] * 8 + [3.0] * 16  # messages a second by the hour, each day alike
DAYS = MORNING * 7


def test_the_middle_of_an_hour_has_its_rate() -> None:
    assert usual_rate(DAYS, MONDAY + 7.5 * HOUR) == 1.0
    assert usual_rate(DAYS, MONDAY + 8.5 * HOUR) == 3.0


def test_between_two_middles_the_rate_changes_evenly() -> None:
    assert usual_rate(DAYS, MONDAY + 8.0 * HOUR) == pytest.approx(2.0)


def test_the_week_begins_again() -> None:
    assert usual_rate(DAYS, MONDAY + WEEK + 7.5 * HOUR) == 1.0


def test_a_rise_is_foreseen() -> None:
    assert growth(DAYS, MONDAY + 7.5 * HOUR, HOUR) == 3.0


def test_a_fall_is_not() -> None:
    assert growth(DAYS, MONDAY + 23.5 * HOUR, HOUR) == 1.0


def test_a_rise_beyond_belief_is_bounded() -> None:
    assert growth([0.01, 100.0], MONDAY + WEEK / 4, WEEK / 2) == 4.0


@pytest.mark.parametrize("profile", [(), [None] * 168, [nan] * 168, [-1.0] * 168, ["x"] * 3])
def test_what_is_unknown_foresees_nothing(profile: list[float]) -> None:
    assert growth(profile, MONDAY, HOUR) == 1.0


def weeks(number: int) -> Curve:
    """A curve with one message a second in the first half of each week and three in the second."""
    half = WEEK / 2
    times = [MONDAY + half * k for k in range(2 * number + 1)]
    totals = [0.0]
    for k in range(2 * number):
        totals.append(totals[-1] + half * (1.0 if k % 2 == 0 else 3.0))
    return Curve(times, totals)


def test_weeks_that_repeat_show_their_profile() -> None:
    profile = profile_of(weeks(4))
    assert profile[10] == pytest.approx(1.0)
    assert profile[120] == pytest.approx(3.0)


def test_one_week_is_no_pattern() -> None:
    assert set(profile_of(weeks(1))) == {None}


def test_no_curve_has_no_profile() -> None:
    assert profile_of(Curve([], []), slots=24) == [None] * 24


def test_a_foreseen_rise_starts_dynos_where_the_deadline_is_shorter_than_a_boot() -> None:
    role = Settings(0, 40, target_deadline=20, processing_time=3, boot_time=120)
    now = MONDAY + 7.87 * HOUR
    history = [
        Sample(now - 10.0 * k, 0, 3, 10_000 - 10 * k, 9_997 - 10 * k, 5, 5)
        for k in range(60, -1, -1)
    ]
    steep = ([1.0] * 95 + [4.0] * 193) * 7  # five-minute slots
    plain, foreseen = decide(role, history, now), decide(role, history, now, steep)
    assert (foreseen.desired or 0) > (plain.desired or 0)


def test_with_time_to_spare_a_foreseen_rise_is_left_to_the_curve() -> None:
    role = Settings(0, 40, target_deadline=900, processing_time=3)
    now = MONDAY + 7.95 * HOUR
    history = [
        Sample(now - 10.0 * k, 0, 3, 10_000 - 10 * k, 9_997 - 10 * k, 3, 3)
        for k in range(60, -1, -1)
    ]
    assert decide(role, history, now, DAYS).desired == decide(role, history, now).desired
