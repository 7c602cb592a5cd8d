"""How fast do messages arrive? Rate, its uncertainty and its unrest from the published curve."""

from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt

from guv.scaling.demand.arrival_curve import Curve, published_until

WINDOWS = (15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0)  # seconds, multiples of 5
CONFIRMED_BY = 20.0  # seconds before the last sample
TREND_WINDOWS = (60.0, 120.0, 240.0)  # seconds
TREND_ERRORS = 3.0  # standard errors that make a slope certain
TREND_MESSAGES = 40.0  # fewer show no trend
CHANGED = 2.5  # standard deviations by which a longer window must differ to be of another time
BORNE_OUT = 1.0  # standard deviations above what was counted by which a rate may still be that
MOST_DISPERSION = 10.0  # beyond it the arrivals are batches, which no caution covers
PEAKEDNESS = 0.8  # mean square of what a Poisson count stands out, by its variance
MOST_PERIODS = 48
FEWEST_PERIODS = 8  # below it the unrest of arrivals cannot be told from chance


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The present flow of messages.

    Attributes:
        rate: Messages per second.
        stddev: Its uncertainty, messages per second.
        dispersion: Variance of arrivals in a period by their mean, 1 for Poisson.
        confirmed: The rate as far as the last sample and those before it both bear it out.
        ahead: The rate a period from now where a rise is certain, else the present one.
    """

    rate: float
    stddev: float
    dispersion: float
    confirmed: float
    ahead: float


def arrivals(curve: Curve, period: float) -> Arrivals | None:
    """The present arrival rate; None where the history is shorter than two samples.

    The longest window counts that does not differ from the shorter ones by more than chance, so
    a steady flow is known well and a change is seen at once.

    Args:
        curve: Messages published until each instant.
        period: Seconds over which the unrest of arrivals matters (the reaction time).
    """
    if len(curve.times) < 2:  # noqa: PLR2004 - a rate needs two points
        return None
    dispersion = _dispersion(curve, period)
    best: tuple[float, float] | None = None
    for window in _windows(curve):
        rate, stddev = _rate(curve, window, dispersion)
        if best is not None and abs(rate - best[0]) > CHANGED * best[1]:
            break
        best = (rate, stddev)
    if best is None:
        return None
    ahead = _ahead(curve, dispersion, period)
    return Arrivals(
        rate=best[0],
        stddev=best[1],
        dispersion=min(dispersion, MOST_DISPERSION),
        confirmed=min(best[0], _confirmed(curve)),
        ahead=max(ahead, best[0]),
    )


def _confirmed(curve: Curve) -> float:
    """The most that the rate can well be by the last sample and by those before it, each alone."""
    if len(curve.times) < 3:  # noqa: PLR2004 - a last sample and two before it
        return inf
    newest, last, before = curve.times[-1], curve.times[-2], curve.times[-3]
    start = last - max(CONFIRMED_BY, last - before)
    earlier = curve.totals[-2] - published_until(curve, start)
    latest = curve.totals[-1] - curve.totals[-2]
    most = min(_most(earlier, last - start), _most(latest, newest - last))
    return max(most, -curve.totals[0] / (newest - curve.times[0]))


def _most(count: float, seconds: float) -> float:
    return (count + BORNE_OUT * sqrt(count + 1.0)) / seconds


def _ahead(curve: Curve, dispersion: float, period: float) -> float:
    """The rate a period from now, by the shortest pair of windows that shows a certain rise."""
    end = curve.times[-1]
    for window in TREND_WINDOWS:
        if end - curve.times[0] < 2.0 * window:
            break
        middle, start = (published_until(curve, end - k * window) for k in (1.0, 2.0))
        late, early = curve.totals[-1] - middle, middle - start
        error = sqrt(dispersion * (late + early + 1.0)) / window**2
        slope = (late - early) / window**2
        if late + early >= TREND_MESSAGES and slope > TREND_ERRORS * error:
            slope *= 1.0 - (TREND_ERRORS * error / slope) ** 2 / 2.0
            return late / window + slope * (window / 2.0 + period)
    return 0.0


def _windows(curve: Curve) -> list[float]:
    end = curve.times[-1]
    whole = end - curve.times[0]
    shortest = end - curve.times[-2]
    return [w for w in WINDOWS if shortest <= w < whole] + [whole]


def _rate(curve: Curve, window: float, dispersion: float) -> tuple[float, float]:
    count = curve.totals[-1] - published_until(curve, curve.times[-1] - window)
    # One message more than were seen: an empty window does not prove that none will come.
    return count / window, sqrt(dispersion * (count + 1.0)) / window


def _dispersion(curve: Curve, period: float) -> float:
    end, start = curve.times[-1], curve.times[0]
    number = min(MOST_PERIODS, int((end - start) / period))
    if number < FEWEST_PERIODS:
        return 1.0
    marks = [published_until(curve, end - k * period) for k in range(number + 1)]
    counts = [newer - older for newer, older in pairwise(marks)]
    mean = sum(counts) / number
    if mean <= 0.0:
        return 1.0
    peaks = sum(map(_peak, counts, counts[1:], counts[2:]))
    return max(peaks / (PEAKEDNESS * (number - 2) * mean), 1.0)


def _peak(newer: float, count: float, older: float) -> float:
    """Square of what a count stands out from both of its neighbors, above or below.

    A spike does; a step stands out from one of them only, and a tide from none.
    """
    least, most = sorted((count - newer, count - older))
    return min(least * least, most * most) if least * most > 0.0 else 0.0
