"""Which dynos can be given up? Those without which every deadline is kept, if it pays."""

from collections.abc import Sequence
from math import ceil, floor, inf, sqrt

from guv.scaling.demand.capacity import begun, with_dynos
from guv.scaling.demand.forecast import EPSILON, Outlook, risk
from guv.scaling.demand.queueing import GRACE, RARE, mean_passage, outlasting
from guv.scaling.demand.scale_up import by_burst
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish

RISK_DOWN = 0.01  # smaller than the risk for going up, so that the two cannot chase each other
ALARM = 2.24  # standard deviations that leave half of the risk for going up above them
CHANGE_COST = 20.0  # dyno-seconds that a person would pay to be spared one change
CHANGE_COST_PER_DYNO = 5.0  # and so many more for each dyno in use
ENOUGH_SAMPLES = 6


def is_known_enough(settings: Settings, samples: Sequence[Sample], estimates: Estimates) -> bool:
    """Whether the history says enough to go down: after a restart a lull looks like the rule."""
    span = samples[-1].at - samples[0].at
    reaction = (estimates.boot_time or 0.0) + 2.0 * settings.interval
    return estimates.arrival_rate is not None and (
        len(samples) >= ENOUGH_SAMPLES or span >= reaction
    )


def fewer(view: Outlook, estimates: Estimates) -> Wish:
    """The fewest dynos that keep the deadlines and pay; those here where none can go."""
    soon = begun(view.supply, view.tick) - view.load.rate * view.tick
    if view.waiting > soon:
        return Wish(view.dynos, Reason.STEADY, "every dyno has work")
    use = view.load.rate * view.load.service_time / view.supply.concurrency
    fewest = _fewest(view, estimates)
    for dynos in range(max(fewest, floor(use)), view.dynos):
        if _keeps(view, dynos) and _pays(view, dynos, use):
            return Wish(dynos, Reason.IDLE, f"{use:.2f} dynos are in use")
    return Wish(view.dynos, Reason.STEADY, "fewer would miss a deadline or not pay")


def _fewest(view: Outlook, estimates: Estimates) -> int:
    """Dynos below which there is no point to go: a cut message must find a slot to run again."""
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
    """Whether giving up the dyno above `dynos` saves more than two changes are worth.

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
    """Messages that may wait until more dynos are asked for, and the mean seconds until they do."""
    load, drift = view.load, view.load.rate - pace
    if load.rate <= 0.0:
        return 0.0, inf
    variance = load.rate * (load.dispersion + load.variation**2)
    reaction = view.boot + view.tick
    spare = pace * view.patience_of_few - drift * reaction - ALARM * sqrt(variance * reaction)
    buffer = max(0.0, min(spare, pace * view.patience_of_few))
    return buffer, mean_passage(max(buffer, 1.0), drift, variance)
