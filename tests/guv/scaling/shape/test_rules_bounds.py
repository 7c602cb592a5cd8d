"""Which bounds hold when: by the wall clock of the window's own time zone."""

from datetime import UTC, datetime

import pytest

from guv.scaling.model import Override, Reason, Settings, Window
from guv.scaling.shape.rules import bounds_at, is_open

EVERY_DAY = tuple(range(7))


def instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def a_window(start: str = "08:00", end: str = "20:00", zone: str = "UTC", **more: object) -> Window:
    return Window(start, end, zone, **({"days": EVERY_DAY} | more))  # type: ignore[arg-type]  # of mixed types


def settings(*windows: Window, minimum: int = 1, maximum: int = 5, **more: object) -> Settings:
    return Settings(
        minimum_dynos=minimum,
        maximum_dynos=maximum,
        schedules=windows,
        **more,  # type: ignore[arg-type]  # of mixed types
    )


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-01-05T07:59:59", False),
        ("2026-01-05T08:00:00", True),
        ("2026-01-05T19:59:59", True),
        ("2026-01-05T20:00:00", False),
    ],
)
def test_a_window_holds_from_its_start_to_its_end(at: str, open_: bool) -> None:  # noqa: FBT001 - a table
    assert is_open(a_window(), instant(at)) is open_


def test_a_window_over_midnight_belongs_to_the_day_it_began() -> None:
    window = a_window("22:00", "02:00", days=(0,))
    assert is_open(window, instant("2026-01-05T23:00:00"))
    assert is_open(window, instant("2026-01-06T01:59:00"))
    assert not is_open(window, instant("2026-01-06T23:00:00"))


def test_a_window_with_equal_ends_lasts_a_day() -> None:
    assert is_open(a_window("06:00", "06:00", days=(0,)), instant("2026-01-06T05:00:00"))


def test_a_window_may_end_at_midnight() -> None:
    assert is_open(a_window("20:00", "24:00", days=(0,)), instant("2026-01-05T23:59:00"))


def test_a_dated_window_holds_on_that_day_only() -> None:
    window = a_window(days=(), date="2026-11-27")
    assert is_open(window, instant("2026-11-27T09:00:00"))
    assert not is_open(window, instant("2026-11-28T09:00:00"))


@pytest.mark.parametrize("at", ["2026-03-28T07:00:00", "2026-03-30T06:00:00"])
def test_eight_in_berlin_is_eight_in_berlin_before_and_after_the_clocks_change(at: str) -> None:
    assert is_open(a_window(zone="Europe/Berlin"), instant(at))
    assert not is_open(a_window(zone="Europe/Berlin"), instant(at) - 60)


def test_the_hour_that_comes_twice_is_open_twice() -> None:
    window = a_window("02:00", "03:00", "Europe/Berlin")
    assert is_open(window, instant("2026-10-25T00:30:00"))
    assert is_open(window, instant("2026-10-25T01:30:00"))


def test_without_a_schedule_the_settings_hold() -> None:
    bounds = bounds_at(settings(minimum=2, maximum=7), 0.0)
    assert (bounds.minimum, bounds.maximum) == (2, 7)


def test_an_exact_count_is_both_bounds() -> None:
    bounds = bounds_at(settings(a_window(dynos=3)), instant("2026-01-05T09:00:00"))
    assert (bounds.minimum, bounds.maximum) == (3, 3)


def test_a_bound_that_a_window_does_not_name_is_the_settings() -> None:
    bounds = bounds_at(settings(a_window(minimum_dynos=4)), instant("2026-01-05T09:00:00"))
    assert (bounds.minimum, bounds.maximum) == (4, 5)


def test_the_first_open_window_counts() -> None:
    both = settings(a_window(dynos=3), a_window(dynos=4))
    assert bounds_at(both, instant("2026-01-05T09:00:00")).minimum == 3


