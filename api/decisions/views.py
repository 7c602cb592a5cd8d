"""How does a stored decision or incident become an answer?"""

from math import isfinite

from api.decisions.schemas import DecisionAnswer, IncidentAnswer, SampleAnswer
from guv.models import Incident
from guv.tenancy.decisions import NamedDecision
from guv.tenancy.incidents import NamedIncident


def decision_answer(named: NamedDecision) -> DecisionAnswer:
    """A decision; a wait without end, which JSON has no number for, is said in `never_done`."""
    decision, sample = named.decision, named.sample
    wait = decision.predicted_wait
    values = {
        **decision.model_dump(),
        "app": named.app,
        "role": named.role,
        "predicted_wait": wait if wait is not None and isfinite(wait) else None,
        "never_done": wait is not None and not isfinite(wait),
        "sample": SampleAnswer.model_validate(sample.model_dump()) if sample else None,
    }
    return DecisionAnswer.model_validate(values)


def incident_answer(named: NamedIncident) -> IncidentAnswer:
    """An incident with its state in one word."""
    values = {
        **named.incident.model_dump(),
        "app": named.app,
        "role": named.role,
        "state": _state(named.incident),
    }
    return IncidentAnswer.model_validate(values)


def _state(incident: Incident) -> str:
    if incident.resolved_at is not None:
        return "resolved"
    return "pending" if incident.opened_at is None else "open"
