"""How long does a message take? Service time from busy slots and finished messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

from guv.scaling.curve import served_between
from guv.scaling.model import Sample, Settings
from guv.scaling.readings import backlog_of, is_counted
from guv.scaling.sound import PRIOR_SERVICE_TIME, PRIOR_SPREAD

TOLD_ERROR = 0.12  # standard error that a told value is believed to have, as a part of it
PRIOR_ERROR = 1.0
ENOUGH = 20.0  # finished messages before a measured value may overrule a told one
WANTED_ERROR = 0.04  # the estimate looks back until it is as good as this, as a part of it
CONTRADICTION = 3.0  # standard errors
LEAST_CONTRADICTION = 0.25  # of the told value; smaller differences are averaged in


@dataclass(frozen=True, slots=True)
class Service:
    """The service time of a message.

    Attributes:
        mean: Seconds that one slot needs for a message.
        stddev: Its spread over messages, seconds.
        source: "told", "prior", "measured" or "upper_bound".
        notice: A sentence where the told value is contradicted, else empty.
    """

    mean: float
    stddev: float
    source: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """Slot-seconds worked and messages finished in a stretch of the history."""

    slot_seconds: float
    finished: float
    is_exact: bool


def service(settings: Settings, samples: Sequence[Sample], consumers_per_dyno: int) -> Service:
    """The service time: the told one or the prior, corrected by what was measured."""
    told = settings.processing_time
    prior = PRIOR_SERVICE_TIME if told is None else told
    variation = _variation(settings, prior)
    wanted = (variation / WANTED_ERROR) ** 2
    work = _worked(samples, settings.concurrency, consumers_per_dyno, wanted)
    mean, source, notice = _weighed(prior, told, work, variation)
    return Service(mean, variation * mean, source, notice)


def slots_of(sample: Sample, concurrency: int, consumers_per_dyno: int) -> int | None:
    """Slots that can be at work: those of the dynos that consume, else of all; None: unknown."""
    if sample.consumers is not None:
        up = -(-sample.consumers // consumers_per_dyno)
        return (up if sample.dynos is None else min(up, sample.dynos)) * concurrency
    return None if sample.dynos is None else sample.dynos * concurrency


def _variation(settings: Settings, prior: float) -> float:
    if settings.processing_time_stddev is None:
        return PRIOR_SPREAD
    return max(settings.processing_time_stddev / prior, 0.05)


def _weighed(
    prior: float, told: float | None, work: Work, variation: float
) -> tuple[float, str, str]:
    # A told value counts as much as the measured messages that would be as exact.
    weight = (variation / (PRIOR_ERROR if told is None else TOLD_ERROR)) ** 2
    source = "prior" if told is None else "told"
    if work.finished < 1.0:
        return prior, source, ""
    measured = work.slot_seconds / work.finished
    name = "measured" if work.is_exact else "upper_bound"
    error = max(LEAST_CONTRADICTION, CONTRADICTION * variation / sqrt(work.finished))
    if work.finished >= ENOUGH and measured > 0 and abs(log(measured / prior)) > error:
        text = f"messages take {measured:.3g} s as measured, not {prior:.3g} s as told"
        return measured, name, text if told is not None else ""
    mean = (weight * prior + work.slot_seconds) / (weight + work.finished)
    return mean, name if work.finished > weight else source, ""


def _worked(
    samples: Sequence[Sample], concurrency: int, consumers_per_dyno: int, wanted: float
) -> Work:
    counted = [sample for sample in samples if is_counted(sample)]
    seconds = finished = exact = 0.0
    running = [_running(s, concurrency, consumers_per_dyno) for s in counted]
    for index in range(len(counted) - 1, 0, -1):
        before, after = counted[index - 1], counted[index]
        served = _served(before, after)
        if served is None:
            continue
        span = after.at - before.at
        seconds += span * (running[index] + running[index - 1]) / 2.0
        # A message that began is half done on average: it counts as half.
        served += (running[index] - running[index - 1]) / 2.0
        finished += served
        exact += served if before.messages_ready and after.messages_ready else 0.0
        if finished >= wanted:
            break
    return Work(seconds, max(0.0, finished), exact > finished / 2.0)


def _running(sample: Sample, concurrency: int, consumers_per_dyno: int) -> int:
    slots = slots_of(sample, concurrency, consumers_per_dyno)
    unacknowledged = sample.messages_unacknowledged or 0
    return unacknowledged if slots is None else min(unacknowledged, slots)


def _served(before: Sample, after: Sample) -> float | None:
    served = served_between(before, after)
    if served is not None or before.published is None or after.published is None:
        return served
    change = after.published - before.published
    if change < 0:
        return None
    return max(0.0, change - (backlog_of(after) - backlog_of(before)))
