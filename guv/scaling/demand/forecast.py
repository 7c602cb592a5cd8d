"""Forecast: the slots that will be up, what must have begun by when, and when it will be done."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf, sqrt

from guv.scaling.demand.queueing import (
    Load,
    late_risk,
    longer_than,
    longest_wait,
    service_time_quantile,
)
from guv.scaling.estimate.arrivals import Burst, Curve, next_burst, published_at
from guv.scaling.estimate.estimate import asked_at, last_change, waiting_curve, waiting_of
from guv.scaling.model import Estimates, Sample, Settings
from guv.scaling.shape.rules import Case

OVERDUE = 0.25  # Part of the boot time that an overdue dyno is still given.
MOST_POINTS = 32  # Most known points; more cost time and say nothing new.
WATCHED_S = 120.0  # Seconds after which a history without an arrival is taken to be cut.
MOST_COMING = 16.0  # Most points for coming messages.
CAUTION = 0.5  # Standard deviations of arrivals that far points expect on top of the mean.
BACKLOG_LATE = 0.6  # Part of the allowed late messages that a backlog may use up.
BRINK = 0.3  # Part of the allowed late messages for those that wait as long as they may.
# Multiple of the allowed late messages whose service may outlast the patience of a few.
BOLD = 4.0
BURSTY = 3.0  # Dispersion of arrivals from which batches are looked for.
FAR = 3.0  # Reaction times beyond which a patience needs no forecast of batches.
FORESEEN = 0.005  # Part of the messages that may come outside of the predicted bursts.
COUNTS_OLD = 3.0  # Seconds by which a broker's counts are old.
DOUBT = 0.5  # Standard deviations by which the rate is taken to be higher than it seems.
BOOT_MARGIN = 0.5  # Standard deviations by which a boot is taken to be longer than its mean.
EPSILON = 1e-9  # Messages or dynos that rounding alone may miss.


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
    """Return the supply of the present formation; the last sample's dynos must be known."""
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
    """Return the supply with fewer dynos: booting ones go first, then a share of the busy ones."""
    slots = supply.busy + supply.idle
    up = slots // supply.concurrency
    if dynos >= up:
        return replace(supply, boots=supply.boots[: dynos - up])
    left = dynos * supply.concurrency
    busy = min(left, supply.busy)
    return replace(supply, busy=busy, idle=left - busy, boots=())


def begun(supply: Supply, seconds: float) -> float:
    """Return how many messages will have begun by then if there are always some to begin."""
    rounds = seconds / supply.service_time
    total = supply.busy * rounds + supply.idle * fresh(supply, seconds)
    for boot in supply.boots:
        if boot >= seconds:
            break
        total += supply.concurrency * fresh(supply, seconds - boot)
    return total


def fresh(supply: Supply, seconds: float) -> float:
    """Return how many messages an idle slot begins within that time: one at once."""
    if seconds < 0.0:
        return 0.0
    return max(1.0, seconds / supply.service_time + supply.head_start)


def seconds_to_begin(supply: Supply, messages: float) -> float:
    """Return the seconds until that many messages have begun; infinity when nothing serves."""
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


@dataclass(frozen=True, slots=True)
class Point:
    """So many messages must have begun within so many seconds from now."""

    seconds: float
    messages: float


@dataclass(frozen=True, slots=True)
class Flow:
    """The messages that are expected.

    Attributes:
        rate: Messages per second.
        dispersion: Variance of arrivals by their mean.
        caution: Standard deviations by which more are expected than the mean.
    """

    rate: float
    dispersion: float
    caution: float


def known_points(curve: Curve, now: float, waiting: int, patience: float) -> list[Point]:
    """Return points for the waiting messages: exact, from when they were published.

    What has waited since before a history that is shorter than the patience is of unknown age;
    once that history is `WATCHED_S` long it counts as due, or it might wait for ever.

    Args:
        curve: Messages published until each instant.
        now: Unix seconds.
        waiting: Messages that have not begun.
        patience: Seconds that a message may wait.
    """
    if waiting <= 0:
        return []
    first = curve.totals[-1] - waiting
    oldest = published_at(curve, first + min(1.0, waiting / 2.0))
    points = [Point(oldest + patience - now, min(1.0, waiting))]
    hidden = min(curve.totals[0] - first, float(waiting))
    if hidden > 0 and now - curve.times[0] >= WATCHED_S:
        points = [Point(min(0.0, curve.times[0] + patience - now), hidden)]
    start = bisect_right(curve.totals, max(first, curve.totals[0]))
    stride = 1 + (len(curve.times) - start) // MOST_POINTS
    indices = list(range(len(curve.times) - 1, start - 1, -stride))[::-1]
    points += [
        Point(curve.times[i] + patience - now, curve.totals[i] - first)
        for i in indices
        if curve.totals[i] > curve.totals[i - 1]
    ]
    if not indices:
        points.append(Point(curve.times[-1] + patience - now, float(waiting)))
    return points


