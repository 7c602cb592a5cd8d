"""Decisions put into words: what is done, and the number that decided it."""

from math import isinf

from guv.scaling.formatting import counted, seconds_beside
from guv.scaling.model import Decision, Reason, Settings, Step
from guv.scaling.web.decide import said

UNKNOWN_DYNOS = "the number of dynos is unknown"
WHY = {
    Reason.STABILIZED: "scaling down waits for its window",
    Reason.NO_GAIN: "more dynos have brought no more throughput",
}
# Reasons of a change that the work in the sentence says already.
SAID_BY_WORK = frozenset({Reason.DEADLINE, Reason.BACKLOG, Reason.ARRIVALS})


def explain(settings: Settings, decision: Decision) -> str:
    """Return the sentence for a decision whose other fields are filled.

    A change leads with the change: "Scaling from 1 to 5 dynos (your maximum): 82 jobs waiting,
    the last would finish 11 s late (deadline 60 s)." A hold leads with the work: "Queue empty,
    1 job running. Keeping 3 dynos: with fewer, a job could be late."
    """
    if decision.desired is None or decision.required is None:
        return _without_data(decision)
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


def _without_data(decision: Decision) -> str:
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
