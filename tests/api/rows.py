"""Rows as ticks store them, with defaults for what a test does not name."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from guv.history.models import DecisionRow
from guv.incidents.models import Incident
from guv.roles.models import Role
from tests.builders import NOON


def a_decision(session: Session, role: Role, seconds: float = 0, **values: Any) -> DecisionRow:
    """Commit a decision of the role to hold, `seconds` after noon."""
    given = {"direction": "hold", "reason": "steady", "outcome": "held", "explanation": "ok"}
    row = DecisionRow(
        tenant_id=role.tenant_id,
        app_id=role.app_id,
        role_id=role.id,
        at=NOON + timedelta(seconds=seconds),
        **{"settings_version": "0.0.1", **given, **values},
    )
    session.add(row)
    session.commit()
    return row


def an_incident(session: Session, role: Role, minutes: int = 0, **values: Any) -> Incident:
    """Commit a pending incident of the role, first seen `minutes` after noon."""
    seen = NOON + timedelta(minutes=minutes)
    given = {"cause": f"cause_{minutes}", "title": "The deadline is missed", "text": "5 would do"}
    incident = Incident(
        tenant_id=role.tenant_id,
        app_id=role.app_id,
        role_id=role.id,
        first_seen_at=seen,
        last_seen_at=seen,
        **{**given, **values},
    )
    session.add(incident)
    session.commit()
    return incident
