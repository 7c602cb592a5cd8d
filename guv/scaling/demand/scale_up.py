"""How many dynos must be asked for now? By the deadlines, by the risk, and by the next batch."""

from math import ceil, inf, sqrt

from guv.scaling.demand.capacity import begun, fresh
from guv.scaling.demand.forecast import EPSILON, Outlook, risk
from guv.scaling.model import Estimates, Settings

RISK_UP = 0.025  # probability of a late message before help can come, above which help is asked
PRICE_OF_WAITING = 0.25  # dynos more that asking a tick later may cost
TICK_MARGIN = 1.25  # ticks until the next decision at the latest
A_FLOW = 4.2  # squared ratio of a rate to its error from five messages on


def by_curve(view: Outlook) -> int:
    """Dynos that the deadlines ask for now; those here where that can wait; 0: they are kept."""
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
    """Dynos missing if they are asked for so that they help after `delay` seconds, maybe broken."""
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
    """Dynos missing to finish what is too late already within the same patience once more.

    Nothing can keep its deadline, but it must not wait for ever behind messages that never come.
    """
    lost = max((p.messages for p in view.points if p.seconds <= view.boot - view.tick), default=0.0)
    again = max(view.patience, view.tick)
    missing = lost - begun(view.supply, view.boot + again)
    if missing <= EPSILON:
        return 0.0
    return missing / (view.supply.concurrency * fresh(view.supply, again))


def by_risk(view: Outlook) -> int:
    """Dynos with which few messages are late before more could help; 0: those here will do."""
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
    """Dynos that the next burst will need, from when they must be asked for until it is over."""
    burst = view.burst
    if burst is None or burst.starts_in > view.boot + TICK_MARGIN * view.tick:
        return 0
    each = view.supply.concurrency * fresh(view.supply, view.patience + burst.lasts)
    return ceil(burst.messages / each)


def useful(settings: Settings, estimates: Estimates, view: Outlook) -> int:
    """Most dynos that the messages can use: those here, and those of a flow that is a flow."""
    backlog = ceil((estimates.backlog or 0) / settings.concurrency)
    rate, error = estimates.arrival_rate or 0.0, estimates.arrival_rate_stddev or 0.0
    if rate * rate * estimates.arrival_dispersion < A_FLOW * error * error:
        return max(view.dynos, backlog)
    use = view.load.rate * view.load.service_time / settings.concurrency
    return max(view.dynos, backlog, ceil(use + 2.0 * sqrt(use)))
