"""Bounds that schedules and overrides set, now and next."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from guv.scaling.model import Reason, Settings, Window

MINUTES_PER_DAY = 1440
DAYS_AHEAD = 8  # Days to look ahead: a whole week from any minute of today.


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and most dynos now, and where they come from.

    Attributes:
        minimum: Least dynos.
        maximum: Most dynos; it wins over the minimum.
        minimum_reason: MINIMUM, SCHEDULE or OVERRIDE.
        maximum_reason: MAXIMUM, SCHEDULE or OVERRIDE.
        notices: Windows that could not be read.
    """

    minimum: int
    maximum: int
    minimum_reason: Reason = Reason.MINIMUM
    maximum_reason: Reason = Reason.MAXIMUM
    notices: tuple[str, ...] = ()


def bounds_at(settings: Settings, now: float) -> Bounds:
    """Return the bounds at an instant (Unix seconds); the maximum wins over the minimum."""
    bounds = Bounds(settings.minimum_dynos, settings.maximum_dynos)
    if settings.schedules:
        bounds = _scheduled(settings.schedules, bounds, now)
    override = settings.override
    if override is not None and now < override.until:
        bounds = _narrowed(bounds, override.minimum_dynos, override.maximum_dynos, Reason.OVERRIDE)
    if bounds.minimum > bounds.maximum:
        is_usual = bounds.maximum_reason is Reason.MAXIMUM  # then what raised the minimum is why
        why = bounds.minimum_reason if is_usual else bounds.maximum_reason
        bounds = replace(bounds, minimum=bounds.maximum, minimum_reason=why)
    return bounds


def is_open(window: Window, now: float) -> bool:
    """Return whether a window contains an instant, by its own time zone's wall clock.

    Raises:
        ValueError: The window's start, end or zone is not one.
        LookupError: The time zone is unknown (`ZoneInfoNotFoundError`).
    """
    zone = ZoneInfo(window.timezone)
    today = datetime.fromtimestamp(now, zone).date()
    for day in (today, today - timedelta(days=1)):
        if begins_on(window, day):
            start, end = span(window, day, zone)
            if start <= now < end:
                return True
    return False


def begins_on(window: Window, day: date) -> bool:
    """Return whether the window begins on that day of its zone."""
    if window.date is not None:
        return day.isoformat() == window.date
    return day.weekday() in window.days


def span(window: Window, day: date, zone: ZoneInfo) -> tuple[float, float]:
    """Return from when to when (Unix seconds) the window of that day is open.

    A start or end that the wall clock skips on that day is when it skips it. Of an hour that comes
    twice the first start and the last end count, so that no window is closed in between.

    Raises:
        ValueError: The window's start or end is no time of day.
    """
    start, end = _minute(window.start), _minute(window.end)
    closes = day if start < end else day + timedelta(days=1)
    return _instant(day, start, zone, fold=0), _instant(closes, end, zone, fold=1)


def _instant(day: date, minute: int, zone: ZoneInfo, *, fold: int) -> float:
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - its zone follows
    early, late = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (1, 0))
    if early >= late:
        return early if fold else late
    while late - early > 1.0:  # the wall clock skips it: find when
        middle = (early + late) / 2.0
        shown = datetime.fromtimestamp(middle, zone).replace(tzinfo=None)
        early, late = (early, middle) if shown >= wall else (middle, late)
    return round(late)


def _scheduled(windows: tuple[Window, ...], bounds: Bounds, now: float) -> Bounds:
    notices: list[str] = []
    for window in windows:
        try:
            is_now = is_open(window, now)
        except (ValueError, LookupError, OSError) as error:
            notices.append(f"a schedule window cannot be read: {error}")
            continue
        if is_now:
            low = window.minimum_dynos if window.dynos is None else window.dynos
            high = window.maximum_dynos if window.dynos is None else window.dynos
            bounds = _narrowed(bounds, low, high, Reason.SCHEDULE)
            break
    return replace(bounds, notices=tuple(notices))


def _narrowed(bounds: Bounds, low: int | None, high: int | None, reason: Reason) -> Bounds:
    if high is not None:
        bounds = replace(bounds, maximum=max(0, high), maximum_reason=reason)
    if low is not None:
        bounds = replace(bounds, minimum=max(0, low), minimum_reason=reason)
    return bounds


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    minute = int(hours) * 60 + int(minutes)
    if not 0 <= minute <= MINUTES_PER_DAY:
        raise ValueError(f"{text!r} is no time of day")
    return minute


def next_switches(settings: Settings, now: float, most: int) -> list[tuple[float, Bounds]]:
    """Return up to `most` coming instants (Unix seconds) with the bounds from then on.

    Weekly windows are looked at for eight days, one-off ones however far they are.

    Args:
        settings: The role's settings.
        now: Unix seconds.
        most: How many instants.
    """
    edges = {edge for window in settings.schedules for edge in _edges(window, now)}
    if settings.override is not None:
        edges.add(settings.override.until)
    switches: list[tuple[float, Bounds]] = []
    present = bounds_at(settings, now)
    for edge in sorted(edge for edge in edges if edge > now):
        bounds = bounds_at(settings, edge)
        if bounds != present and len(switches) < most:
            switches.append((edge, bounds))
        present = bounds
    return switches


def _edges(window: Window, now: float) -> Iterator[float]:
    """Return the instants near now at which a window opens or closes."""
    zone = ZoneInfo(window.timezone)
    today = datetime.fromtimestamp(now, zone).date()
    ahead = [today + timedelta(days=number) for number in range(-1, DAYS_AHEAD + 1)]
    days = (
        [date.fromisoformat(window.date)]
        if window.date is not None
        else [day for day in ahead if begins_on(window, day)]
    )
    for day in days:
        yield from span(window, day, zone)
