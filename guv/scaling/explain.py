"""How is a decision said? One sentence that a person understands."""

from math import isinf

from guv.scaling.model import Decision, Reason, Settings, Step

WHY = {
    Reason.STABILIZED: "going down waits for its window",
    Reason.NO_GAIN: "more dynos have brought no more throughput",
}


def explain(settings: Settings, decision: Decision) -> str:
    """The sentence for a decision whose other fields are filled."""
    if decision.reason is Reason.NO_DATA:
        return _no_data(decision)
    if decision.desired is None:
        return "The number of dynos is unknown; nothing is changed."
    return f"{_work(settings, decision)}{_count(decision)}{_because(decision)}."


def _no_data(decision: Decision) -> str:
    note = decision.trail[-1].note if decision.trail else "no data"
    if decision.desired is None:
        return f"Held: {note}, and the number of dynos is unknown too."
    return f"Held at {_dynos(decision.desired)}: {note}."


def _work(settings: Settings, decision: Decision) -> str:
    backlog = decision.estimates.backlog or 0
    wait, desired = decision.predicted_wait, decision.desired or 0
    if not backlog:
        return "Nothing waits; "
    text = f"{backlog} {'message waits' if backlog == 1 else 'messages wait'} or run; "
    if wait is None:
        return text
    if isinf(wait):
        return f"{text}nothing will serve them; "
    kind = "within" if wait <= settings.target_deadline else "later than"
    verb = "finishes" if desired == 1 else "finish"
    return (
        f"{text}{_dynos(desired)} {verb} the last one in {wait:.0f} s, "
        f"{kind} the {settings.target_deadline:.0f} s deadline; "
    )


def _count(decision: Decision) -> str:
    if decision.desired == decision.current:
        return f"stays at {_dynos(decision.desired or 0)}"
    return f"goes from {decision.current} to {_dynos(decision.desired or 0)}"


def _because(decision: Decision) -> str:
    last: Step | None = decision.trail[-1] if decision.trail else None
    if last is None:
        return ""
    note = last.note or WHY.get(last.reason, "")
    return f" ({note})" if note else ""


def _dynos(count: int) -> str:
    return f"{count} dyno" if count == 1 else f"{count} dynos"
