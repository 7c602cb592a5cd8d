"""Rules between a wish and what is asked for, in a fixed order, each with a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from guv.scaling.demand.queueing import GRACE, RARE, outlasting
from guv.scaling.estimate.dynos import changes_since, last_change
from guv.scaling.formatting import counted
from guv.scaling.model import Estimates, Reason, Sample, Settings, Step, Wish
from guv.scaling.policies import Policy
from guv.scaling.shape.bounds import Bounds

CUT_COST = 100.0  # Where a bound comes from, in words.
BOUND_OF = {
    Reason.MINIMUM: "your minimum",
    Reason.MAXIMUM: "your maximum",
    Reason.SCHEDULE: "your schedule",
    Reason.OVERRIDE: "your override",
}
# Dyno-seconds that it is worth to spare one running message from being cut.
CUT_WORK = 6.0  # Service times that a cut message costs on top, since it runs again.
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at.

    Attributes:
        settings: Sound settings.
        samples: Clean samples from old to new.
        estimates: What they say.
        now: Unix seconds.
        current: Dynos that the platform is asked to run.
        bounds: The bounds that hold now.
        policy: The policy that wishes, to ask it again.
    """

    settings: Settings
    samples: Sequence[Sample]
    estimates: Estimates
    now: float
    current: int
    bounds: Bounds
    policy: Policy | None = None


Ruling = tuple[int, Reason, str]
Rule = Callable[[Case, int, Reason], Ruling | None]


def shape(case: Case, wish: Wish) -> tuple[Step, ...]:
    """Return the steps from the wish to what is asked for; a rule that acts leaves one."""
    steps: list[Step] = []
    dynos, reason = wish.dynos, wish.reason
    for name, rule in RULES:
        ruling = rule(case, dynos, reason)
        if ruling is None or ruling[0] == dynos:
            continue
        steps.append(Step(name, dynos, ruling[0], ruling[1], ruling[2]))
        dynos, reason = ruling[0], ruling[1]
    return tuple(steps)


def is_cut_likely(settings: Settings, estimates: Estimates) -> bool:
    """Return whether going down may cut running messages that outlast the grace."""
    if settings.busy_protection in {"never", "always"}:
        return settings.busy_protection == "always"
    mean, spread = estimates.service_time or 1.0, estimates.service_time_stddev or 0.0
    return outlasting(mean, spread, GRACE) > RARE


