"""The next changes of the bounds are told before they come."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from guv.scaling.model import Override, Settings, Window
from guv.scaling.shape.rules import bounds_at, next_switches

WEDNESDAY_NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


def switches(settings: Settings, most: int = 10) -> list[tuple[float, int, int]]:
    """Hours from noon, and the bounds from then on."""
    found = next_switches(settings, WEDNESDAY_NOON, most)
    return [((at - WEDNESDAY_NOON) / HOUR, one.minimum, one.maximum) for at, one in found]


def test_nothing_scheduled_changes_nothing() -> None:
    assert switches(Settings()) == []


def test_a_window_opens_and_closes() -> None:
    window = Window("14:00", "16:00", "UTC", days=(2,), minimum_dynos=3)
    assert switches(Settings(schedules=(window,)), 2) == [(2, 3, 5), (4, 1, 5)]


def test_a_window_over_midnight_closes_the_next_day() -> None:
    window = Window("22:00", "02:00", "UTC", days=(2,), dynos=4)
    assert switches(Settings(schedules=(window,)), 2) == [(10, 4, 4), (14, 1, 5)]


def test_a_window_has_its_own_zone() -> None:
    window = Window("14:00", "16:00", "Europe/Berlin", days=(2,), dynos=4)
    assert switches(Settings(schedules=(window,)), 1) == [(1, 4, 4)]


def test_the_end_of_an_override_is_a_change() -> None:
    override = Override(WEDNESDAY_NOON + HOUR, maximum_dynos=20)
    assert switches(Settings(override=override)) == [(1, 1, 5)]


def test_an_edge_that_changes_nothing_is_not_told() -> None:
    first = Window("13:00", "14:00", "UTC", days=(2,), dynos=2)
    second = Window("14:00", "15:00", "UTC", days=(2,), dynos=2)
    assert switches(Settings(schedules=(first, second)), 2) == [(1, 2, 2), (3, 1, 5)]


@pytest.mark.parametrize("days", [(2,), (0, 1, 2, 3, 4, 5, 6)])
def test_a_week_ahead_is_seen(days: tuple[int, ...]) -> None:
    window = Window("11:00", "12:00", "UTC", days=days, dynos=2)
    assert (167, 2, 2) in switches(Settings(schedules=(window,)), 100)


def test_a_single_day_far_ahead_is_seen() -> None:
    window = Window("12:00", "13:00", "UTC", date="2026-12-25", dynos=2)
    assert switches(Settings(schedules=(window,))) == [(720, 2, 2), (721, 1, 5)]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize(
    ("start", "end"), [("02:30", "03:30"), ("01:30", "02:30"), ("22:00", "02:30")]
)
def test_what_is_told_before_is_what_happens_on_the_days_when_the_clocks_change(
    day: str, start: str, end: str
) -> None:
    window = Window(start, end, "Europe/Berlin", days=(5, 6), dynos=4)
    settings = Settings(schedules=(window,))
    begin = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) - 86400
    told = [at for at, _ in next_switches(settings, begin, 100) if at < begin + 3 * 86400]
    minutes = range(begin, begin + 3 * 86400, 60)
    bounds = [bounds_at(settings, at).minimum for at in minutes]
    seen = [at for at, (old, new) in zip(minutes[1:], pairwise(bounds), strict=True) if old != new]
    assert told == seen
