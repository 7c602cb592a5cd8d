"""Use and punctuality of roles, summed up by the hour."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row
from sqlmodel import Session, col, func, select

from guv.apps.models import App
from guv.history.models import UsageHour
from guv.roles.models import Role
from guv.roles.spend import WEEK, Spend, month_begin
from guv.tenants.models import Tenant

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Filters of usage.

    Attributes:
        since: From the hour that begins at this time.
        until: To the hour that begins before this time.
        roles: Ids of roles; None: all of the tenant's.
        step: "hour", "day" or "month" for sums of each; None: one sum.
        zone: IANA name of the time zone of days and months.
    """

    since: datetime
    until: datetime
    roles: Sequence[UUID] | None = None
    step: str | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Usage:
    """A sum; times are in seconds.

    Attributes:
        ticks: Decisions.
        seconds: Time between ticks.
        dyno_seconds: Dynos times seconds.
        maximum_seconds: Time at the maximum.
        ups: Times that dynos were added.
        downs: Times that dynos were removed.
        finished: Jobs finished whose wait is known.
        in_time: Of those, jobs within the deadline.
    """

    ticks: int = 0
    seconds: float = 0.0
    dyno_seconds: float = 0.0
    maximum_seconds: float = 0.0
    ups: int = 0
    downs: int = 0
    finished: int = 0
    in_time: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        """Add two sums."""
        names = [field.name for field in fields(self)]
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class NamedUsage:
    """A sum for one role, dyno size and step (None: the whole range)."""

    app: str
    role: str
    dyno_size: str
    begins: datetime | None
    usage: Usage


def read_usage(session: Session, tenant: Tenant, wanted: UsageFilter) -> list[NamedUsage]:
    """Read sums by app, role, dyno size and step, in this order."""
    begins = _begins(wanted)
    keys: list[Any] = [App.name, Role.name, col(UsageHour.dyno_size)]
    keys += [] if begins is None else [begins]
    sums = [func.sum(getattr(UsageHour, field.name)) for field in fields(Usage)]
    query = (
        select(*keys, *sums)
        .join(Role, col(Role.id) == col(UsageHour.role_id))
        .join(App, col(App.id) == col(Role.app_id))
        .where(UsageHour.tenant_id == tenant.id)
        .where(UsageHour.hour >= wanted.since, UsageHour.hour < wanted.until)
    )
    if wanted.roles is not None:
        query = query.where(col(UsageHour.role_id).in_(wanted.roles))
    rows = session.exec(query.group_by(*keys).order_by(*keys))
    return [_named(row, len(keys)) for row in rows]


def last_dyno_size(session: Session, tenant: Tenant, role: UUID) -> str:
    """Return the last known size of the role's dynos; empty: unknown."""
    query = select(UsageHour.dyno_size).where(
        UsageHour.tenant_id == tenant.id, UsageHour.role_id == role, UsageHour.dyno_size != ""
    )
    return session.exec(query.order_by(col(UsageHour.hour).desc()).limit(1)).first() or ""


def read_spend(
    session: Session, tenant: Tenant, role: Role, cap: float | None, now: datetime
) -> Spend | None:
    """Read the role's dyno-hours of this month against its cap; None: it has no cap.

    Args:
        session: Read with one query by the role's own key.
        tenant: The role's tenant.
        role: The role.
        cap: Dyno-hours allowed in a month.
        now: The present, in UTC.
    """
    if cap is None:
        return None
    used, pace = read_hours(session, tenant, now, role).get(role.id, (0.0, None))
    return Spend(cap, used, pace)


def read_hours(
    session: Session, tenant: Tenant, now: datetime, role: Role | None = None
) -> dict[UUID, tuple[float, float | None]]:
    """Read dyno-hours of this month by role, and the pace per hour (None: unknown).

    Args:
        session: Read with one query.
        tenant: The tenant.
        now: The present, in UTC.
        role: Only this role; None: all.
    """
    month, week = month_begin(now), now - WEEK
    id_, hour, seconds = col(UsageHour.role_id), col(UsageHour.hour), col(UsageHour.dyno_seconds)
    query = (
        select(
            id_,
            func.coalesce(func.sum(seconds).filter(hour >= month), 0.0),
            func.coalesce(func.sum(seconds).filter(hour >= week), 0.0),
            func.min(hour).filter(hour >= week),
        )
        .where(UsageHour.tenant_id == tenant.id, hour >= min(month, week))
        .group_by(id_)
    )
    if role is not None:
        query = query.where(id_ == role.id)
    return {
        role_id: (used / HOUR_S, None if since is None else lately / _span(now, since))
        for role_id, used, lately, since in session.exec(query)
    }


def _span(now: datetime, since: datetime) -> float:
    """Return the seconds from a time to now, an hour at least."""
    return max((now - since).total_seconds(), HOUR_S)


def _begins(wanted: UsageFilter) -> ColumnElement[datetime] | None:
    if wanted.step is None:
        return None
    return func.date_trunc(wanted.step, col(UsageHour.hour), wanted.zone).label("begins")


def _named(row: Row[Any], keys: int) -> NamedUsage:
    app, role, size, *begins = row[:keys]
    values = dict(zip((field.name for field in fields(Usage)), row[keys:], strict=True))
    whole = {name: int(values[name]) for name in ("ticks", "ups", "downs", "finished")}
    return NamedUsage(app, role, size, begins[0] if begins else None, Usage(**{**values, **whole}))
