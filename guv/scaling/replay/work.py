"""The work that reached a role, read from its samples, whatever scaled it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from guv.scaling.estimate.arrivals import Curve, arrived
from guv.scaling.estimate.cleaning import MOST_SAMPLES, clean, is_counted, sound
from guv.scaling.estimate.estimate import consumers_per_dyno, estimate
from guv.scaling.model import Sample, Settings

CHUNK = 1800.0  # Seconds for which one estimate of the times holds.


@dataclass(frozen=True, slots=True)
class Times:
    """How long things took from an instant on.

    Attributes:
        since: Unix seconds.
        service: Seconds that a slot needed for a message, on average.
        spread: Its standard deviation, seconds.
        boot: Seconds from asking for a dyno to its first message.
    """

    since: float
    service: float
    spread: float
    boot: float


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a role, as far as its samples show it.

    Attributes:
        curve: Messages published until each instant, 0 at the first counted sample.
        times: How long things took, from old to new; at least one.
        consumers_per_dyno: Consumers that a dyno subscribes; None: not known.
    """

    curve: Curve
    times: Sequence[Times]
    consumers_per_dyno: int | None


def work_of(settings: Settings, samples: Sequence[Sample]) -> Work:
    """Return the work that the samples show.

    Args:
        settings: The role's; what they tell of messages and boots counts until measured.
        samples: From old to new, at least one.
    """
    settings = sound(settings)
    counted = [sample for sample in samples if is_counted(sample)]
    times = _times(settings, samples)
    at, totals = [sample.at for sample in counted], [0.0]
    for before, after in pairwise(counted):
        pace = 1.0 / _at(times, after.at).service
        totals.append(totals[-1] + arrived(before, after, pace, settings.concurrency))
    known = any(sample.consumers is not None for sample in samples)
    per_dyno = consumers_per_dyno(_last(samples, len(samples)), settings.concurrency)
    return Work(Curve(at, totals), times, per_dyno if known else None)


def times_at(work: Work, at: float) -> Times:
    """Return the service and boot times at an instant."""
    return _at(work.times, at)


def _at(times: Sequence[Times], at: float) -> Times:
    return times[max(0, bisect_right(times, at, key=lambda entry: entry.since) - 1)]


def _times(settings: Settings, samples: Sequence[Sample]) -> list[Times]:
    """Return an estimate for each chunk, made at its end, when all of it was seen."""
    estimates: list[Times] = []
    begin = samples[0].at
    for number, sample in enumerate(samples):
        is_last = number + 1 == len(samples)
        if is_last or samples[number + 1].at >= begin + CHUNK:
            seen = clean(_last(samples, number + 1), sample.at)
            guess = estimate(settings, seen)
            service, spread = guess.service_time or 0.0, guess.service_time_stddev or 0.0
            estimates.append(Times(begin, service, spread, guess.boot_time or 0.0))
            begin = sample.at if is_last else samples[number + 1].at
    return estimates


def _last(samples: Sequence[Sample], end: int) -> Sequence[Sample]:
    return samples[max(0, end - MOST_SAMPLES) : end]
