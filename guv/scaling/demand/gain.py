"""Gain: whether more dynos would bring more, or the limit is elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from guv.scaling.estimate.arrivals import served_between
from guv.scaling.model import Estimates, Sample

INCREASES = 2  # Increases without any gain before no more dynos are added.
MOST_INCREASES = 4  # Most increases that are looked back on.
LASTS = 900.0  # Seconds after the last increase until it is tried again.
GAIN = 0.5  # Part of what the added dynos should bring that counts as a gain.
GROWTH = 1.25  # Factor by which the dynos must have grown to be compared.
CERTAIN = 3.0  # Standard deviations that are beyond chance.
MOST_VARIATION = 1.5  # Largest spread that is believed here; a falling pace looks like spread.
LEAST_SECONDS = 45.0  # Fewest seconds on either side that make a comparison.
FEWEST_SERVED = 20.0  # Fewest messages on either side that make a comparison.
SERVICES = 10.0  # Service times within which one of the running messages is finished.
BOOTS = 3.0  # Boot times within which a dyno that will consume has begun to.


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the history with the same number of dynos.

    Attributes:
        dynos: That number.
        first: Index of its first sample.
        last: Index of its last sample.
    """

    dynos: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Served:
    """Messages served in so many seconds."""

    count: float
    seconds: float


def no_gain(samples: Sequence[Sample], estimates: Estimates) -> str:
    """Say why more dynos would not help; empty where they would or nothing is known.

    The throughput since the first of the last increases is compared with that before it, both with
    messages waiting all the time. Two increases are the fewest; more of them reach back to where
    fewer dynos did as much, also when somebody else went on adding.
    """
    stretches = _stretches(samples)
    for increases in range(INCREASES, min(MOST_INCREASES, len(stretches) - 1) + 1):
        why = _compared(samples, stretches[-1 - increases :], estimates)
        if why:
            return why
    return ""


def _compared(samples: Sequence[Sample], stretches: Sequence[Stretch], estimates: Estimates) -> str:
    """Compare the throughput before and after the increases between these stretches."""
    before, *grown = stretches
    is_rising = before.dynos > 0 and all(a.dynos < b.dynos for a, b in pairwise(stretches))
    if not is_rising or samples[-1].at - samples[grown[-1].first].at > LASTS:
        return ""
    start = _settled(samples, grown[0], estimates.boot_time or 0.0)
    earlier = _served(samples, before.first, before.last + 1)
    later = _served(samples, start, len(samples) - 1)
    if earlier is None or later is None or grown[0].dynos < GROWTH * before.dynos:
        return ""
    ratio = 1.0 + GAIN * (grown[0].dynos / before.dynos - 1.0)
    variation = (estimates.service_time_stddev or 0.0) / (estimates.service_time or 1.0)
    chance = CERTAIN * min(max(1.0, variation), MOST_VARIATION)
    least = (earlier.count - chance * sqrt(earlier.count)) / earlier.seconds * ratio
    most = (later.count + chance * sqrt(later.count)) / later.seconds
    if most > least:
        return ""
    return (
        f"throughput per dyno fell from {earlier.count / earlier.seconds / before.dynos:.2g} to "
        f"{later.count / later.seconds / grown[0].dynos:.2g} messages a second"
    )


def not_consuming(samples: Sequence[Sample], estimates: Estimates) -> str:
    """Say why dynos seem to be up without work; empty where they consume or may still boot."""
    last, patience = samples[-1], BOOTS * (estimates.boot_time or 0.0)
    if not last.dynos or last.consumers != 0 or not last.messages_ready:
        return ""
    since = last.at
    for sample in reversed(samples):
        if not sample.dynos or sample.consumers != 0:
            break
        since = sample.at
    if last.at - since < patience:
        return ""
    return f"dynos are up for {last.at - since:.0f} s but do not consume"


def not_finishing(samples: Sequence[Sample], estimates: Estimates) -> str:
    """Say why work seems to be stuck; empty where messages are finished or may be yet.

    Messages are being worked on and more wait, and for many service times none was finished.
    Nothing is said while the service time is only assumed: the jobs may be long ones.
    """
    last = samples[-1]
    if estimates.service_time_source == "prior" or last.served is None:
        return ""
    since = last.at
    for sample in reversed(samples):
        is_working = sample.dynos and sample.messages_ready and sample.messages_unacknowledged
        if not is_working or sample.served != last.served:
            break
        since = sample.at
    boots = BOOTS * (estimates.boot_time or 0.0)
    if last.at - since <= max(boots, SERVICES * (estimates.service_time or 0.0)):
        return ""
    running = last.messages_unacknowledged
    return f"no message was finished for {last.at - since:.0f} s, though {running} are worked on"


def _stretches(samples: Sequence[Sample]) -> list[Stretch]:
    """Return the last stretches of equal dynos, old to new, one more than the most increases."""
    stretches: list[Stretch] = []
    last: int | None = None
    for index in range(len(samples) - 1, -1, -1):
        dynos = samples[index].dynos
        if dynos is None:
            continue
        if last is None or dynos != stretches[-1].dynos:
            if len(stretches) > MOST_INCREASES:
                break
            stretches.append(Stretch(dynos, index, index))
        else:
            stretches[-1] = Stretch(dynos, index, stretches[-1].last)
        last = index
    return stretches[::-1]


def _settled(samples: Sequence[Sample], stretch: Stretch, boot: float) -> int:
    """Return the index of the first sample by which the dynos of a stretch should all be up."""
    up_at = samples[max(stretch.first - 1, 0)].at + boot
    index = stretch.first
    while index < len(samples) - 1 and samples[index].at < up_at:
        index += 1
    return index


def _served(samples: Sequence[Sample], first: int, last: int) -> Served | None:
    """Count what was served between two samples with some waiting throughout, else None."""
    last = min(last, len(samples) - 1)
    if last <= first or not all(sample.messages_ready for sample in samples[first : last + 1]):
        return None
    seconds = samples[last].at - samples[first].at
    count = served_between(samples[first], samples[last])
    if count is None or count < FEWEST_SERVED or seconds < LEAST_SECONDS:
        return None
    return Served(count, seconds)