def test_an_override_wins_over_a_schedule() -> None:
    role = settings(a_window(dynos=3), override=Override(until=2e9, maximum_dynos=2))
    bounds = bounds_at(role, instant("2026-01-05T09:00:00"))
    assert (bounds.maximum, bounds.maximum_reason) == (2, Reason.OVERRIDE)


def test_an_override_ends() -> None:
    role = settings(override=Override(until=100.0, minimum_dynos=4))
    assert bounds_at(role, 100.0).minimum == 1


def test_a_minimum_above_the_maximum_gives_way() -> None:
    bounds = bounds_at(settings(override=Override(until=100.0, minimum_dynos=9)), 0.0)
    assert (bounds.minimum, bounds.maximum) == (5, 5)


@pytest.mark.parametrize(
    "window",
    [
        a_window(zone="Mars/Olympus"),
        a_window(start="noon"),
        a_window(end="25:99"),
        a_window("", ""),
    ],
)
def test_a_window_that_cannot_be_read_is_left_out_and_named(window: Window) -> None:
    bounds = bounds_at(settings(window), instant("2026-01-05T09:00:00"))
    assert (bounds.minimum, bounds.maximum) == (1, 5)
    assert "window cannot be read" in bounds.notices[0]


SPRING, AUTUMN = "2026-03-29", "2026-10-25"  # in Berlin 02:00 becomes 03:00, and 03:00 02:00


@pytest.mark.parametrize(
    ("day", "start", "end", "opens", "closes"),
    [
        (SPRING, "01:30", "03:30", "00:30", "01:30"),
        (SPRING, "02:30", "03:30", "01:00", "01:30"),  # there is no 02:30
        (SPRING, "01:30", "02:30", "00:30", "01:00"),
        (SPRING, "00:00", "06:00", "2026-03-28T23:00", "04:00"),
        (AUTUMN, "01:30", "03:30", "2026-10-24T23:30", "02:30"),
        (AUTUMN, "02:15", "02:45", "00:15", "01:45"),  # both half past two are inside
        (AUTUMN, "00:00", "02:30", "2026-10-24T22:00", "01:30"),
        (AUTUMN, "02:30", "06:00", "00:30", "05:00"),
    ],
)
def test_on_the_days_when_the_clocks_change_a_window_is_open_in_one_piece(
    day: str, start: str, end: str, opens: str, closes: str
) -> None:
    window = a_window(start, end, "Europe/Berlin", days=(), date=day)
    first, last = (instant(at if "T" in at else f"{day}T{at}") for at in (opens, closes))
    around = range(int(first) - 4 * 3600, int(last) + 4 * 3600, 60)
    assert [at for at in around if is_open(window, at)] == list(range(int(first), int(last), 60))


def test_a_window_that_lies_in_the_hour_that_is_skipped_does_not_open() -> None:
    window = a_window("02:10", "02:50", "Europe/Berlin", days=(), date=SPRING)
    start = instant(f"{SPRING}T00:00")
    assert not any(is_open(window, start + 60 * minute) for minute in range(240))


def test_a_day_that_a_zone_skips_opens_nothing() -> None:
    window = a_window("00:00", "00:00", "Pacific/Apia", days=(), date="2011-12-30")
    start = instant("2011-12-29T00:00")
    assert not any(is_open(window, start + 600 * step) for step in range(6 * 72))


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu"])
def test_a_window_of_a_whole_day_follows_the_next_without_a_gap(zone: str) -> None:
    window = a_window("06:00", "06:00", zone)
    start = instant("2026-01-01T00:00")
    assert all(is_open(window, start + 1800 * step) for step in range(2 * 24 * 366))


def test_a_minimum_of_an_override_above_the_maximum_is_the_overrides() -> None:
    override = Override(until=100.0, minimum_dynos=50)
    bounds = bounds_at(Settings(maximum_dynos=5, override=override), 0.0)
    assert (bounds.minimum, bounds.maximum) == (5, 5)
    assert (bounds.minimum_reason, bounds.maximum_reason) == (Reason.OVERRIDE, Reason.MAXIMUM)