def coming_points(
    flow: Flow, waiting: int, patience: float, horizon: float, step: float
) -> list[Point]:
    """Return points for the messages expected until the horizon, `step` seconds apart."""
    count = max(0, int((horizon - patience) / step) + 1)
    return [
        Point(patience + k * step, waiting + expected(flow, k * step)) for k in range(1, count + 1)
    ]


def expected(flow: Flow, seconds: float) -> float:
    """Return the messages expected within that time, with the flow's caution on top."""
    mean = flow.rate * seconds
    return mean + flow.caution * sqrt(flow.dispersion * mean)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything the rules look at, in seconds from now.

    Attributes:
        supply: The slots that are up or will be.
        points: What must have begun by when, for waiting and for coming messages.
        load: The flow of messages.
        waiting: Messages that have not begun.
        dynos: Dynos that the platform is asked to run.
        patience: Seconds that every message may wait.
        patience_of_few: Seconds that a few of them may wait.
        boot: Seconds until a dyno asked for now is up.
        tick: Seconds until the next decision.
        burst: The batch that is expected next; None: none is.
    """

    supply: Supply
    points: Sequence[Point]
    load: Load
    waiting: int
    dynos: int
    patience: float
    patience_of_few: float
    boot: float
    tick: float
    burst: Burst | None = None


def outlook(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, now: float
) -> Outlook:
    """Return the present supply and what it must keep; the last sample's dynos must be known.

    Args:
        settings: Sound settings.
        samples: Clean samples from old to new.
        estimates: What they say.
        now: Unix seconds.
    """
    slack = patience(settings, estimates)
    boot = (estimates.boot_time or 0.0) + BOOT_MARGIN * (estimates.boot_time_stddev or 0.0)
    tick = estimates.sample_gap or settings.interval
    reaction = boot + tick
    # With time left, a jump is believed when a second sample shows it; a batch is no jump.
    is_urgent = slack <= reaction
    rate = (estimates.arrival_rate if is_urgent else estimates.arrival_rate_confirmed) or 0.0
    load = _load(estimates, rate, tightness=max(0.0, 1.0 - slack / reaction))
    waiting = waiting_of(samples, estimates)
    brink = _brink(settings, estimates, slack)
    known = known_points(waiting_curve(settings, samples, estimates), now, waiting, brink)
    flow = Flow(rate, load.dispersion, CAUTION)
    horizon = 2.0 * reaction + slack
    coming = coming_points(flow, waiting, slack, horizon, max(tick, horizon / MOST_COMING))
    burst = None
    if estimates.arrival_dispersion > BURSTY and slack < FAR * reaction:
        burst = next_burst(samples, 1.0 / load.service_time, settings.concurrency, tick)
    return Outlook(
        supply=supply_of(settings, samples, estimates),
        points=(*known, *coming),
        load=load,
        waiting=waiting,
        dynos=samples[-1].dynos or 0,
        patience=slack,
        patience_of_few=patience(settings, estimates, _boldness(settings, estimates)),
        boot=boot,
        tick=tick,
        burst=burst,
    )


def _load(estimates: Estimates, rate: float, tightness: float) -> Load:
    """Return the load to expect; a rise ahead counts as far as help would come too late."""
    mean = estimates.service_time or 1.0
    doubt = DOUBT * (estimates.arrival_rate_stddev or 0.0) if rate else 0.0
    rise = max(0.0, (estimates.arrival_rate_ahead or 0.0) - rate)
    return Load(
        rate=rate + doubt + tightness * rise,
        dispersion=estimates.arrival_dispersion,
        service_time=mean,
        variation=(estimates.service_time_stddev or 0.0) / mean,
    )


def patience(settings: Settings, estimates: Estimates, doubt: float = 1.0) -> float:
    """Return how long a message may wait and still be done in time with the asked probability.

    Args:
        settings: Sound settings.
        estimates: The estimates.
        doubt: Part of the late messages that the percentile allows which this may use up.
    """
    mean = estimates.service_time or 1.0
    spread = estimates.service_time_stddev or 0.0
    percentile = max(50.0, 100.0 - doubt * (100.0 - settings.percentile))
    worst = service_time_quantile(mean, spread, percentile)
    return max(settings.target_deadline - worst - COUNTS_OLD, 0.0)


def _boldness(settings: Settings, estimates: Estimates) -> float:
    """Return how far a service time may exceed the allowed late share, if few have to wait.

    A message that hardly waits has the whole deadline for its service. Where that is hardly
    enough already, nothing is left to be bold with.
    """
    mean, spread = estimates.service_time or 1.0, estimates.service_time_stddev or 0.0
    allowed = 1.0 - settings.percentile / 100.0
    hopeless = longer_than(mean, spread, settings.target_deadline)
    return 1.0 + BOLD * max(0.0, 1.0 - hopeless / allowed)


def _brink(settings: Settings, estimates: Estimates, slack: float) -> float:
    """Return how long a message that waits already may wait, by how many others wait as long.

    In a lasting backlog few wait so long. Of rare messages every other one does: a dyno is
    started for the first one, as late as can be.
    """
    mean, spread = estimates.service_time or 1.0, estimates.service_time_stddev or 0.0
    # One batch is no lasting backlog: a flow that keeps a dyno busy is.
    flow = (estimates.arrival_rate_confirmed or 0.0) * mean
    if min(flow, estimates.running or 0) < settings.concurrency:
        return patience(settings, estimates, BRINK)
    share = 100.0 - BACKLOG_LATE * (100.0 - settings.percentile)
    longest = longest_wait(mean, spread, settings.target_deadline, share)
    return max(slack, longest - COUNTS_OLD)


def risk(view: Outlook, dynos: int, waiting: float, seconds: float) -> float:
    """Return the probability of a late message before help can come, from 0 to 1.

    Args:
        view: The outlook.
        dynos: Dynos that serve.
        waiting: Messages that wait at the start.
        seconds: The time until help comes.
    """
    slots = dynos * view.supply.concurrency
    if not dynos:
        is_foreseen = view.burst is not None and view.burst.others < FORESEEN
        return 0.0 if is_foreseen or view.patience > view.boot + view.tick else 1.0
    if view.load.rate <= 0.0:
        return 0.0
    return late_risk(slots, view.load, waiting, view.patience_of_few, seconds)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What to expect with the desired dynos.

    Attributes:
        wait: Seconds until the last waiting message is done; infinity: never.
        is_late: Whether some waiting message will miss its deadline; on a service time that is
            only a guess, whether some has waited for as long as the deadline already.
        dynos_to_meet: Dynos that would keep every deadline that can still be kept.
    """

    wait: float
    is_late: bool
    dynos_to_meet: int


