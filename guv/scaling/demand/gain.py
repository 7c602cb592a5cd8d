"""Do more dynos bring more? Where they do not, the limit is elsewhere and adding is no help."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from guv.scaling.estimate.arrivals import served_between
from guv.scaling.model import Estimates, Sample

INCREASES = 2  # without any gain before no more are added
MOST_INCREASES = 4  # that are looked back on
LASTS = 900.0  # seconds after the last increase until it is tried again
GAIN = 0.5  # of what the added dynos should bring that counts as a gain
GROWTH = 1.25  # times the dynos before that make a comparison
CERTAIN = 3.0  # standard deviations beyond chance
MOST_VARIATION = 1.5  # that is believed here; a pace that falls looks like spread
LEAST_SECONDS = 45.0  # on either side
FEWEST_SERVED = 20.0  # messages on either side that make a comparison
SERVICES = 10.0  # service times in which one of the messages being worked on is finished
BOOTS = 3.0  # boot times in which a dyno that will consume has begun to


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
    """Why more dynos would not help, in words; empty where they would or nothing is known.

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
    """The same for the increases between these stretches only."""
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
    """Why dynos seem to be up without work, in words; empty where they consume or may boot yet."""
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
    """Why work seems to be stuck, in words; empty where messages are finished or may be yet.

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
    """The last stretches of equal dynos, from old to new, one more than the most increases."""
    found: list[Stretch] = []
    last: int | None = None
    for index in range(len(samples) - 1, -1, -1):
        dynos = samples[index].dynos
        if dynos is None:
            continue
        if last is None or dynos != found[-1].dynos:
            if len(found) > MOST_INCREASES:
                break
            found.append(Stretch(dynos, index, index))
        else:
            found[-1] = Stretch(dynos, index, found[-1].last)
        last = index
    return found[::-1]


def _settled(samples: Sequence[Sample], stretch: Stretch, boot: float) -> int:
    """Index of the first sample from which the dynos of a stretch should all be up."""
    up_at = samples[max(stretch.first - 1, 0)].at + boot
    index = stretch.first
    while index < len(samples) - 1 and samples[index].at < up_at:
        index += 1
    return index


def _served(samples: Sequence[Sample], first: int, last: int) -> Served | None:
    """What was served between two samples with some waiting throughout; None: no comparison."""
    last = min(last, len(samples) - 1)
    if last <= first or not all(sample.messages_ready for sample in samples[first : last + 1]):
        return None
    seconds = samples[last].at - samples[first].at
    count = served_between(samples[first], samples[last])
    if count is None or count < FEWEST_SERVED or seconds < LEAST_SECONDS:
        return None
    return Served(count, seconds)
