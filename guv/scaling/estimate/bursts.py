"""When comes the next batch? Bursts that have come at even intervals are expected again."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from guv.scaling.demand.arrival_curve import arrived
from guv.scaling.estimate.sample_cleaning import is_counted
from guv.scaling.model import Sample

INTERVALS = 2  # that must have been even, the last ones
LEAST_MESSAGES = 5.0  # in a sample, or it is no burst
PART = 0.25  # of the greatest rise between two samples that makes a burst too
UNEVEN = 0.04  # of an interval, by which it may differ; and two samples more
LIKE = 2.0  # times the smallest of the last bursts that the greatest may be
SEEN_LATE = 5.0  # seconds by which a broker's counts are old at most


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
    """The next burst, if the last ones came evenly and were alike; else None.

    Args:
        samples: Clean samples from old to new.
        slots_per_second: What one busy slot serves per second.
        concurrency: Slots per dyno.
        gap: Usual seconds between samples.
    """
    found, messages = _bursts(samples, slots_per_second, concurrency)
    seen = found[-INTERVALS - 1 :]
    if len(seen) <= INTERVALS:
        return None
    pauses = [later.start - earlier.start for earlier, later in pairwise(seen)]
    pause = sum(pauses) / len(pauses)
    doubt = UNEVEN * pause + 2.0 * gap
    sizes = [burst.messages for burst in seen]
    if max(pauses) - min(pauses) > doubt or max(sizes) > LIKE * min(sizes):
        return None
    starts_in = seen[-1].start + pause - samples[-1].at
    if starts_in < -doubt - SEEN_LATE:
        return None
    lasts = max(burst.end - burst.start for burst in seen)
    others = 1.0 - sum(burst.messages for burst in found) / messages
    return Burst(starts_in, max(0.0, lasts - gap), max(sizes), doubt + SEEN_LATE, others)


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
