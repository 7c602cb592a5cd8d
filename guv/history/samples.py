"""Queries of samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session, SQLModel, col

from guv.clock import unix_seconds
from guv.history.models import SampleRow
from guv.roles.models import Role
from guv.scaling import Sample
from guv.scaling.estimate.cleaning import MOST_SAMPLES
from guv.tenants.models import Tenant
from guv.web_metrics.queries import web_reading

HISTORY = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Filters of samples.

    Attributes:
        role: The role's id.
        since: Read at this time or later.
        until: Read before this time.
    """

    role: UUID
    since: datetime | None = None
    until: datetime | None = None


def sample_columns(tenant: Tenant, wanted: SampleFilter) -> Select[Any]:
    """Select the role's samples as plain columns, newest first; none of another tenant's role."""
    table = SQLModel.metadata.tables["sample"]
    columns = [column for column in table.c if column.name not in {"role_id", "kept"}]
    query = (
        select(*columns)
        .join(Role, col(Role.id) == col(SampleRow.role_id))
        .where(col(Role.tenant_id) == tenant.id, col(SampleRow.role_id) == wanted.role)
    )
    if wanted.since is not None:
        query = query.where(col(SampleRow.at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(SampleRow.at) < wanted.until)
    return query.order_by(col(SampleRow.at).desc())


def list_samples(
    session: Session, tenant: Tenant, wanted: SampleFilter, limit: int
) -> list[dict[str, Any]]:
    """List up to `limit` of the role's samples, newest first."""
    rows = session.connection().execute(sample_columns(tenant, wanted).limit(limit)).mappings()
    return [dict(row) for row in rows]


def read_history(session: Session, tenant: Tenant, role: Role, now: datetime) -> list[Sample]:
    """Read the role's samples of the last six hours for the scaling mathematics."""
    wanted = SampleFilter(role.id, now - HISTORY, now)
    return as_history(list_samples(session, tenant, wanted, MOST_SAMPLES))


def as_history(rows: Sequence[Mapping[str, Any]]) -> list[Sample]:
    """Convert rows, new to old, to samples from old to new."""
    return [
        Sample(
            at=unix_seconds(row["at"]),
            web=web_reading(row["web"]),
            **{n: value for n, value in row.items() if n not in {"at", "queues", "web"}},
        )
        for row in reversed(rows)
    ]
