"""Arrivals: the curve of published messages, their rate and variability, bursts, and lateness.

Queues are served in their order. When a message is finished, as many are behind it as the backlog
says, so it was published when the counter of published messages stood that much lower.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt

from guv.scaling.estimate.cleaning import backlog_of, is_counted
from guv.scaling.model import Sample

# Seconds over which the rate is counted, multiples of 5.
WINDOWS = (15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0)
# Seconds before the last sample up to which earlier ones must bear a rate out.
CONFIRMED_BY = 20.0
TREND_WINDOWS = (60.0, 120.0, 240.0)  # Seconds over which a slope is looked for.
TREND_ERRORS = 3.0  # Standard errors that make a slope certain.
TREND_MESSAGES = 40.0  # Fewest messages that show a trend.
# A longer window is of another time when it differs by this many standard deviations.
CHANGED = 2.5
BORNE_OUT = 1.0  # Standard deviations above a count by which a rate may still be that.
MOST_DISPERSION = 10.0  # Above this dispersion the arrivals are batches, which no caution covers.
PEAKEDNESS = 0.8  # Mean square of what a Poisson count stands out, divided by its variance.
MOST_PERIODS = 48  # Most periods that are looked at for the dispersion.
FEWEST_PERIODS = 8  # Fewer periods cannot tell the dispersion of arrivals from chance.
INTERVALS = 2  # Number of last intervals between bursts that must have been even.
LEAST_MESSAGES = 5.0  # Fewest messages in a sample that make a burst.
PART = 0.25  # A rise is a burst, too, from this part of the greatest rise between two samples on.
UNEVEN = 0.04  # Part of an interval by which it may differ, beside two samples.
LIKE = 2.0  # The greatest of the last bursts may be this many times the smallest.
COUNTS_OLDEST = 5.0  # Seconds by which a broker's counts are old at most.
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Curve:
    """Messages published until each instant, counted back from the last instant.

    Attributes:
        times: Unix seconds, rising.
        totals: Messages published until then, never falling; 0 at the last instant.
    """

    times: Sequence[float]
    totals: Sequence[float]


def published_curve(
    samples: Sequence[Sample],
    slots_per_second: float,
    concurrency: int,
    since: float,
    messages: float = inf,
) -> Curve:
    """Return the curve of published messages, back to where it is needed.

    The difference of two published counters counts; where a counter is missing or was reset, the
    change of the backlog and what was served meanwhile stand in for it.

    Args:
        samples: Clean samples from old to new.
        slots_per_second: What one busy slot serves per second (1 / service time), for samples
            without any counter.
        concurrency: Slots per dyno.
        since: Unix seconds; what was published before does not matter,
        messages: or nothing before the last so many messages.
    """
    times: list[float] = []
    totals: list[float] = []
    after: Sample | None = None
    total = 0.0
    for sample in reversed(samples):
        if sample.messages_ready is None or sample.messages_unacknowledged is None:
            continue
        if after is not None:
            total -= arrived(sample, after, slots_per_second, concurrency)
        times.append(sample.at)
        totals.append(total)
        if sample.at < since or -total > messages:
            break
        after = sample
    return Curve(times[::-1], totals[::-1])


def arrived(before: Sample, after: Sample, slots_per_second: float, concurrency: int) -> float:
    """Count the messages published between two counted samples, 0 or more."""
    if before.published is not None and after.published is not None:
        change = after.published - before.published
        if change >= 0:
            return float(change)
    served = served_between(before, after)
    if served is None:
        served = _guess_served(before, after, slots_per_second, concurrency)
    return max(0.0, backlog_of(after) - backlog_of(before) + served)


def served_between(before: Sample, after: Sample) -> float | None:
    """Count the messages finished between two samples; None: counter missing or reset."""
    if before.served is not None and after.served is not None and after.served >= before.served:
        return float(after.served - before.served)
    return None


def published_at(curve: Curve, total: float) -> float:
    """Return when that many messages had been published, Unix seconds."""
    index = bisect_left(curve.totals, total)
    if index == 0:
        return curve.times[0]
    if index == len(curve.totals):
        return curve.times[-1]
    low, high = curve.totals[index - 1], curve.totals[index]
    part = (total - low) / (high - low)
    return curve.times[index - 1] + part * (curve.times[index] - curve.times[index - 1])


def published_until(curve: Curve, instant: float) -> float:
    """Count the messages published until an instant; the curve's ends hold beyond it."""
    index = bisect_left(curve.times, instant)
    if index == 0:
        return curve.totals[0]
    if index == len(curve.times):
        return curve.totals[-1]
    low, high = curve.times[index - 1], curve.times[index]
    part = (instant - low) / (high - low)
    return curve.totals[index - 1] + part * (curve.totals[index] - curve.totals[index - 1])


