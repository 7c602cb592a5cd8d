"""The decision: clean, estimate, wish, shape, predict, explain."""

from collections.abc import Sequence
from dataclasses import replace
from math import isinf

from guv.scaling.demand.forecast import Prediction, next_downscale, predict
from guv.scaling.demand.profile import Profile, growth
from guv.scaling.estimate.cleaning import clean, is_counted, is_number, sound, usual_gap
from guv.scaling.estimate.estimate import estimate
from guv.scaling.estimate.reconcile import reconcile
from guv.scaling.model import (
    Decision,
    Direction,
    Estimates,
    Reason,
    Sample,
    Settings,
    Step,
    Wish,
    counted,
    seconds_beside,
)
from guv.scaling.policies import POLICIES
from guv.scaling.policies.deadline import deadline, not_consuming, not_finishing
from guv.scaling.shape.rules import Case, bounds_at, shape
from guv.scaling.web.decide import expect, is_known, said, web_estimates

STALE_GAPS = 3.0  # A sample is stale after this many of the usual gaps between samples.
STALE_AFTER = 90.0  # A sample is never stale before this many seconds.
UNKNOWN_DYNOS = "the number of dynos is unknown"
WHY = {
    Reason.STABILIZED: "scaling down waits for its window",
    Reason.NO_GAIN: "more dynos have brought no more throughput",
}
# Reasons of a change that the work in the sentence says already.
SAID_BY_WORK = frozenset({Reason.DEADLINE, Reason.BACKLOG, Reason.ARRIVALS})


def decide(
    settings: Settings, history: Sequence[Sample], now: float, profile: Profile = ()
) -> Decision:
    """Decide how many dynos a role needs: pure, total, and the same for the same input.

    Args:
        settings: The role's settings.
        history: Its samples in any order, the more recent ones the better; the last one is the
            present, and its `dynos` what the platform runs now. Anything unusable in it is left
            out; where too little is left the decision holds and says why.
        now: Unix seconds.
        profile: Usual arrival rates of the role's week (`guv.scaling.demand.profile`), where
            there are some; a rise that they foresee is prepared for, a fall is not believed in
            advance.
    """
    settings = sound(settings)
    if not is_number(now):
        return _held(None, Wish(0, Reason.NO_DATA, "the present time is unknown"), 0.0)
    samples: Sequence[Sample] = clean(history, now)
    missing = _missing(settings, samples, now)
    if missing:
        return _without_data(settings, samples, now, missing)
    if settings.is_web:
        estimates = web_estimates(settings, samples)
    else:
        believed = reconcile(settings, samples)
        samples = believed.samples
        estimates = _foreseen(estimate(settings, samples), profile, now)
        estimates = replace(
            estimates,
            arrival_source=believed.arrival_source,
            notices=believed.notices + estimates.notices,
        )
    return _decided(settings, samples, estimates, now)


def _foreseen(estimates: Estimates, profile: Profile, now: float) -> Estimates:
    """Add the rise of arrivals that the profile expects until a dyno asked for now is up."""
    rate = estimates.arrival_rate
    if not profile or rate is None:
        return estimates
    reaction = (estimates.boot_time or 0.0) + (estimates.sample_gap or 0.0)
    usual = rate * growth(profile, now, reaction)
    return replace(estimates, arrival_rate_ahead=max(estimates.arrival_rate_ahead or 0.0, usual))


def _decided(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, now: float
) -> Decision:
    policy = POLICIES.get(settings.policy, deadline)
    wish = policy(settings, samples, estimates, now)
    current = samples[-1].dynos or 0
    bounds = bounds_at(settings, now)
    case = Case(settings, samples, estimates, now, current, bounds, policy)
    first = Step(settings.policy, current, wish.dynos, wish.reason, wish.note)
    trail = (first, *shape(case, wish))
    desired = trail[-1].after or 0
    prediction = _predicted(settings, samples, estimates, desired)
    at_most = min(bounds.maximum, settings.platform_limit or bounds.maximum)
    helpless = _no_gain(settings, samples, estimates, wish)
    wants_more = wish.dynos > at_most or bool(helpless)
    is_capped = trail[-1].reason is Reason.SPEND_CAP and wish.dynos > desired
    is_missed = prediction.is_late and (is_capped or (desired >= at_most and wants_more))
    enough = max(wish.dynos, prediction.dynos_to_meet) if is_missed and not helpless else None
    decision = Decision(
        at=now,
        required=wish.dynos,
        desired=desired,
        current=current,
        direction=_direction(current, desired),
        reason=trail[-1].reason,
        explanation="",
        trail=trail,
        estimates=estimates,
        predicted_wait=prediction.wait,
        is_late=prediction.is_late,
        misses_at_maximum=is_missed,
        dynos_to_meet=enough,
        no_gain=helpless,
        next_downscale_at=_next_downscale(case, desired, prediction),
        notices=estimates.notices + bounds.notices + ((helpless,) if helpless else ()),
    )
    return replace(decision, explanation=explain(settings, decision))


def _predicted(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, desired: int
) -> Prediction:
    if settings.is_web:
        return expect(settings, samples, desired)
    return predict(settings, samples, estimates, desired)


def _next_downscale(case: Case, desired: int, prediction: Prediction) -> float | None:
    if case.settings.is_web:  # fewer must have been enough for a while
        prediction = replace(prediction, wait=case.settings.history)
    return next_downscale(case, desired, prediction)


