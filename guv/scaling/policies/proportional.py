"""guv 0.3: as many dynos as finish the present backlog within the deadline.

    target   = deadline - z * stddev        (z: the normal quantile of the percentile)
               processing + 0.01            where that is not above the processing time
    rounds   = ceil(messages / concurrency)
    estimate = ceil(rounds * processing / max(processing, target - processing))
               then at least the minimum, then at most the maximum

Going up happens at once. Going down goes no further than the highest estimate of the last
`history / interval` samples before the present one; without any such sample it happens at once,
too. 0.3 kept those estimates in memory and forgot them at each restart; here they are made anew
from the stored samples and the present settings, which also makes a lowered maximum hold at once.
"""

from collections.abc import Sequence
from math import ceil
from statistics import NormalDist

from guv.scaling.model import Estimates, Reason, Sample, Settings, Wish, counted
from guv.scaling.policies.parameters import Number, Parameter
from guv.scaling.policies.past import backlog

TARGET = Number("target", 0.0, "s", "time in which the backlog is to be done; 0: from the deadline")

PARAMETERS: tuple[Parameter, ...] = (TARGET,)

DEFAULT_PROCESSING = 10.0  # Seconds a message takes where nobody told, as in guv 0.3.
CERTAIN = 100.0  # Percentile from which on no time is enough.


def proportional(settings: Settings, samples: Sequence[Sample], _: Estimates, __: float) -> Wish:
    """Ask for what guv 0.3 asks for."""
    current, messages = samples[-1].dynos, backlog(samples[-1])
    if messages is None:
        return Wish(current or 0, Reason.NO_DATA, "the backlog is unknown")
    estimate = estimated_dynos(settings, messages)
    note = f"{counted(messages, 'message asks', 'messages ask')} for {estimate}"
    if current is None or estimate > current:
        return Wish(estimate, Reason.BACKLOG, note)
    highest = max(_earlier_estimates(settings, samples), default=estimate)
    if estimate < highest:
        return Wish(min(current, highest), Reason.STABILIZED, f"{note}, lately {highest}")
    return Wish(estimate, Reason.IDLE if estimate < current else Reason.STEADY, note)


def estimated_dynos(settings: Settings, messages: int) -> int:
    """Return the dynos for `messages`, within the bounds; the maximum wins."""
    processing = _processing(settings)
    rounds = ceil(messages / max(1, settings.concurrency))
    available = max(processing, target(settings) - processing)
    dynos = ceil(rounds * processing / available)
    return min(max(dynos, settings.minimum_dynos), settings.maximum_dynos)


def target(settings: Settings) -> float:
    """Return the seconds in which a message should be done to keep its percentile."""
    if TARGET.of(settings) > 0:
        return TARGET.of(settings)
    processing = _processing(settings)
    stddev = settings.processing_time_stddev or processing / 2
    if settings.percentile >= CERTAIN:
        return processing + 0.01
    seconds = settings.target_deadline - NormalDist().inv_cdf(settings.percentile / 100) * stddev
    return seconds if seconds > processing else processing + 0.01


def _processing(settings: Settings) -> float:
    return settings.processing_time or DEFAULT_PROCESSING


def _earlier_estimates(settings: Settings, samples: Sequence[Sample]) -> list[int]:
    length = int(settings.history / settings.interval)
    backlogs = [backlog(sample) for sample in samples[:-1][-length:]] if length else []
    return [estimated_dynos(settings, messages) for messages in backlogs if messages is not None]
