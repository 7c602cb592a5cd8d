"""Decisions on web roles: what is known, what is expected, and how it is said."""

from collections.abc import Sequence
from math import isinf

from guv.scaling.demand.forecast import Prediction
from guv.scaling.model import Decision, Estimates, Sample, Settings
from guv.scaling.policies.web import PERCENTILE, TARGET, load_of
from guv.scaling.web.load import is_sound


def is_known(sample: Sample) -> bool:
    """Return whether the sample says what the web dynos did."""
    return is_sound(sample.web)


def web_estimates(settings: Settings, samples: Sequence[Sample]) -> Estimates:
    """Estimate from the present sample; service times are the responses the router saw."""
    reading = samples[-1].web
    if reading is None:
        return Estimates()
    return Estimates(
        arrival_rate=reading.rate,
        departure_rate=reading.rate,
        service_time=reading.mean,
        service_time_source="measured" if reading.mean is not None else "prior",
        response_time=reading.percentile(PERCENTILE.of(settings)),
        dynos_up=reading.serving,
        boot_time=settings.boot_time,
        boot_time_source="told" if settings.boot_time is not None else "prior",
        sample_gap=settings.interval,
    )


def expect(settings: Settings, samples: Sequence[Sample], desired: int) -> Prediction:
    """Predict the response time with the desired dynos, and whether the target is missed."""
    last = samples[-1]
    load, target = load_of(settings, last), TARGET.of(settings)
    if load is None:
        return Prediction(0.0, is_late=False, dynos_to_meet=desired)
    is_same = desired == (last.dynos or 0)
    wait = load.slow if is_same else load.slow_with(max(1, desired))
    is_late = settings.policy == "response_time" and load.slow > target
    return Prediction(wait, is_late, desired)


def said(settings: Settings, decision: Decision) -> str:
    """Return the part of a sentence that says how much there is to do."""
    rate, slow = decision.estimates.arrival_rate or 0.0, decision.estimates.response_time
    if not rate:
        return "no requests"
    shown = f"{rate:.3g}"
    text = f"{shown} request{'' if shown == '1' else 's'} per second"
    if slow is None or isinf(slow):
        return text
    text = f"{text}, {PERCENTILE.of(settings)} {slow:.2f} s"
    if settings.policy != "response_time":
        return text
    return f"{text} (target {TARGET.of(settings):g} s)"
