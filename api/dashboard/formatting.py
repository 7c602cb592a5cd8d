"""Formats of numbers and times on pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, inf
from typing import Any
from zoneinfo import ZoneInfo

from guv.roles.status import override_in_words, pause_in_words
from guv.settings.field_types import known_timezones

UNKNOWN = "unknown"
FILTERS = ("count", "seconds", "percent", "hours", "usd", "rate", "wait", "plain", "points", "more")
_MINUTE = 60
_SEEN = 0.0005  # difference of two shares that is still displayed
_HOURS_SEEN = 0.05  # difference of two dyno-hours that is still displayed
_PRECISE = 9.95  # seconds, below which tenths are displayed


@dataclass(frozen=True, slots=True)
class Clock:
    """Formats times in the visitor's time zone.

    Attributes:
        zone: The visitor's time zone.
        now: Time of the request.
    """

    zone: ZoneInfo
    now: datetime

    def short(self, at: datetime, *, seconds: bool = False) -> str:
        """Return the time of day, with its date unless that is today: 14:00 or 28 Nov 14:00."""
        time = "%H:%M:%S" if seconds else "%H:%M"
        here, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        if here.date() == today.date():
            return f"{here:{time}}"
        year = "" if here.year == today.year else f" {here.year}"
        return f"{here.day} {here:%b}{year} {here:{time}}"

    def pause(self, pause: Mapping[str, Any]) -> str:
        """Describe a stored pause: paused until 14:00."""
        return pause_in_words(pause, self.now, self.short) or "expired pause"

    def override(self, override: Mapping[str, Any]) -> str:
        """Describe a stored override: override until 14:00: at most 9."""
        return override_in_words(override, self.now, self.short) or "expired override"

    def elsewhere(self, zone: str) -> "Clock":
        """Return the clock of another time zone, or this clock if the zone is unknown."""
        return Clock(ZoneInfo(zone), self.now) if zone in known_timezones() else self

    def day(self, at: datetime) -> str:
        """Return weekday, date and time: Mon 30 Nov 08:00."""
        here = at.astimezone(self.zone)
        return f"{here:%a} {here.day} {here:%b %H:%M}"

    def full(self, at: datetime) -> str:
        """Return date, time and zone: 28 Nov 2026 14:00:05 CET."""
        here = at.astimezone(self.zone)
        return f"{here.day} {here:%b %Y %H:%M:%S %Z}"


def count(value: float | None) -> str:
    """Format a whole number, its thousands separated by narrow spaces."""
    return UNKNOWN if value is None else f"{value:,.0f}".replace(",", "\u202f")


def seconds(value: float | None) -> str:
    """Format a duration in its two largest units: 0.25 s, 45 s, 2 min 5 s, 3 h 20 min."""
    if value is None:
        return UNKNOWN
    if value < 1:
        return f"{round(value, 3):.2g} s"
    if value < _PRECISE:
        return f"{value:.1f}".removesuffix(".0") + " s"
    whole = timedelta(seconds=round(value))
    minutes, rest = divmod(whole.seconds, _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    parts = [(whole.days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(place for place, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)


def percent(value: float | None) -> str:
    """Format a share of 0 to 1 as percent, rounded down so that 100 % means all."""
    return UNKNOWN if value is None else f"{floor(round(value * 1000, 6)) / 10:g} %"


def hours(value: float | None) -> str:
    """Format dyno-hours."""
    return UNKNOWN if value is None else f"{value:,.1f}".replace(",", "\u202f")


def usd(value: float | None) -> str:
    """Format US dollars."""
    return UNKNOWN if value is None else f"${value:,.2f}"


def rate(value: float | None) -> str:
    """Format a rate per second."""
    return UNKNOWN if value is None else f"{value:.3g}"


def wait(value: float | None) -> str:
    """Format a wait in seconds; infinity is never."""
    return "never" if value == inf else seconds(value)


def plain(name: str) -> str:
    """Return an identifier as words."""
    return name.replace("_", " ")


def points(value: float) -> str:
    """Format the difference of two shares in percentage points."""
    return (
        f"{100 * value:+.1f} points".replace("-", "\u2212") if abs(value) >= _SEEN else "the same"
    )


def more(value: float) -> str:
    """Format a difference of dyno-hours."""
    return f"{value:+.1f}".replace("-", "\u2212") if abs(value) >= _HOURS_SEEN else "the same"
