"""Public reports of schedules, limits and what other tools set, retold.

Rows are: seconds, ready, running, consumers, published, served, dynos.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from guv.scaling import Reason, Window
from guv.scaling.shape.rules import is_open
from tests.guv.scaling.stories import FOLLOWED, Row, counts_of, role, tell

ALL_DAYS = tuple(range(7))
MORNING = Window("07:10", "07:30", "America/New_York", ALL_DAYS, minimum_dynos=3)
NEW_YORK = ZoneInfo("America/New_York")
SCHEDULED = role(minimum_dynos=2, maximum_dynos=6, schedules=(MORNING,))
SEVEN = datetime(2024, 4, 12, 7, tzinfo=NEW_YORK).timestamp()
QUIET_MORNING = [Row(0, 0, 0, 2, 0, 0, 2)] + [
    Row(at, 0, 0, 2, 0, 0, FOLLOWED) for at in range(30, 2461, 30)
]
BEYOND_THE_LIMIT = [
    Row(0, 200, 3, 3, 500, 297, 3),
    Row(30, 215, 3, 3, 520, 302, 3),
    Row(60, 230, 3, 3, 540, 307, 3),
    Row(90, 250, 3, 3, 570, 317, FOLLOWED),
]
RESET_TWICE = [
    Row(0, 100, 12, 12, 900, 788, 12),
    Row(300, 150, 2, 2, 1200, 1048, 2),
    Row(330, 206, 2, 2, 1260, 1052, FOLLOWED),
    Row(600, 120, 2, 2, 1800, 1678, 2),
    Row(630, 176, 2, 2, 1860, 1682, FOLLOWED),
    Row(930, 220, 2, 2, 2400, 2178, 2),
]


def test_bc21_a_window_begins_on_time() -> None:
    told = tell(SCHEDULED, QUIET_MORNING, SEVEN)
    assert (told[570].desired, told[600].desired) == (2, 3)


def test_bc21_the_reason_of_a_window_is_the_schedule() -> None:
    assert tell(SCHEDULED, QUIET_MORNING, SEVEN)[600].reason is Reason.SCHEDULE


def test_bc21_a_window_is_over_one_tick_after_its_end() -> None:
    told = tell(SCHEDULED, QUIET_MORNING, SEVEN)
    assert counts_of(told, 600, 1799) == [3] * 40
    assert set(counts_of(told, 1830, 2460)) == {2}


def test_bc21_with_the_rows_of_the_report_alone_its_end_is_kept_too() -> None:
    rows = [
        Row(0, 0, 0, 2, 0, 0, 2),
        Row(600, 0, 0, 2, 0, 0, 2),
        Row(1800, 0, 0, 3, 0, 0, 3),
        Row(2460, 0, 0, 3, 0, 0, FOLLOWED),
    ]
    assert counts_of(tell(SCHEDULED, rows, SEVEN), 0, 2460) == [2, 3, 2, 2]


@pytest.mark.parametrize(
    ("day", "hour_utc"),
    [("2024-03-09", 12), ("2024-03-10", 11), ("2024-11-02", 11), ("2024-11-03", 12)],
    ids=["winter", "first of summer", "last of summer", "winter again"],
)
def test_bc21_a_window_follows_the_wall_clock_through_summer_time(day: str, hour_utc: int) -> None:
    def at(minute: int) -> float:
        return datetime.fromisoformat(f"{day}T{hour_utc:02d}:{minute:02d}:00+00:00").timestamp()

    assert [is_open(MORNING, at(minute)) for minute in (9, 10, 29, 30)] == [
        False,
        True,
        True,
        False,
    ]


def test_bc23_a_scheduled_minimum_is_met_exactly() -> None:
    day = Window("08:00", "20:00", "UTC", ALL_DAYS, minimum_dynos=90)
    settings = role(minimum_dynos=0, maximum_dynos=100, schedules=(day,))
    start = datetime(2024, 1, 10, 7, 59, tzinfo=ZoneInfo("UTC")).timestamp()
    rows = [Row(0, 0, 0, 0, 0, 0, 0), Row(120, 0, 0, 0, 0, 0, FOLLOWED)]
    assert counts_of(tell(settings, rows, start), 0, 120) == [0, 90]


def test_bc25_the_limit_that_the_platform_named_is_asked_for_and_kept() -> None:
    settings = role(processing_time=30, target_deadline=120, maximum_dynos=50, platform_limit=10)
    told = tell(settings, BEYOND_THE_LIMIT)
    assert counts_of(told, 30, 90) == [10, 10, 10]


def test_bc25_a_platform_limit_is_told_and_counts_as_the_maximum() -> None:
    settings = role(processing_time=30, target_deadline=120, maximum_dynos=50, platform_limit=10)
    decision = tell(settings, BEYOND_THE_LIMIT)[60]
    assert decision.reason is Reason.PLATFORM_LIMIT
    assert decision.misses_at_maximum


@pytest.mark.parametrize("at", [300, 330, 600, 630, 930])
def test_bc30_what_another_tool_set_is_back_at_the_need_after_one_tick(at: float) -> None:
    desired = tell(role(), RESET_TWICE)[at].desired
    assert desired is not None
    assert desired >= 12


def test_bc41_there_are_never_more_dynos_than_messages_can_use() -> None:
    """A target so tight that a formula asked for 20 dynos for three messages of four per dyno."""
    settings = role(
        processing_time=496.16,
        processing_time_stddev=1404.05,
        target_deadline=1200,
        percentile=68,
        concurrency=4,
        minimum_dynos=0,
    )
    rows = [
        Row(0, 1, 0, 0, 1, 0, 0),
        Row(30, 1, 0, 0, 1, 0, FOLLOWED),
        Row(60, 3, 0, 1, 4, 1, FOLLOWED),
    ]
    assert counts_of(tell(settings, rows), 0, 60) == [1, 1, 1]


def test_bc17_dynos_that_boot_are_not_asked_for_again() -> None:
    settings = role(
        processing_time=300,
        target_deadline=360,
        boot_time=45,
        minimum_dynos=0,
        maximum_dynos=100,
        interval=10,
    )
    rows = [
        Row(0, 42, 0, 0, 42, 0, 0),
        *(Row(at, 42, 0, 0, 42, 0, FOLLOWED) for at in (10, 20, 30, 40)),
        Row(60, 0, 42, 42, 42, 0, FOLLOWED),
    ]
    assert counts_of(tell(settings, rows), 0, 60) == [42] * 6
