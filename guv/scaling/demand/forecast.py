"""What lies ahead of a role? Supply, deadlines, load and batches, in seconds from now."""

from collections.abc import Sequence
from dataclasses import dataclass

from guv.scaling.demand.capacity import Supply, supply_of
from guv.scaling.demand.deadline_curve import Flow, Point, coming_points, known_points
from guv.scaling.demand.queueing import (
    Load,
    late_risk,
    longer_than,
    longest_wait,
    service_time_quantile,
)
from guv.scaling.estimate.bursts import Burst, next_burst
from guv.scaling.estimate.estimate import waiting_curve, waiting_of
from guv.scaling.model import Estimates, Sample, Settings

MOST_COMING = 16.0  # points for coming messages
CAUTION = 0.5  # standard deviations of arrivals that far points expect on top of the mean
BACKLOG_LATE = 0.6  # part of the allowed late messages that a backlog may use up
BRINK = 0.3  # part of the allowed late messages for those that wait as long as they may
BOLD = 4.0  # times the allowed late messages whose service times outlast the patience of few
BURSTY = 3.0  # variance of arrivals by their mean from which batches are looked for
FAR = 3.0  # reaction times; a longer patience needs no forecast of batches
FORESEEN = 0.005  # part of the messages that may come outside of the bursts foreseen
SEEN_LATE = 3.0  # seconds by which a broker's counts are old
DOUBT = 0.5  # standard deviations by which the rate is expected to be higher than it seems
BOOT_MARGIN = 0.5  # standard deviations by which a boot is expected to be longer than its mean
EPSILON = 1e-9  # messages or dynos that rounding alone may miss


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
    """The present supply and what it must keep; the last sample's dynos must be known.

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
    """The load that is to be expected; a rise ahead counts as far as help would come too late."""
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
    """Seconds that a message may wait and still be done in time with the asked probability.

    Args:
        settings: Sound settings.
        estimates: The estimates.
        doubt: Part of the late messages that the percentile allows which this may use up.
    """
    mean = estimates.service_time or 1.0
    spread = estimates.service_time_stddev or 0.0
    percentile = max(50.0, 100.0 - doubt * (100.0 - settings.percentile))
    worst = service_time_quantile(mean, spread, percentile)
    return max(settings.target_deadline - worst - SEEN_LATE, 0.0)


def _boldness(settings: Settings, estimates: Estimates) -> float:
    """How many times the allowed late messages a service time may be longer, if few have to wait.

    A message that hardly waits has the whole deadline for its service. Where that is hardly
    enough already, nothing is left to be bold with.
    """
    mean, spread = estimates.service_time or 1.0, estimates.service_time_stddev or 0.0
    allowed = 1.0 - settings.percentile / 100.0
    hopeless = longer_than(mean, spread, settings.target_deadline)
    return 1.0 + BOLD * max(0.0, 1.0 - hopeless / allowed)


def _brink(settings: Settings, estimates: Estimates, slack: float) -> float:
    """Seconds that a message which waits already may wait, depending on how many do so long.

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
    return max(slack, longest - SEEN_LATE)


def risk(view: Outlook, dynos: int, waiting: float, seconds: float) -> float:
    """Probability of a late message before help can come, from 0 to 1.

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
