"""Service time: mean and spread from busy slots and finished messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt
from typing import NamedTuple

from guv.scaling.estimate.arrivals import served_between
from guv.scaling.estimate.cleaning import PRIOR_SERVICE_TIME, PRIOR_SPREAD, backlog_of, usual_gap
from guv.scaling.model import Sample, Settings

TOLD_ERROR = 0.12  # Standard error of a told value, as a part of it.
PRIOR_ERROR = 1.0  # Standard error of the prior, as a part of it.
ENOUGH = 20.0  # Finished messages after which a measured value may overrule a told one.
WANTED_ERROR = 0.04  # The estimate looks back until its error is this part of it.
CONTRADICTION = 3.0  # Standard errors by which a measured value contradicts a told one.
SHORT = 2.0  # Messages shorter than this many gaps may be missed by both samples.
HALF = 0.5
RECENT = 64  # Newest samples that are all looked at.
LEAST_CONTRADICTION = 0.25  # Part of the told value up to which differences are averaged in.
BLOCK = 60.0  # Fewest seconds of full slots that are counted together.
BLOCK_SERVICES = 4.0  # Fewest service times that are counted together.
FEWEST_BLOCKS = 4  # Fewest blocks that say something about the spread.
TOLD_BLOCKS = 40.0  # Measured blocks that a told spread weighs as much as.
PRIOR_BLOCKS = 8.0  # Measured blocks that the prior spread weighs as much as.
LEAST, MOST = 0.04, 16.0  # squared variations that are believed


class Stretch(NamedTuple):
    """What two neighboring samples show: the work between them, and how sure it is.

    Attributes:
        seconds: Time between them.
        slot_seconds: Seconds that slots were busy, added up.
        finished: Messages finished.
        seen: Messages that the work is sure by. Where slots came or went, or the queue ran empty
            or filled up, the two ends say little of what was between.
        is_full: Whether every slot was busy all the time.
    """

    seconds: float
    slot_seconds: float
    finished: float
    seen: float = 0.0
    is_full: bool = True


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
    """Work done in a stretch of the history.

    Attributes:
        slot_seconds: Seconds that slots were busy, added up.
        finished: Messages finished.
        seen: Messages that the estimate rests on. How many run is read at the samples' instants
            only; so a stretch counts in full while every slot was busy, and else with the
            messages that were seen running.
        saturated: Those of `finished` for which every slot was busy.
    """

    slot_seconds: float
    finished: float
    seen: float
    saturated: float


def service(settings: Settings, samples: Sequence[Sample], consumers_per_dyno: int) -> Service:
    """Estimate the service time: the told one or the prior, corrected by measurement."""
    told = settings.processing_time
    prior = PRIOR_SERVICE_TIME if told is None else told
    told_spread = settings.processing_time_stddev
    variation = PRIOR_SPREAD if told_spread is None else max(told_spread / prior, 0.05)
    pairs = _pairs(samples, settings.concurrency, consumers_per_dyno)
    mean, source, notice = _weighed(prior, told, _worked(pairs, variation), variation)
    weight = PRIOR_BLOCKS if told_spread is None else TOLD_BLOCKS
    full = [pair for pair in pairs if pair.is_full]
    variation = sqrt(squared_variation(full, mean, variation**2, weight))
    return Service(mean, variation * mean, source, notice)


def slots_of(sample: Sample, concurrency: int, consumers_per_dyno: int) -> int | None:
    """Count the slots of the dynos that consume, else of all dynos; None: unknown."""
    if sample.consumers is not None:
        up = -(-sample.consumers // consumers_per_dyno)
        return (up if sample.dynos is None else min(up, sample.dynos)) * concurrency
    return None if sample.dynos is None else sample.dynos * concurrency


def _weighed(
    prior: float, told: float | None, work: Work, variation: float
) -> tuple[float, str, str]:
    source = "prior" if told is None else "told"
    if work.finished < 1.0 or work.seen < 1.0:
        return prior, source, ""
    measured = work.slot_seconds / work.finished
    name = "measured" if work.saturated > work.finished / 2.0 else "upper_bound"
    error = max(LEAST_CONTRADICTION, CONTRADICTION * variation / sqrt(work.seen))
    if work.seen >= ENOUGH and measured > 0 and abs(log(measured / prior)) > error:
        text = f"messages take {measured:.3g} s as measured, not {prior:.3g} s as told"
        return measured, name, text if told is not None else ""
    # A told value counts as much as the measured messages that would be as exact.
    weight = (variation / (PRIOR_ERROR if told is None else TOLD_ERROR)) ** 2
    share = weight / (weight + work.seen)
    return share * prior + (1.0 - share) * measured, name if share < HALF else source, ""


def _worked(pairs: Sequence[Stretch], variation: float) -> Work:
    wanted = (variation / WANTED_ERROR) ** 2
    full, other = _Tally(), _Tally()
    for pair in pairs:
        (full if pair.is_full else other).add(pair)
        if full.seen + other.seen >= wanted:
            break
    seconds, finished = full.busy + other.busy, full.finished + other.finished
    span = max((pair.seconds for pair in pairs[:1]), default=0.0)
    # Messages that last from sample to sample are seen in every one: all of it counts. Of short
    # ones the samples are a draw, and full slots, which leave nothing to chance, weigh by that.
    if seconds < SHORT * span * finished and full.finished > 0.0 < other.finished:
        mean = full.seen * full.busy / full.finished + other.seen * other.busy / other.finished
        seconds = mean * finished / max(full.seen + other.seen, 1.0)
    return Work(seconds, max(0.0, finished), full.seen + other.seen, full.finished)


@dataclass(slots=True)
class _Tally:
    busy: float = 0.0
    finished: float = 0.0
    seen: float = 0.0

    def add(self, pair: Stretch) -> None:
        self.busy += pair.slot_seconds
        self.finished += pair.finished
        self.seen += pair.seen


def _pairs(samples: Sequence[Sample], concurrency: int, consumers_per_dyno: int) -> list[Stretch]:
    """Return what neighboring samples show, new to old."""
    looks: list[tuple[Sample, int, int]] = []
    for sample in _back(samples):
        running = sample.messages_unacknowledged
        if running is None or sample.messages_ready is None:
            continue
        slots = slots_of(sample, concurrency, consumers_per_dyno)
        looks.append((sample, running if slots is None or running < slots else slots, slots or 0))
    pairs = map(_pair, looks[1:], looks)
    return [pair for pair in pairs if pair is not None]


def _pair(before: tuple[Sample, int, int], after: tuple[Sample, int, int]) -> Stretch | None:
    """Return what two counted samples show; this is the innermost loop of a decision."""
    (early, running, slots), (late, running_after, slots_after) = before, after
    served = _served(early, late)
    if served is None or not (served or running or running_after):
        return None
    seconds = late.at - early.at
    busy = seconds * (running_after + running) / 2.0
    # A message that began is half done on average: it counts as half.
    finished = served + (running_after - running) / 2.0
    least = min(running_after, running)
    seen, is_full = 0.0, False
    if slots == slots_after and bool(early.messages_ready) == bool(late.messages_ready):
        ready = min(early.messages_ready or 0, late.messages_ready or 0)
        # A short queue may have run empty in between, and then not every slot was busy.
        is_full = ready > 0 and least > 0 and ready >= served / 2.0
        seen = served if is_full or served < least else float(least)
    return Stretch(seconds, busy, finished, seen, is_full)


def _back(samples: Sequence[Sample]) -> list[Sample]:
    """Return all of the recent samples and one of about four of the older ones, new to old.

    Which ones is told by their instants: the same ones at every tick, or the estimate flickers.
    """
    stride = 4.0 * usual_gap(samples, 1.0)
    older = {sample.at // stride: sample for sample in samples[:-RECENT]}
    return [*samples[: -RECENT - 1 : -1], *reversed(older.values())]


def _served(before: Sample, after: Sample) -> float | None:
    served = served_between(before, after)
    if served is not None or before.published is None or after.published is None:
        return served
    change = after.published - before.published
    if change < 0:
        return None
    return max(0.0, change - (backlog_of(after) - backlog_of(before)))


def squared_variation(
    stretches: Sequence[Stretch], service_time: float, prior: float, weight: float
) -> float:
    """Estimate the squared coefficient of variation of service times by their blocks.

    Busy slots finish messages as renewal processes do: in the long run the number finished has a
    variance of its mean times the squared variation of a service time.

    Args:
        stretches: Stretches of full slots, in a row.
        service_time: Mean service time in seconds.
        prior: The squared variation that was told or is usual.
        weight: Blocks that the prior counts for.
    """
    blocks = _blocks(stretches, max(BLOCK, BLOCK_SERVICES * service_time))
    if len(blocks) < FEWEST_BLOCKS:
        return prior
    finished = sum(block.finished for block in blocks)
    work = sum(block.slot_seconds for block in blocks)
    if finished <= 0.0 or work <= 0.0:
        return prior
    pace = finished / work
    # Neighbors are compared, so that a pace which changes slowly is no spread.
    unrest = sum(
        (later.finished / later.slot_seconds - earlier.finished / earlier.slot_seconds) ** 2
        / (pace / later.slot_seconds + pace / earlier.slot_seconds)
        for later, earlier in pairwise(blocks)
    )
    mixed = (weight * prior + unrest) / (weight + len(blocks) - 1.0)
    return min(max(mixed, LEAST), MOST)


def _blocks(stretches: Sequence[Stretch], length: float) -> list[Stretch]:
    blocks: list[Stretch] = []
    seconds = slot_seconds = finished = 0.0
    for stretch in stretches:
        seconds += stretch.seconds
        slot_seconds += stretch.slot_seconds
        finished += stretch.finished
        if seconds >= length:
            blocks.append(Stretch(seconds, slot_seconds, finished))
            seconds = slot_seconds = finished = 0.0
    return blocks
