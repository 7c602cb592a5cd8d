"""Policies without a signal: a schedule of counts, and a fixed count.

The original set a number at each time and then forgot it, so that a clock restarting at that very
minute lost the change. Here the number of the latest time holds until the next, on every tick.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.policies.parameters import Number, Parameter, Text

TIMES = Text("times", "07:00=3, 22:00=2, 03:00=1", "times of day and dynos from then on")
TIMEZONE = Text("timezone", "UTC", "IANA name of the time zone in which they are meant")

SCHEDULE: tuple[Parameter, ...] = (TIMES, TIMEZONE)

_Entry = tuple[int, int]  # minute of the day, dynos
DYNOS = Number("dynos", -1.0, "dynos", "how many; the role's minimum where it is not set", -1.0)

FIXED: tuple[Parameter, ...] = (DYNOS,)


def schedule(settings: Settings, samples: Sequence[Sample], _: Estimates, now: float) -> Wish:
    """Ask for the number of the latest time of day that has passed, if any is set."""
    entries = sorted(parse_times(TIMES.of(settings)))
    if not entries:
        return Wish(samples[-1].dynos or 0, Reason.STEADY, "no time is set")
    local = datetime.fromtimestamp(now, _zone(TIMEZONE.of(settings)))
    minute = local.hour * 60 + local.minute
    passed = [entry for entry in entries if entry[0] <= minute]
    since, dynos = (passed or entries)[-1]
    return Wish(dynos, Reason.SCHEDULE, f"{dynos} since {since // 60:02d}:{since % 60:02d}")


def parse_times(text: str) -> list[_Entry]:
    """Parse "07:00=3, 22:00=2" to minutes of the day and dynos; leave out what is unreadable."""
    entries = (_entry(part) for part in text.split(","))
    return [entry for entry in entries if entry is not None]


def _entry(part: str) -> _Entry | None:
    clock, equals, dynos = part.strip().partition("=")
    hour, colon, minute = clock.partition(":")
    numbers = (hour, minute, dynos)
    if not (equals and colon and all(number.strip().isdecimal() for number in numbers)):
        return None
    minutes = int(hour) * 60 + int(minute)
    is_real = int(hour) < 24 and int(minute) < 60  # noqa: PLR2004  # hours of a day and so on
    return (minutes, int(dynos)) if is_real else None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def fixed(settings: Settings, _: Sequence[Sample], __: Estimates, ___: float) -> Wish:
    """Ask for the number that was set."""
    dynos = int(DYNOS.of(settings))
    if dynos < 0:
        return Wish(settings.minimum_dynos, Reason.MINIMUM, "as many as the minimum")
    return Wish(dynos, Reason.STEADY, f"always {dynos}")
