"""When do the bounds change next? Every opening and closing of a window, and an override's end."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from guv.scaling.model import Settings, Window
from guv.scaling.shape.schedule_windows import Bounds, begins_on, bounds_at, span

DAYS_AHEAD = 8  # a whole week from any minute of today


def next_switches(settings: Settings, now: float, most: int) -> list[tuple[float, Bounds]]:
    """Up to `most` instants (Unix seconds) from now on, each with the bounds that hold from then.

    Weekly windows are looked at for eight days, one-off ones however far they are.

    Args:
        settings: The role's settings.
        now: Unix seconds.
        most: How many instants.
    """
    edges = {edge for window in settings.schedules for edge in _edges(window, now)}
    if settings.override is not None:
        edges.add(settings.override.until)
    found: list[tuple[float, Bounds]] = []
    present = bounds_at(settings, now)
    for edge in sorted(edge for edge in edges if edge > now):
        bounds = bounds_at(settings, edge)
        if bounds != present and len(found) < most:
            found.append((edge, bounds))
        present = bounds
    return found


def _edges(window: Window, now: float) -> Iterator[float]:
    """The instants near now at which a window opens or closes."""
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
