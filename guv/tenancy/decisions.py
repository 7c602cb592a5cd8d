"""What was decided for a tenant's roles, and on which sample?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, tuple_
from sqlmodel import Session, col, select

from guv.models import App, DecisionRow, Role, SampleRow, Tenant


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions are asked for; what is None does not narrow the choice.

    Attributes:
        roles: The roles they were made for.
        since: Made at this instant or later.
        until: Made before this instant.
        direction: "up", "down" or "hold".
        reason: Why they ended so.
        outcome: What became of them.
        before: Only those after this one in the order of the list: its instant and its id.
    """

    roles: Sequence[UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None
    direction: str | None = None
    reason: str | None = None
    outcome: str | None = None
    before: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class NamedDecision:
    """A decision with the names of its role and app, and the sample it was made on."""

    decision: DecisionRow
    app: str
    role: str
    sample: SampleRow | None


def list_decisions(
    session: Session, tenant: Tenant, wanted: DecisionFilter, limit: int
) -> list[NamedDecision]:
    """Up to `limit` of the tenant's decisions, newest first."""
    same_tick = and_(
        col(SampleRow.role_id) == col(DecisionRow.role_id), col(SampleRow.at) == col(DecisionRow.at)
    )
    query = (
        select(DecisionRow, App.name, Role.name, SampleRow)
        .join(Role, col(Role.id) == col(DecisionRow.role_id))
        .join(App, col(App.id) == col(Role.app_id))
        .join(SampleRow, same_tick, isouter=True)
        .where(DecisionRow.tenant_id == tenant.id)
        .where(*_conditions(wanted))
        .order_by(col(DecisionRow.at).desc(), col(DecisionRow.id).desc())
        .limit(limit)
    )
    return [NamedDecision(*row) for row in session.exec(query)]


def _conditions(wanted: DecisionFilter) -> list[ColumnElement[bool]]:
    row = DecisionRow
    found: list[ColumnElement[bool]] = []
    if wanted.roles is not None:
        found.append(col(row.role_id).in_(wanted.roles))
    if wanted.since is not None:
        found.append(col(row.at) >= wanted.since)
    if wanted.until is not None:
        found.append(col(row.at) < wanted.until)
    for column, value in (
        (col(row.direction), wanted.direction),
        (col(row.reason), wanted.reason),
        (col(row.outcome), wanted.outcome),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.before is not None:
        found.append(tuple_(col(row.at), col(row.id)) < wanted.before)
    return found
