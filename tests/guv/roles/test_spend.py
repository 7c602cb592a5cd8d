"""Spend caps: warnings and the date at which a cap is reached."""

from datetime import UTC, datetime

import pytest

from guv.roles.spend import Spend, month_begin, month_end

NOW = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)  # 240 hours are left of November


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), (2026, 11), (2026, 12)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), (2026, 12), (2027, 1)),
        (datetime(2028, 2, 29, tzinfo=UTC), (2028, 2), (2028, 3)),
        (datetime(2027, 1, 1, tzinfo=UTC), (2027, 1), (2027, 2)),
    ],
)
def test_a_spend_month_is_a_calendar_month(
    now: datetime, begin: tuple[int, int], end: tuple[int, int]
) -> None:
    assert month_begin(now) == datetime(*begin, 1, tzinfo=UTC)
    assert month_end(now) == datetime(*end, 1, tzinfo=UTC)


def test_spend_below_four_fifths_of_the_cap_is_not_warned_about() -> None:
    assert Spend(cap=500, used=399, pace=50.0).warning(NOW) == ""


def test_the_spend_warning_has_the_date_at_the_present_pace() -> None:
    spend = Spend(cap=500, used=400, pace=2.0)
    assert spend.reached_at(NOW) == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert spend.warning(NOW) == (
        "400 of 500 dyno-hours of this month are used (80%); at the pace of the last week the cap"
        " is reached on 2026-11-23 at 02:00 UTC"
    )


def test_a_spend_cap_that_would_be_reached_next_month_has_no_date() -> None:
    spend = Spend(cap=500, used=400, pace=100 / 241)
    assert spend.reached_at(NOW) is None
    assert spend.warning(NOW).endswith("the cap is not reached this month")


@pytest.mark.parametrize("pace", [None, 0.0])
def test_the_spend_warning_has_no_date_without_a_pace(pace: float | None) -> None:
    assert Spend(cap=500, used=450, pace=pace).reached_at(NOW) is None


def test_the_message_at_the_spend_cap_says_what_happens_and_how_long() -> None:
    assert Spend(cap=500, used=500.4, pace=2.0).warning(NOW) == (
        "500 of 500 dyno-hours of this month are used:"
        " minimum_dynos are kept until 2026-12-01 (UTC)"
    )
