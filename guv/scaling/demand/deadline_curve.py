"""What must have begun by when? The deadlines of waiting and of coming messages as points."""

from bisect import bisect_right
from dataclasses import dataclass
from math import sqrt

from guv.scaling.demand.arrival_curve import Curve, published_at

MOST_POINTS = 32  # known points; more cost time and say nothing new
WATCHED_S = 120.0  # a history this long that still does not show an arrival is a cut one


@dataclass(frozen=True, slots=True)
class Point:
    """So many messages must have begun within so many seconds from now."""

    seconds: float
    messages: float


@dataclass(frozen=True, slots=True)
class Flow:
    """The messages that are expected.

    Attributes:
        rate: Messages per second.
        dispersion: Variance of arrivals by their mean.
        caution: Standard deviations by which more are expected than the mean.
    """

    rate: float
    dispersion: float
    caution: float


def known_points(curve: Curve, now: float, waiting: int, patience: float) -> list[Point]:
    """Points for the messages that wait already: exact, from when they were published.

    What has waited since before a history that is shorter than the patience is of unknown age;
    once that history is `WATCHED_S` long it counts as due, or it might wait for ever.

    Args:
        curve: Messages published until each instant.
        now: Unix seconds.
        waiting: Messages that have not begun.
        patience: Seconds that a message may wait.
    """
    if waiting <= 0:
        return []
    first = curve.totals[-1] - waiting
    oldest = published_at(curve, first + min(1.0, waiting / 2.0))
    points = [Point(oldest + patience - now, min(1.0, waiting))]
    hidden = min(curve.totals[0] - first, float(waiting))
    if hidden > 0 and now - curve.times[0] >= WATCHED_S:
        points = [Point(min(0.0, curve.times[0] + patience - now), hidden)]
    start = bisect_right(curve.totals, max(first, curve.totals[0]))
    stride = 1 + (len(curve.times) - start) // MOST_POINTS
    indices = list(range(len(curve.times) - 1, start - 1, -stride))[::-1]
    points += [
        Point(curve.times[i] + patience - now, curve.totals[i] - first)
        for i in indices
        if curve.totals[i] > curve.totals[i - 1]
    ]
    if not indices:
        points.append(Point(curve.times[-1] + patience - now, float(waiting)))
    return points


def coming_points(
    flow: Flow, waiting: int, patience: float, horizon: float, step: float
) -> list[Point]:
    """Points for the messages that will come until the horizon, `step` seconds apart."""
    count = max(0, int((horizon - patience) / step) + 1)
    return [
        Point(patience + k * step, waiting + expected(flow, k * step)) for k in range(1, count + 1)
    ]


def expected(flow: Flow, seconds: float) -> float:
    """Messages expected within that time, with the flow's caution on top."""
    mean = flow.rate * seconds
    return mean + flow.caution * sqrt(flow.dispersion * mean)
