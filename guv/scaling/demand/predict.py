"""Prediction: when the waiting messages will be done, and when fewer dynos are possible."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

from guv.scaling.demand.forecast import (
    Supply,
    begun,
    fresh,
    known_points,
    seconds_to_begin,
    supply_of,
    with_dynos,
)
from guv.scaling.demand.queueing import service_time_quantile
from guv.scaling.estimate.dynos import last_change
from guv.scaling.estimate.estimate import waiting_curve, waiting_of
from guv.scaling.model import Estimates, Sample, Settings
from guv.scaling.shape.rules import Case


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
