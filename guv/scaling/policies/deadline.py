"""The deadline policy: every message in time, with the fewest dynos and few changes."""

from collections.abc import Sequence
from math import ceil, floor, inf, sqrt

from guv.scaling.demand.forecast import EPSILON, Outlook, begun, fresh, outlook, risk, with_dynos
from guv.scaling.demand.gain import no_gain, not_consuming, not_finishing
from guv.scaling.demand.queueing import GRACE, RARE, mean_passage, outlasting
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
