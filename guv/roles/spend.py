"""Spend cap of a role: dyno-hours of the month, and when the cap is reached.

A cap counts the hours of one role in a calendar month in UTC, as Heroku bills them. The pace is
that of the last week, so that nights and weekends are included.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

WARNED_AT = 0.8  # share of the cap from which a warning is shown
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Spend:
    """A role's dyno-hours against its cap.

    Attributes:
        cap: Dyno-hours allowed in a month.
        used: Dyno-hours used this month.
        pace: Dyno-hours used per hour; None: unknown.
    """

    cap: float
    used: float
    pace: float | None = None

    @property
    def share(self) -> float:
        """The share of the cap that is used; above 1 when it is exceeded."""
        return self.used / self.cap

    def reached_at(self, now: datetime) -> datetime | None:
        """Return when the cap is reached at this pace; None: not this month, or already reached."""
        if not self.pace or self.used >= self.cap:
            return None
        hours = (self.cap - self.used) / self.pace
        return now + timedelta(hours=hours) if hours < hours_left(now) else None

    def warning(self, now: datetime) -> str:
        """Return a warning with the date; empty below `WARNED_AT`."""
        if self.share < WARNED_AT:
            return ""
        used = f"{self.used:.0f} of {self.cap:g} dyno-hours of this month are used"
        if self.used >= self.cap:
            return f"{used}: minimum_dynos are kept until {month_end(now):%Y-%m-%d} (UTC)"
        at = self.reached_at(now)
        when = "the cap is not reached this month"
        if at is not None:
            when = f"the cap is reached on {at:%Y-%m-%d at %H:%M} UTC"
        return f"{used} ({self.share:.0%}); at the pace of the last week {when}"


def month_begin(now: datetime) -> datetime:
    """Return the start of the month; `now` is in UTC."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_end(now: datetime) -> datetime:
    """Return the start of the next month; `now` is in UTC."""
    return month_begin(month_begin(now) + timedelta(days=32))


def hours_left(now: datetime) -> float:
    """Return the hours until the next month."""
    return (month_end(now) - now) / timedelta(hours=1)