def predict(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, desired: int
) -> Prediction:
    """Predict what becomes of the messages that wait now, from the present sample on."""
    last = samples[-1]
    waiting = waiting_of(samples, estimates)
    present = supply_of(settings, samples, estimates)
    supply = _with(present, last.dynos or 0, desired, estimates.boot_time or 0.0)
    mean = estimates.service_time or 1.0
    wait = seconds_to_begin(supply, float(waiting)) + mean if waiting else 0.0
    if not waiting and estimates.running:
        wait = mean
    slack = settings.target_deadline - _longest(settings, estimates)
    points = known_points(waiting_curve(settings, samples, estimates), last.at, waiting, slack)
    missing = [(p.messages - begun(supply, p.seconds), p.seconds) for p in points]
    late = [pair for pair in missing if pair[0] > 0.5]  # noqa: PLR2004 - half a message
    most = max(
        (m / (supply.concurrency * fresh(supply, _time_left(s, estimates))) for m, s in late),
        default=0.0,
    )
    is_late = bool(late)
    if estimates.service_time_source == "prior":
        is_late = is_late and _is_overdue(settings, samples, estimates)
    return Prediction(wait, is_late, desired + ceil(most))


def _is_overdue(settings: Settings, samples: Sequence[Sample], estimates: Estimates) -> bool:
    """Return whether a waiting message's deadline has passed, however long its service takes."""
    curve, waiting = waiting_curve(settings, samples, estimates), waiting_of(samples, estimates)
    points = known_points(curve, samples[-1].at, waiting, settings.target_deadline)
    return any(point.seconds <= 0.0 for point in points)


def next_downscale(case: Case, desired: int, prediction: Prediction) -> float | None:
    """Return when fewer dynos are possible at the earliest if nothing arrives, else None.

    Args:
        case: What shaping looked at.
        desired: Dynos asked for.
        prediction: What was predicted for them.
    """
    settings, now = case.settings, case.now
    pause = settings.pause
    if desired <= case.bounds.minimum or prediction.wait == inf:
        return None
    earliest = now + prediction.wait
    changed = now if desired != case.current else last_change(case.samples, case.settings.memory)
    if settings.cooldown_down is not None and changed is not None:
        earliest = max(earliest, changed + settings.cooldown_down)
    if pause is not None and pause.direction in {"both", "down"}:
        if pause.until is None:
            return None
        earliest = max(earliest, pause.until)
    ticks = ceil((earliest - now) / settings.interval)
    return now + max(ticks, 1) * settings.interval


def _with(present: Supply, dynos: int, desired: int, boot_time: float) -> Supply:
    if desired <= dynos:
        return with_dynos(present, desired)
    return replace(present, boots=present.boots + (boot_time,) * (desired - dynos))


def _longest(settings: Settings, estimates: Estimates) -> float:
    mean = estimates.service_time or 1.0
    return service_time_quantile(mean, estimates.service_time_stddev or 0.0, settings.percentile)


def _time_left(seconds: float, estimates: Estimates) -> float:
    return max(seconds - (estimates.boot_time or 0.0), estimates.service_time or 1.0)