def _guess_served(
    before: Sample, after: Sample, slots_per_second: float, concurrency: int
) -> float:
    busy = ((before.messages_unacknowledged or 0) + (after.messages_unacknowledged or 0)) / 2
    dynos = after.dynos if before.dynos is None else before.dynos
    if dynos is not None:
        busy = min(busy, dynos * concurrency)
    return busy * slots_per_second * (after.at - before.at)


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
    """Estimate the present arrival rate; None where there are fewer than two samples.

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
    """Return the highest rate that the last sample and those before it each bear out."""
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
    """Return the rate a period from now, by the shortest windows that show a certain rise."""
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
    """Return the square of what a count stands out from both neighbors, above or below.

    A spike does; a step stands out from one of them only, and a tide from none.
    """
    least, most = sorted((count - newer, count - older))
    return min(least * least, most * most) if least * most > 0.0 else 0.0


@dataclass(frozen=True, slots=True)
class Burst:
    """A batch of messages that is expected.

    Attributes:
        starts_in: Seconds from now until its first message, 0 or less when it is due.
        lasts: Seconds from its first message to its last.
        messages: How many.
        doubt: Seconds by which it may come later; after them it is not expected any more.
        others: Part of all messages that came outside of bursts, 0 to 1.
    """

    starts_in: float
    lasts: float
    messages: float
    doubt: float
    others: float


@dataclass(frozen=True, slots=True)
class _Seen:
    start: float
    end: float
    messages: float


def next_burst(
    samples: Sequence[Sample], slots_per_second: float, concurrency: int, gap: float
) -> Burst | None:
    """Predict the next burst if the last ones came evenly and were alike, else None.

    Args:
        samples: Clean samples from old to new.
        slots_per_second: What one busy slot serves per second.
        concurrency: Slots per dyno.
        gap: Usual seconds between samples.
    """
    bursts, messages = _bursts(samples, slots_per_second, concurrency)
    seen = bursts[-INTERVALS - 1 :]
    if len(seen) <= INTERVALS:
        return None
    pauses = [later.start - earlier.start for earlier, later in pairwise(seen)]
    pause = sum(pauses) / len(pauses)
    doubt = UNEVEN * pause + 2.0 * gap
    sizes = [burst.messages for burst in seen]
    if max(pauses) - min(pauses) > doubt or max(sizes) > LIKE * min(sizes):
        return None
    starts_in = seen[-1].start + pause - samples[-1].at
    if starts_in < -doubt - COUNTS_OLDEST:
        return None
    lasts = max(burst.end - burst.start for burst in seen)
    others = 1.0 - sum(burst.messages for burst in bursts) / messages
    return Burst(starts_in, max(0.0, lasts - gap), max(sizes), doubt + COUNTS_OLDEST, others)


def _bursts(
    samples: Sequence[Sample], slots_per_second: float, concurrency: int
) -> tuple[list[_Seen], float]:
    counted = [sample for sample in samples if is_counted(sample)]
    rises = [
        arrived(before, after, slots_per_second, concurrency) for before, after in pairwise(counted)
    ]
    least = max(LEAST_MESSAGES, PART * max(rises, default=0.0))
    seen: list[_Seen] = []
    last = -9
    for index, rise in enumerate(rises):
        if rise < least:
            continue
        if index - last <= 2:  # noqa: PLR2004 - one sample in between may be thin
            first = seen.pop()
            seen.append(_Seen(first.start, counted[index + 1].at, first.messages + rise))
        else:
            seen.append(_Seen(counted[index].at, counted[index + 1].at, rise))
        last = index
    return seen, sum(rises)


def finished_in_time(
    samples: Sequence[Sample], deadline: float, service_time: float
) -> tuple[int, float] | None:
    """Count the messages finished between the last two samples, and those in time.

    None where the counters do not say: one is missing, was reset, or began too late.

    Args:
        samples: From old to new.
        deadline: Seconds from publishing a message until it should be done.
        service_time: Seconds that a message takes at least; what the samples are too far apart to
            show.
    """
    if len(samples) < FEWEST:
        return None
    before, last = samples[-2], samples[-1]
    if before.served is None or last.served is None or last.served < before.served:
        return None
    finished = last.served - before.served
    if finished == 0:
        return 0, 0.0
    waits = _first_wait(samples, deadline), _last_wait(samples, deadline)
    if waits[0] is None or waits[1] is None:
        return None
    share = share_below(deadline, max(waits[0], service_time), max(waits[1], service_time))
    return finished, finished * share


def _first_wait(samples: Sequence[Sample], deadline: float) -> float | None:
    """Return the seconds that the first of them took, at least until the sample before."""
    before = samples[-2]
    if before.published is None or not is_counted(before):
        return None
    number = before.published - backlog_of(before) + 1
    at = _published_at(samples, number, before.at - deadline)
    return None if at is None else max(0.0, before.at - at)


def _last_wait(samples: Sequence[Sample], deadline: float) -> float | None:
    """Return the seconds that the last of them took; an empty queue ended within the gap."""
    before, last = samples[-2:]
    if last.published is None or not is_counted(last):
        return None
    left = backlog_of(last)
    done = last.at if left else (before.at + last.at) / 2
    at = _published_at(samples, last.published - left, done - deadline)
    return None if at is None else max(0.0, done - at)


def _published_at(samples: Sequence[Sample], number: int, oldest: float) -> float | None:
    """Return when the published counter reached the number; before `oldest` any instant.

    None where the counter was reset or the samples do not go back so far.
    """
    later: Sample | None = None
    for sample in reversed(samples):
        if sample.published is None:
            continue
        if later is not None and sample.published > (later.published or 0):
            return None
        if sample.published < number:
            return sample.at if later is None else _crossed(sample, later, number)
        later = sample
        if sample.at < oldest:
            return sample.at
    return None


def _crossed(earlier: Sample, later: Sample, number: int) -> float:
    """Return when the published counter reached the number, between two samples."""
    low, high = earlier.published or 0, later.published or 0
    share = 1.0 if high <= low else min(1.0, (number - low) / (high - low))
    return earlier.at + share * (later.at - earlier.at)


def share_below(limit: float, first: float, second: float) -> float:
    """Return the share of what lies evenly between two values that is within the limit."""
    low, high = min(first, second), max(first, second)
    if high <= limit:
        return 1.0
    return 0.0 if low >= limit else (limit - low) / (high - low)
