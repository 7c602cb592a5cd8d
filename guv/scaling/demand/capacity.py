"""How many messages will have begun by when? Capacity that is up, booting, or asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guv.scaling.estimate.estimate import asked_at
from guv.scaling.model import Estimates, Sample, Settings

OVERDUE = 0.25  # of the boot time; how long a dyno that should be up is given


@dataclass(frozen=True, slots=True)
class Supply:
    """The slots that will take messages.

    Attributes:
        busy: Slots at work on a message now.
        idle: Slots of dynos that are up and have nothing to do.
        boots: Seconds from now until each booting dyno is up, the earliest first.
        concurrency: Slots per dyno.
        service_time: Seconds per message and slot, above 0.
        head_start: Messages that a fresh slot begins beyond time / service time.
    """

    busy: int
    idle: int
    boots: tuple[float, ...]
    concurrency: int
    service_time: float
    head_start: float


def supply_of(settings: Settings, samples: Sequence[Sample], estimates: Estimates) -> Supply:
    """The supply of the present formation; the last sample's dynos must be known."""
    dynos = samples[-1].dynos or 0
    up = dynos if estimates.dynos_up is None else estimates.dynos_up
    running = estimates.running or 0
    slots = max(up * settings.concurrency, running)
    now = samples[-1].at
    boot_time = estimates.boot_time or 0.0
    boots = tuple(
        _remaining(asked + boot_time - now, boot_time) for asked in asked_at(samples, up + 1, dynos)
    )
    return Supply(
        busy=running,
        idle=slots - running,
        boots=tuple(sorted(boots)),
        concurrency=settings.concurrency,
        service_time=estimates.service_time or 1.0,
        head_start=_head_start(estimates),
    )


def with_dynos(supply: Supply, dynos: int) -> Supply:
    """The same supply with fewer dynos: those that boot go first, then the share of busy ones."""
    slots = supply.busy + supply.idle
    up = slots // supply.concurrency
    if dynos >= up:
        return replace(supply, boots=supply.boots[: dynos - up])
    left = dynos * supply.concurrency
    busy = min(left, supply.busy)
    return replace(supply, busy=busy, idle=left - busy, boots=())


def begun(supply: Supply, seconds: float) -> float:
    """Messages that will have begun by then if there are always some to begin."""
    rounds = seconds / supply.service_time
    total = supply.busy * rounds + supply.idle * fresh(supply, seconds)
    for boot in supply.boots:
        if boot >= seconds:
            break
        total += supply.concurrency * fresh(supply, seconds - boot)
    return total


def fresh(supply: Supply, seconds: float) -> float:
    """Messages that one slot with nothing to do begins within that time: one at once."""
    if seconds < 0.0:
        return 0.0
    return max(1.0, seconds / supply.service_time + supply.head_start)


def seconds_to_begin(supply: Supply, messages: float) -> float:
    """Seconds until that many messages will have begun; infinity when nothing serves."""
    if messages <= 0.0:
        return 0.0
    low, high = 0.0, 1.0
    while begun(supply, high) < messages:
        low, high = high, high * 2.0
        if high > 1e9:  # noqa: PLR2004 - thirty years are never
            return float("inf")
    for _ in range(30):
        middle = (low + high) / 2.0
        low, high = (low, middle) if begun(supply, middle) >= messages else (middle, high)
    return high


def _remaining(seconds: float, boot_time: float) -> float:
    return seconds if seconds > 0.0 else OVERDUE * boot_time


def _head_start(estimates: Estimates) -> float:
    mean = estimates.service_time or 1.0
    variation = (estimates.service_time_stddev or 0.0) / mean
    # Renewal theory: a slot that starts fresh is ahead of time / mean by half of 1 - cv2 ... of
    # which a part is kept back, since times near a whole number of services are not there yet.
    return min(1.0, variation * variation) / 2.0
