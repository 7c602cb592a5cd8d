"""Overview of a tenant's roles, with a fixed number of queries for any number of roles.

The newest decision of each role is found through the index over role and time, so old rows cost
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from guv.apps.models import Broker
from guv.apps.queries import list_brokers
from guv.history.decisions import same_tick
from guv.history.models import DecisionRow, SampleRow, UsageHour
from guv.incidents.models import Incident
from guv.roles.models import Role
from guv.roles.spend import month_begin
from guv.settings.queries import RoleSettings, tenant_settings
from guv.tenants.models import Tenant

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Used:
    """Use of a role over a time.

    Attributes:
        finished: Jobs finished whose wait is known.
        in_time: Of those, jobs within the deadline.
        dyno_seconds: Dynos times seconds, by dyno size.
    """

    finished: int
    in_time: float
    dyno_seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RoleOverview:
    """A role as it is now.

    Attributes:
        settings: Its effective settings, with its app.
        broker: Its broker; None: not set.
        decision: The newest decision; None: none yet.
        sample: The sample of that decision; None: nothing was read.
        incidents: Incidents that are not over, oldest first.
        day: The last 24 hours, from the hour in which they begin.
        month: This month, in UTC.
    """

    settings: RoleSettings
    broker: Broker | None
    decision: DecisionRow | None
    sample: SampleRow | None
    incidents: Sequence[Incident]
    day: Used
    month: Used


def read_overview(
    session: Session, tenant: Tenant, now: datetime, role: Role | None = None
) -> list[RoleOverview]:
    """Read the tenant's roles, or one of them, ordered by app and name."""
    only = None if role is None else role.id
    latest, troubles = _latest(session, tenant, only), _incidents(session, tenant)
    day = _used(session, tenant, (now - DAY).replace(minute=0, second=0, microsecond=0), only)
    month = _used(session, tenant, month_begin(now), only)
    brokers, nothing = list_brokers(session, tenant), Used(0, 0.0, {})
    overviews = []
    for settings in tenant_settings(session, tenant):
        id_ = settings.role.id
        if only not in (None, id_):
            continue
        decision, sample = latest.get(id_, (None, None))
        overviews.append(
            RoleOverview(
                settings,
                brokers.get(settings.app.id),
                decision,
                sample,
                troubles.get(id_, []),
                day.get(id_, nothing),
                month.get(id_, nothing),
            )
        )
    return overviews


def _latest(
    session: Session, tenant: Tenant, only: UUID | None
) -> dict[UUID, tuple[DecisionRow, SampleRow | None]]:
    """Return the newest decision of each role and its sample, by role id."""
    newest = (
        select(DecisionRow)
        .where(col(DecisionRow.role_id) == col(Role.id))
        .order_by(col(DecisionRow.at).desc())
        .limit(1)
        .correlate(Role)
        .lateral()
    )
    row = aliased(DecisionRow, newest)
    query = (
        select(row, SampleRow)
        .select_from(Role)
        .join(newest, true())
        .join(SampleRow, same_tick(row), isouter=True)
        .where(Role.tenant_id == tenant.id, col(Role.removed_at).is_(None))
    )
    if only is not None:
        query = query.where(Role.id == only)
    return {decision.role_id: (decision, sample) for decision, sample in session.exec(query)}


def _incidents(session: Session, tenant: Tenant) -> dict[UUID, list[Incident]]:
    query = (
        select(Incident)
        .where(Incident.tenant_id == tenant.id, col(Incident.resolved_at).is_(None))
        .order_by(col(Incident.first_seen_at))
    )
    by_role: dict[UUID, list[Incident]] = {}
    for incident in session.exec(query):
        by_role.setdefault(incident.role_id, []).append(incident)
    return by_role


def _used(session: Session, tenant: Tenant, since: datetime, only: UUID | None) -> dict[UUID, Used]:
    row = UsageHour
    keys: list[Any] = [row.role_id, row.dyno_size]
    sums = [func.sum(column) for column in (row.finished, row.in_time, row.dyno_seconds)]
    query = (
        select(*keys, *sums).where(row.tenant_id == tenant.id, row.hour >= since).group_by(*keys)
    )
    if only is not None:
        query = query.where(row.role_id == only)
    by_role: dict[UUID, Used] = {}
    for role, size, finished, in_time, dyno_seconds in session.exec(query):
        before = by_role.get(role, Used(0, 0.0, {}))
        by_role[role] = Used(
            before.finished + int(finished),
            before.in_time + in_time,
            {**before.dyno_seconds, size: dyno_seconds},
        )
    return by_role
