"""Lateness: the share of messages done in time, from the queues' counters alone.

Queues are served in their order. When a message is finished, as many are behind it as the backlog
says, so it was published when the counter of published messages stood that much lower.
"""

from collections.abc import Sequence

from guv.scaling.estimate.cleaning import backlog_of, is_counted
from guv.scaling.model import Sample

FEWEST = 2


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
