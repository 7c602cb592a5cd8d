"""How long does a dyno take to start? From the rise of dynos to the rise of consumers."""

from collections.abc import Sequence
from dataclasses import dataclass

from guv.scaling.estimate.sanitize import PRIOR_BOOT_TIME
from guv.scaling.model import Sample, Settings

TOLD_WEIGHT = 2.0  # a told value counts as much as so many measured starts
PRIOR_WEIGHT = 1.0
RECENT = 128  # samples that show how many consumers a dyno has
MOST_STARTS = 8  # the newest ones
SPREAD = 0.2  # standard deviation of a boot time, as a part of its mean, until measured
CONTRADICTION = 1.5  # times; a measured value so far off overrules the told one
SEEN_LATE = 2.5  # seconds after which a broker shows new consumers, on average
FEW = 3  # samples with running messages and no consumers are no chance
ENOUGH = 2  # starts before it may


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
    """The boot time: the told one or the prior, corrected by the starts that were seen."""
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
    """Consumers that one dyno subscribes, 1 or more: what full formations showed, else 1.

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
    found: list[float] = []
    for index in range(len(samples) - 1, 0, -1):
        before, after = samples[index - 1], samples[index]
        if before.dynos is None or after.dynos is None or after.dynos <= before.dynos:
            continue
        seconds = _seconds_until_up(samples, index, consumers_per_dyno, prior)
        if seconds is not None:
            found.append(seconds)
        if len(found) == MOST_STARTS:
            break
    return found


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
            return max(1.0, (sample.at + samples[later - 1].at) / 2.0 - SEEN_LATE - asked)
    return None


def _spread(starts: Sequence[float], mean: float) -> float:
    variance = sum((s - mean) ** 2 for s in starts) + (SPREAD * mean) ** 2
    return float((variance / (len(starts) + 1)) ** 0.5)
