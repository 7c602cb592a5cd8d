"""The deadline policy: every message in time, with the fewest dynos and few changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, inf, sqrt

from guv.scaling.demand.forecast import EPSILON, Outlook, begun, fresh, outlook, risk, with_dynos
from guv.scaling.demand.queueing import GRACE, RARE, mean_passage, outlasting
from guv.scaling.estimate.arrivals import served_between
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish

RISK_UP = 0.025  # Scale up above this probability of a late message before a new dyno is up.
PRICE_OF_WAITING = 0.25  # Additional dynos that asking a tick later may cost.
TICK_MARGIN = 1.25  # The next decision comes within this many ticks.
A_FLOW = 4.2  # Squared ratio of a rate to its error above which it is a flow: five messages.
# Risk below which dynos go; smaller than RISK_UP, so that the two cannot chase each other.
RISK_DOWN = 0.01
ALARM = 2.24  # Standard deviations that leave half of RISK_UP above them.
CHANGE_COST = 20.0  # Dyno-seconds that it is worth to be spared one change.
CHANGE_COST_PER_DYNO = 5.0  # Dyno-seconds that each dyno in use adds to that.
ENOUGH_SAMPLES = 6  # Samples after which a history is long enough to go down on.
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


def deadline(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, now: float
) -> Wish:
    """Ask for the fewest dynos that keep every deadline; see docs/scaling-model.md."""
    view = outlook(settings, samples, estimates, now)
    asked = min(max(by_curve(view), by_risk(view)), useful(settings, estimates, view))
    asked = max(asked, by_burst(view))
    if asked > view.dynos:
        found = (one(samples, estimates) for one in (no_gain, not_consuming, not_finishing))
        why = next(filter(None, found), "")
        if why:
            return Wish(view.dynos, Reason.NO_GAIN, why)
        return Wish(asked, Reason.DEADLINE, f"{asked - view.dynos} more for the deadline")
    if asked == view.dynos and needed_extra(view, view.boot) > EPSILON:
        return Wish(view.dynos, Reason.STEADY, "the deadline leaves time to scale up later")
    if view.dynos == 0:
        return Wish(0, Reason.STEADY, "nothing has to run")
    if not is_known_enough(settings, samples, estimates):
        return Wish(view.dynos, Reason.STEADY, "the history is too short to scale down")
    return fewer(view, estimates)


def by_curve(view: Outlook) -> int:
    """Return the dynos that the deadlines need now; those here if that can wait; 0: enough."""
    extra = needed_extra(view, view.boot)
    if not view.dynos and view.waiting and view.patience <= view.boot + view.tick:
        extra = max(extra, 1.0)
    lost = _lost_extra(view)
    if lost > EPSILON:
        return view.dynos + ceil(max(extra if extra < inf else 0.0, lost) - EPSILON)
    if extra <= EPSILON:
        return 0
    next_tick = view.boot + TICK_MARGIN * view.tick
    later = needed_extra(view, next_tick)
    if later - extra > PRICE_OF_WAITING:
        return view.dynos + ceil(extra - EPSILON)
    return view.dynos


def needed_extra(view: Outlook, delay: float) -> float:
    """Return the missing dynos if they help after `delay` seconds; may be fractional."""
    most = 0.0
    for point in view.points:
        missing = point.messages - begun(view.supply, point.seconds)
        if missing <= EPSILON or point.seconds <= view.boot - view.tick:
            continue
        # What is late by less than a tick may still be met by a boot shorter than expected.
        if max(point.seconds, view.boot) < delay:
            return inf
        # A point right after the boot would ask for a crowd that idles a moment later.
        seconds = max(point.seconds - delay, view.tick)
        most = max(most, missing / (view.supply.concurrency * fresh(view.supply, seconds)))
    return most


def _lost_extra(view: Outlook) -> float:
    """Return the missing dynos that finish what is too late within the same patience again.

    Nothing can keep its deadline, but it must not wait for ever behind messages that never come.
    """
    lost = max((p.messages for p in view.points if p.seconds <= view.boot - view.tick), default=0.0)
    again = max(view.patience, view.tick)
    missing = lost - begun(view.supply, view.boot + again)
    if missing <= EPSILON:
        return 0.0
    return missing / (view.supply.concurrency * fresh(view.supply, again))


def by_risk(view: Outlook) -> int:
    """Return the dynos with which few messages are late before help; 0: those here will do."""
    seconds = view.boot + view.tick
    # What waits now is over, or not, when help comes; only what waits then can be helped.
    waiting = max(0.0, view.waiting + view.load.rate * view.boot - begun(view.supply, view.boot))
    if view.dynos and risk(view, view.dynos, waiting, seconds) > RISK_UP:
        for dynos in range(view.dynos + 1, 2 * view.dynos + 2):
            if risk(view, dynos, waiting, seconds) <= RISK_UP:
                return dynos
        return 2 * view.dynos + 2
    return 0


def by_burst(view: Outlook) -> int:
    """Return the dynos that the next burst needs, from when they must be asked for."""
    burst = view.burst
    if burst is None or burst.starts_in > view.boot + TICK_MARGIN * view.tick:
        return 0
    each = view.supply.concurrency * fresh(view.supply, view.patience + burst.lasts)
    return ceil(burst.messages / each)


def useful(settings: Settings, estimates: Estimates, view: Outlook) -> int:
    """Return the most dynos that the messages can use: those here, and those of a steady flow."""
    backlog = ceil((estimates.backlog or 0) / settings.concurrency)
    rate, error = estimates.arrival_rate or 0.0, estimates.arrival_rate_stddev or 0.0
    if rate * rate * estimates.arrival_dispersion < A_FLOW * error * error:
        return max(view.dynos, backlog)
    use = view.load.rate * view.load.service_time / settings.concurrency
    return max(view.dynos, backlog, ceil(use + 2.0 * sqrt(use)))


def is_known_enough(settings: Settings, samples: Sequence[Sample], estimates: Estimates) -> bool:
    """Return whether the history is long enough to go down on; a restart looks like a lull."""
    span = samples[-1].at - samples[0].at
    reaction = (estimates.boot_time or 0.0) + 2.0 * settings.interval
    return estimates.arrival_rate is not None and (
        len(samples) >= ENOUGH_SAMPLES or span >= reaction
    )


def fewer(view: Outlook, estimates: Estimates) -> Wish:
    """Ask for the fewest dynos that keep the deadlines and pay, else for those here."""
    soon = begun(view.supply, view.tick) - view.load.rate * view.tick
    if view.waiting > soon:
        return Wish(view.dynos, Reason.STEADY, "every dyno has work")
    use = view.load.rate * view.load.service_time / view.supply.concurrency
    fewest = _fewest(view, estimates)
    for dynos in range(max(fewest, floor(use)), view.dynos):
        if _keeps(view, dynos) and _pays(view, dynos, use):
            return Wish(dynos, Reason.IDLE, f"{use:.2f} dynos in use")
    return Wish(
        view.dynos, Reason.STEADY, "with fewer, a job could be late or the change would not pay"
    )


def _fewest(view: Outlook, estimates: Estimates) -> int:
    """Return the fewest dynos worth going to: a cut message must find a slot to run again."""
    lasting = outlasting(view.load.service_time, estimates.service_time_stddev or 0.0, GRACE)
    messages = (estimates.backlog or 0) if lasting >= RARE else min(estimates.backlog or 0, 1)
    return max(by_burst(view), ceil(messages / view.supply.concurrency))


def _keeps(view: Outlook, dynos: int) -> bool:
    seconds = view.boot + (2.0 if dynos else 1.0) * view.tick
    if risk(view, dynos, float(view.waiting), seconds) > RISK_DOWN:
        return False
    supply = with_dynos(view.supply, dynos)
    return all(
        point.messages <= begun(supply, point.seconds) + EPSILON
        for point in view.points
        if point.seconds <= seconds
    )


def _pays(view: Outlook, dynos: int, use: float) -> bool:
    """Return whether giving up the dyno above `dynos` saves more than two changes cost.

    Saved is what it would idle until it is asked for again, and the buffer of messages that fills
    until then and keeps it busy later; its boot is covered by the messages that come meanwhile.
    """
    pace = view.supply.concurrency / view.load.service_time
    idle = min(1.0, dynos + 1.0 - use)
    if dynos:
        buffer, quiet = _until_asked_again(view, dynos * pace)
    else:
        gather = max(0.0, view.patience - view.boot - view.tick)
        buffer = view.load.rate * gather
        quiet = gather + 1.0 / view.load.rate if view.load.rate > 0.0 else inf
    # Where many dynos work, a little idling is less of the bill, and quiet is worth more.
    return idle * quiet + buffer / pace > 2.0 * (CHANGE_COST + CHANGE_COST_PER_DYNO * use)


def _until_asked_again(view: Outlook, pace: float) -> tuple[float, float]:
    """Return the messages that may wait until more are asked for, and the mean seconds."""
    load, drift = view.load, view.load.rate - pace
    if load.rate <= 0.0:
        return 0.0, inf
    variance = load.rate * (load.dispersion + load.variation**2)
    reaction = view.boot + view.tick
    spare = pace * view.patience_of_few - drift * reaction - ALARM * sqrt(variance * reaction)
    buffer = max(0.0, min(spare, pace * view.patience_of_few))
    return buffer, mean_passage(max(buffer, 1.0), drift, variance)


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
