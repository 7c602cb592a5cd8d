"""Estimates of a role: its dynos (changes, boots, consumers), and all estimates in one value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from guv.scaling.estimate.arrivals import MOST_PERIODS, WINDOWS, Curve, arrivals, published_curve
from guv.scaling.estimate.cleaning import PRIOR_BOOT_TIME, backlog_of, is_counted, usual_gap
from guv.scaling.estimate.service_time import service
from guv.scaling.model import Change, Estimates, Memory, Sample, Settings

TOLD_WEIGHT = 2.0  # Measured starts that a told value weighs as much as.
PRIOR_WEIGHT = 1.0  # Measured starts that the prior weighs as much as.
RECENT = 128  # Newest samples that show how many consumers a dyno has.
MOST_STARTS = 8  # Newest starts that are looked at.
SPREAD = 0.2  # Standard deviation of a boot time until measured, as a part of its mean.
CONTRADICTION = 1.5  # A measured value that is off by this factor overrules the told one.
CONSUMERS_SEEN_LATE = 2.5  # Mean seconds after which a broker shows new consumers.
FEW = 3  # Samples with running messages and no consumers that are not chance.
ENOUGH = 2  # Starts after which a measured value may overrule a told one.


def last_change(samples: Sequence[Sample], memory: Memory, direction: int = 0) -> float | None:
    """Return when the dynos last changed, Unix seconds; None where no change is known.

    Args:
        samples: From old to new; a change shows in the sample after the decision, so the instant
            of the last known count before it is taken. Unknown counts are passed over.
        memory: What guv recorded of its own changes; those count whatever the samples show.
        direction: 1 counts only changes up, -1 only changes down, 0 both.
    """
    recorded = (change for change in reversed(memory.changes) if _goes(change, direction))
    shown = (change for change in _shown(samples) if _goes(change, direction))
    latest = [change.at for change in (next(recorded, None), next(shown, None)) if change]
    return max(latest, default=None)


def changes_since(samples: Sequence[Sample], since: float, memory: Memory) -> int:
    """Count the known changes of the dynos since an instant (Unix seconds).

    A change that the samples show is one that guv recorded where a recorded one led to the same
    count at about that time; else somebody else made it, or it was never recorded.
    """
    recorded = [change for change in memory.changes if change.at >= since]
    unexplained = list(recorded)
    others = 0
    for change in _shown(samples):
        explanation = next((other for other in unexplained if _explains(other, change)), None)
        if explanation is not None:
            unexplained.remove(explanation)
        elif change.at >= since:
            others += 1
    return len(recorded) + others


def _shown(samples: Sequence[Sample]) -> Iterator[Change]:
    """Yield the changes between neighboring known counts, new to old."""
    later: Sample | None = None
    for sample in reversed(samples):
        if sample.dynos is None:
            continue
        if later is not None and later.dynos is not None and later.dynos != sample.dynos:
            yield Change(sample.at, sample.dynos, later.dynos, seen_at=later.at)
        later = sample


def _explains(recorded: Change, shown: Change) -> bool:
    """Return whether they are one change: a count may be read a sample before or after it."""
    seen_at = shown.at if shown.seen_at is None else shown.seen_at
    gap = seen_at - shown.at
    return recorded.after == shown.after and shown.at - gap <= recorded.at <= seen_at


def _goes(change: Change, direction: int) -> bool:
    return (change.after - change.before) * direction >= 0


@dataclass(frozen=True, slots=True)
class Boot:
    """The boot time.

    Attributes:
        mean: Seconds from asking for a dyno to its first message.
        stddev: Its spread over starts, seconds.
        source: "told", "prior" or "measured".
        notice: A sentence where the told value is contradicted, else empty.
    """

    mean: float
    stddev: float
    source: str
    notice: str = ""


def boot(settings: Settings, samples: Sequence[Sample], consumers_per_dyno: int) -> Boot:
    """Estimate the boot time: the told one or the prior, corrected by the starts seen."""
    told = settings.boot_time
    prior = PRIOR_BOOT_TIME if told is None else told
    starts = _starts(samples, consumers_per_dyno, prior)
    if not starts:
        return Boot(prior, SPREAD * prior, "prior" if told is None else "told")
    measured = sum(starts) / len(starts)
    is_off = max(measured, prior) > CONTRADICTION * min(measured, prior)
    if len(starts) >= ENOUGH and is_off:
        text = f"dynos take {measured:.3g} s to start as measured, not {prior:.3g} s as told"
        return Boot(measured, _spread(starts, measured), "measured", text if told else "")
    weight = PRIOR_WEIGHT if told is None else TOLD_WEIGHT
    mean = (weight * prior + sum(starts)) / (weight + len(starts))
    return Boot(mean, _spread(starts, mean), "measured" if told is None else "told")


def consumers_per_dyno(samples: Sequence[Sample], concurrency: int) -> int | None:
    """Return the consumers that one dyno subscribes: what full formations showed, else 1.

    None where the consumers cannot be believed: there are none, and yet messages are taken.
    """
    recent = samples[-RECENT:]
    ratios = sorted(s.consumers / s.dynos for s in recent if s.consumers and s.dynos)
    if ratios:
        usual = ratios[(3 * len(ratios)) // 4]
        return concurrency if usual > (1.0 + concurrency) / 2.0 else max(1, round(usual))
    taken = sum(1 for s in recent if s.consumers == 0 and s.messages_unacknowledged)
    return None if taken >= FEW else 1


def _starts(samples: Sequence[Sample], consumers_per_dyno: int, prior: float) -> list[float]:
    starts: list[float] = []
    for index in range(len(samples) - 1, 0, -1):
        before, after = samples[index - 1], samples[index]
        if before.dynos is None or after.dynos is None or after.dynos <= before.dynos:
            continue
        seconds = _seconds_until_up(samples, index, consumers_per_dyno, prior)
        if seconds is not None:
            starts.append(seconds)
        if len(starts) == MOST_STARTS:
            break
    return starts


def _seconds_until_up(
    samples: Sequence[Sample], index: int, per_dyno: int, prior: float
) -> float | None:
    before, level = samples[index - 1].dynos or 0, samples[index].dynos or 0
    asked = samples[index - 1].at
    if (samples[index].consumers or 0) >= level * per_dyno:
        # Up before the first look: that says at most how long it took.
        return min(prior, samples[index].at - asked)
    # Of several dynos started together, the middle one shows the mean.
    middle = (before + (level - before) // 2 + 1) * per_dyno
    for later in range(index, len(samples)):
        sample = samples[later]
        if sample.dynos is None or sample.dynos < level or sample.consumers is None:
            return None
        if sample.consumers >= middle:
            # It happened since the sample before, and the broker showed it late.
            return max(1.0, (sample.at + samples[later - 1].at) / 2.0 - CONSUMERS_SEEN_LATE - asked)
    return None


def _spread(starts: Sequence[float], mean: float) -> float:
    variance = sum((s - mean) ** 2 for s in starts) + (SPREAD * mean) ** 2
    return float((variance / (len(starts) + 1)) ** 0.5)


def asked_at(samples: Sequence[Sample], lowest: int, highest: int) -> list[float]:
    """Return when the formation was asked to reach each level, lowest to highest, Unix seconds.

    A change is first seen by the sample after it, so it was asked for at the sample before; what
    the first sample has was asked for long ago.
    """
    asked: list[float] = []
    for sample in reversed(samples):
        dynos = sample.dynos
        while dynos is not None and dynos < highest >= lowest:
            asked.append(sample.at)
            highest -= 1
        if highest < lowest:
            break
    asked += [-inf] * (highest - lowest + 1)
    return asked[::-1]


def dynos_up(samples: Sequence[Sample], per_dyno: int, boot_time: float) -> int | None:
    """Return the dynos that consume now: by the consumers where known, else by the boot time."""
    last = samples[-1]
    if last.dynos is None:
        return None
    if last.consumers is not None:
        return min(last.dynos, -(-last.consumers // per_dyno))
    settled = [s.dynos for s in samples if s.at >= last.at - boot_time and s.dynos is not None]
    return min(settled)


def estimate(settings: Settings, samples: Sequence[Sample]) -> Estimates:
    """Estimate from clean samples, old to new, the last one being the present.

    Args:
        settings: Sound settings; what they tell is the prior.
        samples: At least one sample.
    """
    per_dyno = consumers_per_dyno(samples, settings.concurrency)
    if per_dyno is None:
        samples, per_dyno = [replace(s, consumers=None) for s in samples], 1
    time = service(settings, samples, per_dyno)
    start = boot(settings, samples, per_dyno)
    last, gap = samples[-1], usual_gap(samples, settings.interval)
    up = dynos_up(samples, per_dyno, start.mean)
    period = max(start.mean, gap)
    since = last.at - max(WINDOWS[-1], (MOST_PERIODS + 1) * period)
    curve = published_curve(samples, 1.0 / time.mean, settings.concurrency, since)
    flow = arrivals(curve, period)
    running = _running(last, up, settings.concurrency)
    return Estimates(
        arrival_rate=flow.rate if flow else None,
        arrival_rate_stddev=flow.stddev if flow else None,
        arrival_rate_confirmed=flow.confirmed if flow else None,
        arrival_rate_ahead=flow.ahead if flow else None,
        arrival_dispersion=flow.dispersion if flow else 1.0,
        departure_rate=_departures(samples),
        service_time=time.mean,
        service_time_stddev=time.stddev,
        service_time_source=time.source,
        boot_time=start.mean,
        boot_time_stddev=start.stddev,
        boot_time_source=start.source,
        backlog=backlog_of(last) if is_counted(last) else None,
        running=running,
        hoarded=None if running is None else (last.messages_unacknowledged or 0) - running,
        dynos_up=up,
        sample_gap=gap,
        notices=tuple(notice for notice in (time.notice, start.notice) if notice),
    )


def waiting_of(samples: Sequence[Sample], estimates: Estimates) -> int:
    """Count the messages that have not begun: ready, or hoarded by a consumer."""
    return (samples[-1].messages_ready or 0) + (estimates.hoarded or 0)


def waiting_curve(settings: Settings, samples: Sequence[Sample], estimates: Estimates) -> Curve:
    """Return the curve of published messages as far back as the waiting ones reach."""
    pace = 1.0 / (estimates.service_time or 1.0)
    waiting = waiting_of(samples, estimates)
    if waiting <= 0:
        return Curve([samples[-1].at], [0.0])
    return published_curve(samples, pace, settings.concurrency, -inf, waiting)


def _running(last: Sample, up: int | None, concurrency: int) -> int | None:
    if last.messages_unacknowledged is None:
        return None
    if up is None:
        return last.messages_unacknowledged
    return min(last.messages_unacknowledged, up * concurrency)


def _departures(samples: Sequence[Sample]) -> float | None:
    last = samples[-1]
    window = [s for s in samples if s.at >= last.at - 60.0 and s.served is not None]
    if len(window) < 2 or last.served is None or last.at <= window[0].at:  # noqa: PLR2004 - a pair
        return None
    change = last.served - (window[0].served or 0)
    return change / (last.at - window[0].at) if change >= 0 else None
