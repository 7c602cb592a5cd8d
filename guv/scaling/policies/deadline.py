"""The deadline policy: every message in time, with the fewest dynos."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

from guv.scaling.curve import Curve
from guv.scaling.deadline_curve import Flow, Point, coming_points, known_points
from guv.scaling.estimate import curve_of
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.queueing import service_time_quantile
from guv.scaling.supply import Supply, begun, fresh, supply_of, with_dynos

UP_CAUTION = 1.5  # standard deviations of arrivals that the up rule expects on top
DOWN_CAUTION = 1.5
SEEN_LATE = 5.0  # seconds by which a broker's counts are old
WORTH_IT = 0.6  # use of its last dyno below which a formation gives it up
EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything the rules look at, in seconds from now."""

    supply: Supply
    known: list[Point]
    coming: list[Point]
    waiting: int
    dynos: int
    boot: float
    tick: float


def deadline(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, now: float
) -> Wish:
    """The fewest dynos that keep every deadline, see docs/scaling-model.md."""
    view = outlook(settings, samples, estimates, now)
    extra = needed_extra(view, view.boot)
    if extra > EPSILON and needed_extra(view, view.boot + view.tick) > extra + EPSILON:
        wanted = min(view.dynos + ceil(extra - EPSILON), _useful(settings, estimates, view))
        if wanted > view.dynos:
            return Wish(wanted, Reason.DEADLINE, f"{wanted - view.dynos} more keep the deadline")
    if extra <= EPSILON:
        return _fewer(settings, estimates, view)
    return Wish(view.dynos, Reason.STEADY, "the deadline can wait for the next tick")


def outlook(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, now: float
) -> Outlook:
    """The present supply and the points that it must keep."""
    curve: Curve = curve_of(settings, samples, estimates)
    waiting = (samples[-1].messages_ready or 0) + (estimates.hoarded or 0)
    slack = patience(settings, estimates)
    boot = estimates.boot_time or 0.0
    tick = estimates.sample_gap or settings.interval
    flow = Flow(
        estimates.arrival_rate or 0.0,
        0.0,
        estimates.arrival_dispersion,
        UP_CAUTION,
    )
    horizon = 2.0 * (boot + tick) + max(0.0, slack)
    return Outlook(
        supply=supply_of(settings, samples, estimates),
        known=known_points(curve, now, waiting, slack),
        coming=coming_points(flow, waiting, slack, horizon, max(tick, horizon / 16.0)),
        waiting=waiting,
        dynos=samples[-1].dynos or 0,
        boot=boot + (estimates.boot_time_stddev or 0.0),
        tick=tick,
    )


def patience(settings: Settings, estimates: Estimates) -> float:
    """Seconds that a message may wait and still be done in time with the asked probability."""
    mean = estimates.service_time or 1.0
    spread = estimates.service_time_stddev or 0.0
    worst = service_time_quantile(mean, spread, settings.percentile)
    return max(settings.target_deadline - worst - SEEN_LATE, 0.0)


def needed_extra(view: Outlook, delay: float) -> float:
    """Dynos missing if they are asked for so that they help after `delay` seconds, maybe broken."""
    most = 0.0
    for point in (*view.known, *view.coming):
        missing = point.messages - begun(view.supply, point.seconds)
        if missing <= EPSILON or point.seconds <= view.boot:
            continue
        if point.seconds <= delay:
            return inf
        each = view.supply.concurrency * fresh(view.supply, point.seconds - delay)
        most = max(most, missing / each)
    if not most and view.waiting and not view.dynos:
        return 1.0
    return most


def _useful(settings: Settings, estimates: Estimates, view: Outlook) -> int:
    backlog = ceil((estimates.backlog or 0) / settings.concurrency)
    mean = estimates.service_time or 1.0
    flow = ceil((estimates.arrival_rate or 0.0) * mean / settings.concurrency)
    return max(view.dynos, backlog, flow + 1)


def _fewer(settings: Settings, estimates: Estimates, view: Outlook) -> Wish:
    mean = estimates.service_time or 1.0
    rate = estimates.arrival_rate or 0.0
    soon = begun(view.supply, view.tick) - rate * view.tick
    if view.dynos == 0 or view.waiting > soon:
        return Wish(view.dynos, Reason.STEADY, "every dyno has work")
    use = rate * mean / settings.concurrency
    fewest = max(0, ceil(use - WORTH_IT))
    if (estimates.backlog or 0) > 0:
        fewest = max(fewest, 1)
    for dynos in range(fewest, view.dynos):
        if _keeps(view, with_dynos(view.supply, dynos)):
            return Wish(dynos, Reason.IDLE, f"{use:.2f} dynos are in use")
    return Wish(view.dynos, Reason.STEADY, "fewer would miss a deadline")


def _keeps(view: Outlook, supply: Supply) -> bool:
    return all(
        point.messages <= begun(supply, point.seconds) + EPSILON
        for point in (*view.known, *view.coming)
    )
