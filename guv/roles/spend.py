"""How much of its month's dyno-hours has a role used, and when are they used up?

A cap counts the hours of one role in a calendar month in UTC, as Heroku bills them. The pace is
that of the last week, so that nights and weekends are in it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

WARNED_AT = 0.8  # of the cap
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Spend:
    """A role's dyno-hours.

    Attributes:
        cap: Dyno-hours that it may use in a month.
        used: Those used this month.
        pace: Dyno-hours that it uses in an hour; None: not known yet.
    """

    cap: float
    used: float
    pace: float | None = None

    @property
    def share(self) -> float:
        """The part of the cap that is used; above 1: all of it and more."""
        return self.used / self.cap

    def reached_at(self, now: datetime) -> datetime | None:
        """When the cap is reached at this pace; None: not this month, or already."""
        if not self.pace or self.used >= self.cap:
            return None
        hours = (self.cap - self.used) / self.pace
        return now + timedelta(hours=hours) if hours < hours_left(now) else None

    def warning(self, now: datetime) -> str:
        """What a person should know, with the date; empty below `WARNED_AT`."""
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
    """When the month began; `now` is in UTC."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_end(now: datetime) -> datetime:
    """When the next month begins; `now` is in UTC."""
    return month_begin(month_begin(now) + timedelta(days=32))


def hours_left(now: datetime) -> float:
    """Hours until the next month begins."""
    return (month_end(now) - now) / timedelta(hours=1)
