"""When were the waiting messages published? The curve A(t) of messages published until t."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from guv.scaling.estimate.sample_cleaning import backlog_of
from guv.scaling.model import Sample


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
    """The curve of published messages that the counted samples show, back to where it is needed.

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
    """Messages published between two counted samples, 0 or more."""
    if before.published is not None and after.published is not None:
        change = after.published - before.published
        if change >= 0:
            return float(change)
    served = served_between(before, after)
    if served is None:
        served = _guess_served(before, after, slots_per_second, concurrency)
    return max(0.0, backlog_of(after) - backlog_of(before) + served)


def served_between(before: Sample, after: Sample) -> float | None:
    """Messages finished between two samples; None where the counter is missing or was reset."""
    if before.served is not None and after.served is not None and after.served >= before.served:
        return float(after.served - before.served)
    return None


def published_at(curve: Curve, total: float) -> float:
    """When that many messages had been published (between samples evenly), Unix seconds."""
    index = bisect_left(curve.totals, total)
    if index == 0:
        return curve.times[0]
    if index == len(curve.totals):
        return curve.times[-1]
    low, high = curve.totals[index - 1], curve.totals[index]
    part = (total - low) / (high - low)
    return curve.times[index - 1] + part * (curve.times[index] - curve.times[index - 1])


def published_until(curve: Curve, instant: float) -> float:
    """Messages published until an instant; the curve's ends hold beyond it."""
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