def _no_gain(
    settings: Settings, samples: Sequence[Sample], estimates: Estimates, wish: Wish
) -> str:
    """Say why more dynos would not help; idle dynos count whether or not more are asked."""
    if wish.reason is Reason.NO_GAIN:
        return f"no more dynos are added: {wish.note}"
    if settings.is_web:
        return ""
    return not_consuming(samples, estimates) or not_finishing(samples, estimates)


def _missing(settings: Settings, samples: Sequence[Sample], now: float) -> str:
    if not samples:
        return "no usable sample"
    last = samples[-1]
    age = now - last.at
    if age > max(STALE_AFTER, STALE_GAPS * usual_gap(samples, settings.interval)):
        return f"the last sample is {age:.0f} s old"
    if not _is_read(settings, last):
        return f"the number of {'requests' if settings.is_web else 'messages'} is unknown"
    if last.dynos is None:
        return UNKNOWN_DYNOS
    return ""


def _is_read(settings: Settings, sample: Sample) -> bool:
    return is_known(sample) if settings.is_web else is_counted(sample)


def _without_data(
    settings: Settings, samples: Sequence[Sample], now: float, missing: str
) -> Decision:
    current = next((s.dynos for s in reversed(samples) if s.dynos is not None), None)
    wish = Wish(current or 0, Reason.NO_DATA, missing)
    if current is None:
        return _held(None, wish, now)
    if settings.no_data is not None and settings.no_data_dynos is not None:
        known = settings.memory.counted_at or samples[0].at
        since = next((s.at for s in reversed(samples) if _is_read(settings, s)), known)
        if now - since >= settings.no_data:
            wish = replace(wish, dynos=max(current, settings.no_data_dynos))
    bounds = bounds_at(settings, now)
    case = Case(settings, samples, Estimates(), now, current, bounds)
    trail = (Step("no_data", current, wish.dynos, wish.reason, wish.note), *shape(case, wish))
    return _held(current, wish, now, trail)


def _held(current: int | None, wish: Wish, now: float, trail: tuple[Step, ...] = ()) -> Decision:
    trail = trail or (Step("no_data", current, current, wish.reason, wish.note),)
    desired = trail[-1].after
    decision = Decision(
        at=now,
        required=None,
        desired=desired,
        current=current,
        direction=_direction(current, desired),
        reason=trail[-1].reason,
        explanation="",
        trail=trail,
    )
    return replace(decision, explanation=explain(Settings(), decision))


def _direction(current: int | None, desired: int | None) -> Direction:
    if current is None or desired is None or current == desired:
        return Direction.HOLD
    return Direction.UP if desired > current else Direction.DOWN


def explain(settings: Settings, decision: Decision) -> str:
    """Return the sentence for a decision whose other fields are filled.

    A change leads with the change: "Scaling from 1 to 5 dynos (your maximum): 82 jobs waiting,
    the last would finish 11 s late (deadline 60 s)." A hold leads with the work: "Queue empty,
    1 job running. Keeping 3 dynos: with fewer, a job could be late."
    """
    if decision.desired is None or decision.required is None:
        return _explain_without_data(decision)
    work = said(settings, decision) if settings.is_web else _work(settings, decision)
    last = decision.trail[-1] if decision.trail else None
    why = _why(last)
    if decision.desired == decision.current:
        because = f": {why}" if why else ""
        return f"{work[:1].upper()}{work[1:]}. Keeping {_dynos(decision.desired)}{because}."
    change = f"Scaling from {decision.current} to {_dynos(decision.desired)}"
    if last is None or not why or last.reason in SAID_BY_WORK:
        return f"{change}: {work}."
    if last.reason is Reason.IDLE:
        return f"{change}: {work}, {why}."
    return f"{change} ({why}): {work}."


def _explain_without_data(decision: Decision) -> str:
    missing = decision.trail[0].note if decision.trail else "nothing is known"
    if decision.desired is None:
        also = "" if missing == UNKNOWN_DYNOS else f", and {UNKNOWN_DYNOS} too"
        return f"Not scaling: {missing}{also}."
    if decision.desired == decision.current:
        return f"Keeping {_dynos(decision.desired)}: {missing}."
    why = _why(decision.trail[-1])
    because = f" ({why})" if why and why != missing else ""
    change = f"Scaling from {decision.current} to {_dynos(decision.desired)}"
    return f"{change}{because}: {missing}."


def _work(settings: Settings, decision: Decision) -> str:
    """Return how much waits and when the last of it would be done."""
    running = decision.estimates.running or 0
    waiting = (decision.estimates.backlog or 0) - running
    if not waiting:
        runs = counted(running, "job running", "jobs running")
        return f"queue empty, {runs}" if running else "queue empty"
    text = counted(waiting, "job waiting", "jobs waiting")
    wait, deadline = decision.predicted_wait, settings.target_deadline
    if wait is None or isinf(wait):
        return f"{text}, and no dyno serves {'it' if waiting == 1 else 'them'} yet"
    if wait > deadline:
        late = seconds_beside(wait - deadline, 0.0)
        return f"{text}, the last would finish {late} s late (deadline {deadline:.10g} s)"
    when = f"the last would finish in {seconds_beside(wait, deadline)} s"
    if decision.is_late:
        return f"{text}, {when}, but some have waited too long for the {deadline:.10g} s deadline"
    return f"{text}, {when} (deadline {deadline:.10g} s)"


def _why(last: Step | None) -> str:
    if last is None:
        return ""
    return WHY[last.reason] if last.reason in WHY and not last.note else last.note


def _dynos(count: int) -> str:
    return "no dynos" if not count else counted(count, "dyno", "dynos")
