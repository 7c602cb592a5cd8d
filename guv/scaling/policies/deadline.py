"""The deadline policy: every message in time, with the fewest dynos and few changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, sqrt

from guv.scaling.deadline_curve import Flow, Point, coming_points, known_points
from guv.scaling.estimate import waiting_curve, waiting_of
from guv.scaling.estimate_bursts import Burst, next_burst
from guv.scaling.gain import no_gain, not_consuming
from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish
from guv.scaling.queueing import (
    GRACE,
    RARE,
    Load,
    late_risk,
    longest_wait,
    mean_passage,
    outlasting,
    service_time_quantile,
)
from guv.scaling.supply import Supply, begun, fresh, supply_of, with_dynos

CAUTION = 0.5  # standard deviations of arrivals that far points expect on top of the mean
BACKLOG_LATE = 0.6  # part of the allowed late messages that a backlog may use up
BURSTY = 3.0  # variance of arrivals by their mean from which batches are looked for
FORESEEN = 0.005  # part of the messages that may come outside of the bursts foreseen
FAR = 3.0  # reaction times; a longer patience needs no forecast of batches
A_FLOW = 4.2  # squared ratio of a rate to its error from five messages on
ENOUGH_SAMPLES = 6
BRINK = 0.3  # part of the allowed late messages for those that wait as long as they may
RISK_UP = 0.025  # probability of a late message before help can come, above which help is asked
RISK_DOWN = 0.01  # the same for going down, smaller so that the two cannot chase each other
ALARM = 2.24  # standard deviations that leave half of RISK_UP above them
CHANGE_COST = 20.0  # dyno-seconds that a person would pay to be spared one change
SEEN_LATE = 3.0  # seconds by which a broker's counts are old
DOUBT = 0.5  # standard deviations by which the rate is expected to be higher than it seems
TICK_MARGIN = 1.25  # ticks until the next decision at the latest
BOOT_MARGIN = 0.5  # standard deviations by which a boot is expected to be longer than its mean
EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything the rules look at, in seconds from now.

    Attributes:
        supply: The slots that are up or will be.
        points: What must have begun by when, for waiting and for coming messages.
        load: The flow of messages.
        waiting: Messages that have not begun.
        dynos: Dynos that the platform is asked to run.
        patience: Seconds that a message may wait.
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
    boot: float
    tick: float
    burst: Burst | None = None


def deadline(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, now: float
) -> Wish:
    """The fewest dynos that keep every deadline, see docs/scaling-model.md."""
    view = outlook(settings, samples, estimates, now)
    asked = min(max(_by_curve(view), _by_risk(view)), _useful(settings, estimates, view))
    asked = max(asked, _by_burst(view))
    if asked > view.dynos:
        why = no_gain(samples, estimates) or not_consuming(samples, estimates)
        if why:
            return Wish(view.dynos, Reason.NO_GAIN, why)
        return Wish(asked, Reason.DEADLINE, f"{asked - view.dynos} more keep the deadline")
    if asked == view.dynos and needed_extra(view, view.boot) > EPSILON:
        return Wish(view.dynos, Reason.STEADY, "the deadline leaves time to ask later")
    if view.dynos == 0:
        return Wish(0, Reason.STEADY, "nothing has to run")
    if not _is_known_enough(settings, samples, estimates):
        return Wish(view.dynos, Reason.STEADY, "the history is too short to go down")
    return _fewer(view, estimates)


def outlook(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, now: float
) -> Outlook:
    """The present supply and what it must keep."""
    waiting = waiting_of(samples, estimates)
    slack = patience(settings, estimates)
    boot = (estimates.boot_time or 0.0) + BOOT_MARGIN * (estimates.boot_time_stddev or 0.0)
    tick = estimates.sample_gap or settings.interval
    mean = estimates.service_time or 1.0
    rate = estimates.arrival_rate or 0.0
    tightness = max(0.0, 1.0 - slack / (boot + tick))
    doubt = DOUBT * (estimates.arrival_rate_stddev or 0.0) if rate else 0.0
    load = Load(
        rate=rate + doubt + tightness * max(0.0, (estimates.arrival_rate_ahead or 0.0) - rate),
        dispersion=estimates.arrival_dispersion,
        service_time=mean,
        variation=(estimates.service_time_stddev or 0.0) / mean,
    )
    flow = Flow(rate, load.dispersion, CAUTION)
    horizon = 2.0 * (boot + tick) + slack
    brink = _brink(settings, estimates, slack)
    known = known_points(waiting_curve(settings, samples, estimates), now, waiting, brink)
    coming = coming_points(flow, waiting, slack, horizon, max(tick, horizon / 16.0))
    supply = supply_of(settings, samples, estimates)
    dynos = samples[-1].dynos or 0
    burst = None
    if estimates.arrival_dispersion > BURSTY and slack < FAR * (boot + tick):
        burst = next_burst(samples, 1.0 / mean, settings.concurrency, tick)
    return Outlook(supply, (*known, *coming), load, waiting, dynos, slack, boot, tick, burst)


def patience(settings: Settings, estimates: Estimates, doubt: float = 1.0) -> float:
    """Seconds that a message may wait and still be done in time with the asked probability.

    Args:
        settings: Sound settings.
        estimates: The estimates.
        doubt: Part of the late messages that the percentile allows which this may use up.
    """
    mean = estimates.service_time or 1.0
    spread = estimates.service_time_stddev or 0.0
    percentile = 100.0 - doubt * (100.0 - settings.percentile)
    worst = service_time_quantile(mean, spread, percentile)
    return max(settings.target_deadline - worst - SEEN_LATE, 0.0)


def _brink(settings: Settings, estimates: Estimates, slack: float) -> float:
    """Seconds that a message which waits already may wait, depending on how many do so long.

    In a lasting backlog few wait so long. Of rare messages every other one does: a dyno is
    started for the first one, as late as can be.
    """
    mean, spread = estimates.service_time or 1.0, estimates.service_time_stddev or 0.0
    use = (estimates.arrival_rate or 0.0) * mean / settings.concurrency
    if use < 1.0:
        return patience(settings, estimates, BRINK)
    share = 100.0 - BACKLOG_LATE * (100.0 - settings.percentile)
    longest = longest_wait(mean, spread, settings.target_deadline, share)
    return max(slack, longest - SEEN_LATE)


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


def _by_curve(view: Outlook) -> int:
    extra = needed_extra(view, view.boot)
    if not view.dynos and view.waiting and view.patience <= view.boot + view.tick:
        extra = max(extra, 1.0)
    lost = _lost_extra(view)
    if lost > EPSILON:
        return view.dynos + ceil(max(extra if extra < inf else 0.0, lost) - EPSILON)
    if extra <= EPSILON:
        return 0
    next_tick = view.boot + TICK_MARGIN * view.tick
    now, later = ceil(extra - EPSILON), needed_extra(view, next_tick)
    if later == inf or ceil(later - EPSILON) > now:
        return view.dynos + now
    return view.dynos


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


def _by_risk(view: Outlook) -> int:
    seconds = view.boot + view.tick
    # What waits now is over, or not, when help comes; only what waits then can be helped.
    waiting = max(0.0, view.waiting + view.load.rate * view.boot - begun(view.supply, view.boot))
    if view.dynos and _risk(view, view.dynos, waiting, seconds) > RISK_UP:
        for dynos in range(view.dynos + 1, 2 * view.dynos + 2):
            if _risk(view, dynos, waiting, seconds) <= RISK_UP:
                return dynos
        return 2 * view.dynos + 2
    return 0


def _by_burst(view: Outlook) -> int:
    """Dynos that the next burst will need, from when they must be asked for until it is over."""
    burst = view.burst
    if burst is None or burst.starts_in > view.boot + TICK_MARGIN * view.tick:
        return 0
    each = view.supply.concurrency * fresh(view.supply, view.patience + burst.lasts)
    return ceil(burst.messages / each)


def _risk(view: Outlook, dynos: int, waiting: float, seconds: float) -> float:
    slots = dynos * view.supply.concurrency
    if not dynos:
        is_foreseen = view.burst is not None and view.burst.others < FORESEEN
        return 0.0 if is_foreseen or view.patience > view.boot + view.tick else 1.0
    if view.load.rate <= 0.0:
        return 0.0
    return late_risk(slots, view.load, waiting, view.patience, seconds)


def _useful(settings: Settings, estimates: Estimates, view: Outlook) -> int:
    """Most dynos that the messages can use: those here, and those of a flow that is a flow."""
    backlog = ceil((estimates.backlog or 0) / settings.concurrency)
    rate, error = estimates.arrival_rate or 0.0, estimates.arrival_rate_stddev or 0.0
    if rate * rate * estimates.arrival_dispersion < A_FLOW * error * error:
        return max(view.dynos, backlog)
    use = view.load.rate * view.load.service_time / settings.concurrency
    return max(view.dynos, backlog, ceil(use + 2.0 * sqrt(use)))


def _is_known_enough(settings: Settings, samples: Sequence[Sample], estimates: Estimates) -> bool:
    """Whether the history says enough to go down: after a restart a lull looks like the rule."""
    span = samples[-1].at - samples[0].at
    reaction = (estimates.boot_time or 0.0) + 2.0 * settings.interval
    return estimates.arrival_rate is not None and (
        len(samples) >= ENOUGH_SAMPLES or span >= reaction
    )


def _fewer(view: Outlook, estimates: Estimates) -> Wish:
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
    return max(_by_burst(view), ceil(messages / view.supply.concurrency))


def _keeps(view: Outlook, dynos: int) -> bool:
    seconds = view.boot + (2.0 if dynos else 1.0) * view.tick
    if _risk(view, dynos, float(view.waiting), seconds) > RISK_DOWN:
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
    return idle * quiet + buffer / pace > 2.0 * CHANGE_COST


def _until_asked_again(view: Outlook, pace: float) -> tuple[float, float]:
    """Messages that may wait until more dynos are asked for, and the mean seconds until they do."""
    load, drift = view.load, view.load.rate - pace
    if load.rate <= 0.0:
        return 0.0, inf
    variance = load.rate * (load.dispersion + load.variation**2)
    reaction = view.boot + view.tick
    spare = pace * view.patience - drift * reaction - ALARM * sqrt(variance * reaction)
    buffer = max(0.0, min(spare, pace * view.patience))
    return buffer, mean_passage(max(buffer, 1.0), drift, variance)
