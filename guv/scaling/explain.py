"""How is a decision said? One sentence that a person understands."""

from math import isinf

from guv.scaling.model import Decision, Reason, Settings, Step
from guv.scaling.web_decide import is_web, said

WHY = {
    Reason.STABILIZED: "going down waits for its window",
    Reason.NO_GAIN: "more dynos have brought no more throughput",
}


def explain(settings: Settings, decision: Decision) -> str:
    """The sentence for a decision whose other fields are filled."""
    if decision.desired is None or decision.required is None:
        return _no_data(decision)
    work = said if is_web(settings) else _work
    return f"{work(settings, decision)} {_count(decision)}{_because(decision)}."


def _no_data(decision: Decision) -> str:
    missing = decision.trail[0].note if decision.trail else "nothing is known"
    if decision.desired is None:
        return f"Held: {missing}, and the number of dynos is unknown too."
    if decision.desired == decision.current:
        return f"Held at {_dynos(decision.desired)}: {missing}."
    return f"{missing.capitalize()}; {_dynos(decision.desired)}{_because(decision)}."


def _work(settings: Settings, decision: Decision) -> str:
    waiting = _waiting(decision)
    wait, desired = decision.predicted_wait, decision.desired or 0
    if not waiting:
        running = decision.estimates.running or 0
        return f"None waits and {_messages(running, 'run', 'runs')};" if running else "None waits;"
    text = f"{_messages(waiting, 'wait', 'waits')};"
    if wait is None or isinf(wait):
        return f"{text} nothing serves them yet;"
    limit = f"the {settings.target_deadline:.0f} s deadline"
    kind = "later than" if decision.is_late or wait > settings.target_deadline else "within"
    verb = "finishes" if desired == 1 else "finish"
    return f"{text} {_dynos(desired)} {verb} the last one in {wait:.0f} s, {kind} {limit};"


def _waiting(decision: Decision) -> int:
    return (decision.estimates.backlog or 0) - (decision.estimates.running or 0)


def _messages(count: int, many: str, one: str) -> str:
    return f"{count} message {one}" if count == 1 else f"{count} messages {many}"


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
    return f"{count} dyno" if count == 1 else f"{count} dynos"
