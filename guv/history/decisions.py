"""Queries of decisions and the samples they were made on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, literal_column, tuple_
from sqlalchemy import select as sql_select
from sqlmodel import Session, SQLModel, col, func, select

from guv.apps.models import App
from guv.errors import NotFound
from guv.history.models import DecisionRow, Outcome, SampleRow
from guv.roles.models import Role
from guv.tenants.models import Tenant

COUNTS = frozenset(
    {
        "messages_ready",
        "messages_unacknowledged",
        "published",
        "served",
        "redelivered",
        "consumers",
        "dynos",
        "queues",
        "web",
    }
)


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Filters of decisions; None does not filter.

    Attributes:
        roles: Ids of roles.
        since: Made at this time or later.
        until: Made before this time.
        direction: "up", "down" or "hold".
        reason: Reason.
        outcome: Outcome.
        is_eventful: Only decisions that did more than hold.
        before: Only those after this one in the list's order: its time and id.
    """

    roles: Sequence[UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None
    direction: str | None = None
    reason: str | None = None
    outcome: str | None = None
    is_eventful: bool = False
    before: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class NamedDecision:
    """A decision with the names of its role and app, and its sample."""

    decision: DecisionRow
    app: str
    role: str
    sample: SampleRow | None


def list_decisions(
    session: Session, tenant: Tenant, wanted: DecisionFilter, limit: int
) -> list[NamedDecision]:
    """List up to `limit` of the tenant's decisions, newest first."""
    query = (
        _named(tenant)
        .where(*_conditions(wanted))
        .order_by(col(DecisionRow.at).desc(), col(DecisionRow.id).desc())
        .limit(limit)
    )
    return [NamedDecision(*row) for row in session.exec(query)]


def decisions_after(
    session: Session, tenant: Tenant, wanted: DecisionFilter, limit: int
) -> list[NamedDecision]:
    """List about `limit` of the tenant's decisions, oldest first; all or none of one time."""
    order = (col(DecisionRow.at), col(DecisionRow.id))
    query = _named(tenant).where(*_conditions(wanted)).order_by(*order).limit(limit)
    decisions = [NamedDecision(*row) for row in session.exec(query)]
    last = decisions[-1].decision.at if len(decisions) == limit else None
    return [named for named in decisions if named.decision.at != last]


def last_ticks(
    session: Session, tenant: Tenant, roles: Sequence[UUID], since: datetime
) -> dict[UUID, datetime]:
    """Return the last tick of each role since a time, without roles that had none."""
    query = (
        select(DecisionRow.role_id, func.max(DecisionRow.at))
        .where(DecisionRow.tenant_id == tenant.id, col(DecisionRow.role_id).in_(roles))
        .where(DecisionRow.at >= since)
        .group_by(col(DecisionRow.role_id))
    )
    return dict(session.exec(query).all())


def same_tick(row: type[DecisionRow]) -> ColumnElement[bool]:
    """Make the condition that a sample belongs to a decision.

    Args:
        row: The decision, or an alias of it.
    """
    return and_(  # with `kept`, so that PostgreSQL reads a single partition
        col(SampleRow.role_id) == col(row.role_id),
        col(SampleRow.at) == col(row.at),
        col(SampleRow.kept) == col(row.kept),
    )


def find_decision(
    session: Session, tenant: Tenant, role: Role, number: int, since: datetime
) -> NamedDecision:
    """Find a decision of a role by its id, made at `since` or later.

    Raises:
        NotFound: There is none, or it was deleted by retention.
    """
    wanted = DecisionRow.id == number, DecisionRow.role_id == role.id, DecisionRow.at >= since
    row = session.exec(_named(tenant).where(*wanted)).first()
    if row is None:
        raise NotFound(f"Couldn't find the decision {number} of role {role.name!r}.")
    return NamedDecision(*row)


def _named(tenant: Tenant) -> Any:
    """Select the tenant's decisions with names and samples."""
    return (
        select(DecisionRow, App.name, Role.name, SampleRow)
        .join(Role, col(Role.id) == col(DecisionRow.role_id))
        .join(App, col(App.id) == col(Role.app_id))
        .join(SampleRow, same_tick(DecisionRow), isouter=True)
        .where(DecisionRow.tenant_id == tenant.id)
    )


def decision_columns(tenant: Tenant, wanted: DecisionFilter) -> Select[Any]:
    """Select decisions as plain columns, newest first, for an export of any length.

    Columns of the sample begin with `sample_`; `has_sample` says whether there is one.
    """
    decision, sample = SQLModel.metadata.tables["decision"], SQLModel.metadata.tables["sample"]
    columns = (
        *(column for column in decision.c if not column.name.endswith("_id")),
        col(App.name).label("app"),
        col(Role.name).label("role"),
        sample.c.role_id.is_not(None).label("has_sample"),
        *(column.label(f"sample_{column.name}") for column in sample.c if column.name in COUNTS),
    )
    return (
        sql_select(*columns)
        .select_from(DecisionRow)
        .join(Role, col(Role.id) == col(DecisionRow.role_id))
        .join(App, col(App.id) == col(Role.app_id))
        .join(SampleRow, same_tick(DecisionRow), isouter=True)
        .where(col(DecisionRow.tenant_id) == tenant.id)
        .where(*_conditions(wanted))
        .order_by(col(DecisionRow.at).desc(), col(DecisionRow.id).desc())
    )


def _conditions(wanted: DecisionFilter) -> list[ColumnElement[bool]]:
    row = DecisionRow
    conditions: list[ColumnElement[bool]] = []
    if wanted.roles is not None:
        conditions.append(col(row.role_id).in_(wanted.roles))
    if wanted.since is not None:
        conditions.append(col(row.at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(row.at) < wanted.until)
    for column, value in (
        (col(row.direction), wanted.direction),
        (col(row.reason), wanted.reason),
        (col(row.outcome), wanted.outcome),
    ):
        if value is not None:
            # Literals in the statement, so that PostgreSQL can choose a partial index.
            conditions.append(column == bindparam(None, str(value), literal_execute=True))
    if wanted.is_eventful:
        conditions.append(col(row.outcome) != literal_column(f"'{Outcome.HELD}'"))
    if wanted.before is not None:
        conditions.append(tuple_(col(row.at), col(row.id)) < wanted.before)
    return conditions