def _schedule(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    bounds = case.bounds
    if dynos < bounds.minimum and bounds.minimum_reason is not Reason.MINIMUM:
        return bounds.minimum, bounds.minimum_reason, BOUND_OF[bounds.minimum_reason]
    if dynos > bounds.maximum and bounds.maximum_reason is not Reason.MAXIMUM:
        return bounds.maximum, bounds.maximum_reason, BOUND_OF.get(bounds.maximum_reason, "")
    return None


def _busy(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    running = case.estimates.running or 0
    if dynos >= case.current or running == 0 or case.settings.busy_protection == "never":
        return None
    patience = case.settings.busy_protection_limit
    if case.settings.busy_protection != "always":
        patience = min(patience, _worth_waiting(case, running))
    spare = _spare_for(case)
    if spare >= patience:
        return None
    return case.current, Reason.BUSY, _cost_of_waiting(running, case.current - dynos, spare)


def _cost_of_waiting(running: int, kept: int, seconds: float) -> str:
    """Return what going down waits for, and what that has cost so far."""
    could = counted(running, "running message", "running messages")
    dynos = counted(kept, "dyno is", "dynos are")
    them = "it" if running == 1 else "them"
    hours = kept * seconds / HOUR
    return f"{could} could be cut; {dynos} kept for {them}, {hours:.2g} dyno-hours so far"


def _worth_waiting(case: Case, running: int) -> float:
    """Return the seconds of idling that cost as much as the messages cut by going down now.

    Who waits so long before giving up never pays more than twice the best (ski rental).
    """
    estimates = case.estimates
    mean, spread = estimates.service_time or 1.0, estimates.service_time_stddev or 0.0
    lasting = outlasting(mean, spread, GRACE)
    if lasting < RARE:
        return 0.0
    busy = running / max(case.current * case.settings.concurrency, 1)
    idle = 1.0 - busy
    return inf if idle <= 0.0 else busy * lasting * (CUT_COST + CUT_WORK * mean) / idle


def _spare_for(case: Case) -> float:
    """Return for how long the present dynos have been more than the running messages need."""
    since = case.now
    for sample in reversed(case.samples):
        if sample.dynos != case.current or sample.messages_unacknowledged is None:
            break
        if sample.messages_unacknowledged >= case.current * case.settings.concurrency:
            break
        since = sample.at
    else:
        since = min(since, case.settings.memory.spare_since or since)
    return case.now - since


def _bounce(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    if dynos >= case.current or case.policy is None:
        return None
    imagined = replace(case.samples[-1], dynos=dynos)
    samples = (*case.samples[:-1], imagined)
    again = case.policy(case.settings, samples, case.estimates, case.now).dynos
    if again <= dynos:
        return None
    held = min(again, case.current)
    return held, Reason.BOUNCE, f"{dynos} would be raised to {again} at once"


def _cooldown(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    is_up = dynos > case.current
    quiet = case.settings.cooldown_up if is_up else case.settings.cooldown_down
    if quiet is None or dynos == case.current:
        return None
    changed = last_change(case.samples, case.settings.memory)
    if changed is None or case.now - changed >= quiet:
        return None
    left = quiet - (case.now - changed)
    return case.current, Reason.COOLDOWN, f"cooldown for another {left:.0f} s"


def _step_limit(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    up, down = case.settings.step_up, case.settings.step_down
    if up is not None and dynos > case.current + up:
        return case.current + max(0, up), Reason.STEP_LIMIT, f"at most {up} more at once"
    if down is not None and dynos < case.current - down:
        return case.current - max(0, down), Reason.STEP_LIMIT, f"at most {down} fewer at once"
    return None


def _change_budget(case: Case, dynos: int, reason: Reason) -> Ruling | None:
    budget = case.settings.change_budget
    if budget is None or dynos == case.current:
        return None
    if dynos > case.current and reason is Reason.DEADLINE:
        return None
    spent = changes_since(case.samples, case.now - HOUR, case.settings.memory)
    if spent < budget:
        return None
    changes = counted(spent, "change", "changes")
    return case.current, Reason.CHANGE_BUDGET, f"{changes} in the last hour, {budget} allowed"


def _spend_cap(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    cap, used = case.settings.monthly_dyno_hours, case.settings.dyno_hours_used
    if cap is None or used is None or used < cap or dynos <= case.bounds.minimum:
        return None
    kept = case.bounds.minimum
    if case.estimates.running and is_cut_likely(case.settings, case.estimates):
        kept = max(kept, min(dynos, case.current))
    return kept, Reason.SPEND_CAP, f"{used:.0f} of {cap:.0f} dyno-hours of this month are used"


def _bounds(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    bounds = case.bounds
    if dynos > bounds.maximum:
        return bounds.maximum, bounds.maximum_reason, BOUND_OF.get(bounds.maximum_reason, "")
    if dynos < bounds.minimum:
        return bounds.minimum, bounds.minimum_reason, BOUND_OF.get(bounds.minimum_reason, "")
    return None


def _platform_limit(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    limit = case.settings.platform_limit
    if limit is None or dynos <= limit:
        return None
    return max(0, limit), Reason.PLATFORM_LIMIT, f"Heroku allows {limit}"


def _pause(case: Case, dynos: int, _reason: Reason) -> Ruling | None:
    pause = case.settings.pause
    if pause is None or (pause.until is not None and case.now >= pause.until):
        return None
    is_up = dynos > case.current
    if pause.direction in {"both", "up" if is_up else "down"}:
        return case.current, Reason.PAUSED, "scaling is paused"
    return None


RULES: tuple[tuple[str, Rule], ...] = (
    ("schedule", _schedule),
    ("busy_protection", _busy),
    ("bounce", _bounce),
    ("cooldown", _cooldown),
    ("step_limit", _step_limit),
    ("change_budget", _change_budget),
    ("spend_cap", _spend_cap),
    ("bounds", _bounds),
    ("platform_limit", _platform_limit),
    ("pause", _pause),
)
