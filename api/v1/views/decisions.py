"""Responses made from stored decisions, samples and incidents."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from sqlalchemy import RowMapping

from api.v1.schemas.decisions import (
    DecisionAnswer,
    Delivery,
    IncidentAnswer,
    SampleAnswer,
    TimedSample,
)
from guv.history.decisions import NamedDecision
from guv.incidents.models import Incident
from guv.incidents.queries import NamedIncident
from guv.scaling.model import Estimates

RowLike = Mapping[str, Any] | RowMapping
_SAMPLE = [f"sample.{name}" for name in SampleAnswer.model_fields]
_ESTIMATES = [f"estimates.{field.name}" for field in fields(Estimates)]
DECISION_FIELDS = [*DecisionAnswer.model_fields, *_SAMPLE, *_ESTIMATES]
SAMPLE_FIELDS = list(TimedSample.model_fields)
DECISION_COLUMNS = [  # columns of CSV by default
    *(n for n in DecisionAnswer.model_fields if n not in {"sample", "estimates", "trail"}),
    *(name for name in _SAMPLE if name not in {"sample.queues", "sample.web"}),
    *(name for name in _ESTIMATES if name != "estimates.notices"),
]
_PLAIN = [n for n in DecisionAnswer.model_fields if n not in {"sample", "never_done"}]


def decision_answer(named: NamedDecision) -> DecisionAnswer:
    """Convert a decision; an infinite wait, which JSON cannot hold, becomes `never_done`."""
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
    """Convert an incident, with its state in one word."""
    values = {
        **named.incident.model_dump(),
        "app": named.app,
        "role": named.role,
        "state": _state(named.incident),
        "deliveries": [
            Delivery(target=kind, **one) for kind, one in sorted(named.incident.deliveries.items())
        ],
    }
    return IncidentAnswer.model_validate(values)


def _state(incident: Incident) -> str:
    if incident.resolved_at is not None:
        return "resolved"
    return "pending" if incident.opened_at is None else "open"


def decision_row(row: RowLike) -> dict[str, Any]:
    """Convert a row of plain columns to a decision of JSON values, for exports."""
    wait, at, downscale = row["predicted_wait"], row["at"], row["next_downscale_at"]
    answer = {name: row[name] for name in _PLAIN}
    answer["at"] = _text(at)
    answer["next_downscale_at"] = _text(downscale) if downscale else None
    answer["predicted_wait"] = wait if wait is not None and isfinite(wait) else None
    answer["never_done"] = wait is not None and not isfinite(wait)
    answer["sample"] = (
        {name: row[f"sample_{name}"] for name in SampleAnswer.model_fields}
        if row["has_sample"]
        else None
    )
    return answer


def sample_row(row: RowLike) -> dict[str, Any]:
    """Convert a row of plain columns to a sample of JSON values."""
    return {**row, "at": _text(row["at"])}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
