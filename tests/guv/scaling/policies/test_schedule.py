"""The schedule policy holds the number of the latest time of day."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from guv.scaling.model import Estimates, Sample, Settings
from guv.scaling.policies.schedule import parse_times, schedule

BERLIN = ZoneInfo("Europe/Berlin")


def dynos_at(instant: datetime, times: str, zone: str = "UTC", current: int = 9) -> int:
    settings = Settings(policy_parameters={"times": times, "timezone": zone})
    now = instant.timestamp()
    return schedule(settings, [Sample(now, dynos=current)], Estimates(), now).dynos


@pytest.mark.parametrize(
    ("hour", "minute", "dynos"),
    [(2, 59, 2), (3, 0, 1), (6, 59, 1), (7, 0, 3), (21, 59, 3), (22, 0, 2), (0, 0, 2)],
)
def test_each_number_holds_until_the_next_time(hour: int, minute: int, dynos: int) -> None:
    instant = datetime(2026, 1, 7, hour, minute, tzinfo=UTC)

    assert dynos_at(instant, "07:00=3, 22:00=2, 03:00=1") == dynos


@pytest.mark.parametrize("month", [1, 7])
def test_times_are_local_in_summer_and_in_winter(month: int) -> None:
    just_before = datetime(2026, month, 7, 6, 59, tzinfo=BERLIN)
    at = datetime(2026, month, 7, 7, 0, tzinfo=BERLIN)

    assert dynos_at(just_before, "07:00=3, 22:00=1", "Europe/Berlin") == 1
    assert dynos_at(at, "07:00=3, 22:00=1", "Europe/Berlin") == 3


def test_an_hour_that_the_clock_skips_still_passes_the_time() -> None:
    after = datetime(2026, 3, 29, 3, 5, tzinfo=BERLIN)

    assert dynos_at(after, "02:30=4, 22:00=1", "Europe/Berlin") == 4


def test_an_unknown_zone_is_universal_time() -> None:
    assert dynos_at(datetime(2026, 1, 7, 7, 0, tzinfo=UTC), "07:00=3, 22:00=1", "Mars/Base") == 3


def test_without_a_readable_time_the_present_number_stays() -> None:
    assert dynos_at(datetime(2026, 1, 7, 7, 0, tzinfo=UTC), "never") == 9


@pytest.mark.parametrize("text", ["", "7=3", "07:00", "25:00=1", "07:61=1", "07:00=-1", "a:b=c"])
def test_an_entry_that_cannot_be_read_is_left_out(text: str) -> None:
    assert parse_times(f"{text}, 08:30=2") == [(510, 2)]
