"""The role's usual week: mean arrival rates by the hour of the week."""

from collections.abc import Sequence
from math import floor

from guv.scaling.estimate.arrivals import Curve, published_until
from guv.scaling.estimate.cleaning import is_number

WEEK = 604_800.0  # Seconds of a week.
MONDAY = 345_600.0  # Unix seconds of the first Monday, 00:00 UTC
MOST_GROWTH = 4.0  # Most that a profile may multiply the present rate by.
FEWEST_VISITS = 2  # Weeks that must have shown a slot before it counts.

Profile = Sequence[float | None]
"""Mean messages per second in each equal slot of the week from Monday 00:00 UTC; None: unknown.
With 24 slots of an hour given seven times it is a daily pattern."""


def growth(profile: Profile, now: float, ahead: float) -> float:
    """Return by which factor the rate usually grows within `ahead` seconds, from 1 to 4.

    Only growth is foreseen: a fall that does not come would be paid with a missed deadline.
    """
    present, later = usual_rate(profile, now), usual_rate(profile, now + ahead)
    if not present or later is None:
        return 1.0
    return min(max(later / present, 1.0), MOST_GROWTH)


def usual_rate(profile: Profile, instant: float) -> float | None:
    """Return the usual messages per second at an instant, between the middles of slots."""
    if not profile:
        return None
    place = (instant - MONDAY) % WEEK / WEEK * len(profile) - 0.5
    index = floor(place)
    early, late = _rate(profile[index % len(profile)]), _rate(profile[(index + 1) % len(profile)])
    if early is None or late is None:
        return None
    return early + (place - index) * (late - early)


def profile_of(curve: Curve, slots: int = 168) -> Profile:
    """Return the profile that a long curve of published messages shows.

    A slot counts when at least `FEWEST_VISITS` weeks have shown it; one busy hour is no pattern.

    Args:
        curve: Messages published until each instant, over weeks.
        slots: Equal parts of the week, 168 for hours.
    """
    length = WEEK / slots
    sums, visits = [0.0] * slots, [0] * slots
    if len(curve.times) < FEWEST_VISITS:
        return [None] * slots
    start = curve.times[0] - (curve.times[0] - MONDAY) % length + length
    before = published_until(curve, start)
    while start + length <= curve.times[-1]:
        after = published_until(curve, start + length)
        slot = int((start - MONDAY) % WEEK / length + 0.5) % slots
        sums[slot] += (after - before) / length
        visits[slot] += 1
        start, before = start + length, after
    return [s / n if n >= FEWEST_VISITS else None for s, n in zip(sums, visits, strict=True)]


def _rate(value: float | None) -> float | None:
    return float(value) if value is not None and is_number(value) and value >= 0 else None
