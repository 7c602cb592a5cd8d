"""Decisions put into words."""

from math import isinf

from guv.scaling.formatting import counted, seconds_beside
from guv.scaling.model import Decision, Reason, Settings, Step
from guv.scaling.web.decide import said

UNKNOWN_DYNOS = "the number of dynos is unknown"
WHY = {
    Reason.STABILIZED: "going down waits for its window",
    Reason.NO_GAIN: "more dynos have brought no more throughput",
}


def explain(settings: Settings, decision: Decision) -> str:
    """Return the sentence for a decision whose other fields are filled."""
    if decision.desired is None or decision.required is None:
        return _no_data(decision)
    work = said if settings.is_web else _work
    return f"{work(settings, decision)} {_count(decision)}{_because(decision)}."


def _no_data(decision: Decision) -> str:
    missing = decision.trail[0].note if decision.trail else "nothing is known"
    if decision.desired is None:
        also = "" if missing == UNKNOWN_DYNOS else f", and {UNKNOWN_DYNOS} too"
        return f"Held: {missing}{also}."
    if decision.desired == decision.current:
        return f"Held at {_dynos(decision.desired)}: {missing}."
    return f"{missing.capitalize()}; {_dynos(decision.desired)}{_because(decision)}."


def _work(settings: Settings, decision: Decision) -> str:
    waiting = _waiting(decision)
    wait, desired = decision.predicted_wait, decision.desired or 0
    if not waiting:
        running = decision.estimates.running or 0
        runs = counted(running, "message runs", "messages run")
        return f"None waits and {runs};" if running else "None waits;"
    text = f"{counted(waiting, 'message waits', 'messages wait')};"
    if wait is None or isinf(wait):
        return f"{text} nothing serves {'it' if waiting == 1 else 'them'} yet;"
    deadline = settings.target_deadline
    missed = "later than" if wait > deadline else "but some miss"
    kind = missed if decision.is_late or wait > deadline else "within"
    done = counted(desired, "dyno finishes", "dynos finish")
    when = f"{seconds_beside(wait, deadline)} s, {kind} the {deadline:.10g} s deadline"
    return f"{text} {done} the last one in {when};"


def _waiting(decision: Decision) -> int:
    return (decision.estimates.backlog or 0) - (decision.estimates.running or 0)


def _count(decision: Decision) -> str:
    if decision.desired == decision.current:
        return f"stays at {_dynos(decision.desired or 0)}"
    return f"{_dynos(decision.desired or 0)} now, was {decision.current}"


def _because(decision: Decision) -> str:
    last: Step | None = decision.trail[-1] if decision.trail else None
    if last is None:
        return ""
    note = last.note or WHY.get(last.reason, "")
    return f" ({note})" if note else ""


def _dynos(count: int) -> str:
    return counted(count, "dyno", "dynos")
