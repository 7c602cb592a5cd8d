"""Queries of incidents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, or_, tuple_, update
from sqlmodel import Session, col, select

from guv.apps.models import App
from guv.incidents.models import Incident
from guv.roles.models import Role
from guv.settings.models import SettingsLevel
from guv.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Filters of incidents; None does not filter.

    Attributes:
        roles: Ids of roles.
        state: "pending", "open" or "resolved".
        cause: Cause.
        since: Still there at this time or later, or not over.
        until: First seen before this time.
        before: Only those after this one in the list's order: its first sight and id.
    """

    roles: Sequence[UUID] | None = None
    state: str | None = None
    cause: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, slots=True)
class NamedIncident:
    """An incident with the names of its role and app."""

    incident: Incident
    app: str
    role: str


def list_incidents(
    session: Session, tenant: Tenant, wanted: IncidentFilter, limit: int
) -> list[NamedIncident]:
    """List up to `limit` of the tenant's incidents, the one seen first most recently at the top."""
    query = (
        select(Incident, App.name, Role.name)
        .join(Role, col(Role.id) == col(Incident.role_id))
        .join(App, col(App.id) == col(Role.app_id))
        .where(Incident.tenant_id == tenant.id)
    )
    if wanted.roles is not None:
        query = query.where(col(Incident.role_id).in_(wanted.roles))
    if wanted.before is not None:
        place = tuple_(col(Incident.first_seen_at), col(Incident.id))
        query = query.where(place < wanted.before)
    if wanted.cause is not None:
        query = query.where(Incident.cause == wanted.cause)
    if wanted.since is not None:
        goes_on = col(Incident.resolved_at).is_(None)
        query = query.where(or_(goes_on, col(Incident.last_seen_at) >= wanted.since))
    if wanted.until is not None:
        query = query.where(Incident.first_seen_at < wanted.until)
    opened, resolved = col(Incident.opened_at), col(Incident.resolved_at)
    if wanted.state == "resolved":
        query = query.where(resolved.is_not(None))
    elif wanted.state is not None:
        query = query.where(
            resolved.is_(None), opened.is_not(None) if wanted.state == "open" else opened.is_(None)
        )
    order = (col(Incident.first_seen_at).desc(), col(Incident.id).desc())
    return [NamedIncident(*row) for row in session.exec(query.order_by(*order).limit(limit))]


def end_incidents(session: Session, role: Role, now: datetime) -> None:
    """Resolve a role's incidents, since the role no longer ticks."""
    _end(session, now, col(Incident.role_id) == role.id)


def end_all_incidents(session: Session, tenant: Tenant, now: datetime) -> None:
    """Resolve all of a tenant's incidents and notify the targets that saw them open."""
    _end(session, now, col(Incident.tenant_id) == tenant.id)


def _end(session: Session, now: datetime, whose: ColumnElement[bool]) -> None:
    session.execute(
        update(Incident)
        .where(whose, col(Incident.resolved_at).is_(None))
        .values(resolved_at=now, notify_at=case((col(Incident.opened_at).is_not(None), now)))
    )


def forget_targets(session: Session, tenant: Tenant) -> None:
    """Delete notification targets of a removed add-on once no notification is pending.

    Until then its open alerts could not be resolved.
    """
    untold = select(Incident.id).where(
        Incident.tenant_id == tenant.id, col(Incident.notify_at).is_not(None)
    )
    session.execute(
        update(SettingsLevel)
        .where(col(SettingsLevel.tenant_id) == tenant.id, ~untold.exists())
        .values(notify_sealed=None)
    )


def notify_again(session: Session, tenant: Tenant, now: datetime) -> None:
    """Send the tenant's present incidents to targets that have not accepted them.

    For a target that is new, or that accepts again what it refused.
    """
    wanted = or_(col(Incident.notify_error).is_not(None), col(Incident.resolved_at).is_(None))
    query = select(Incident).where(
        Incident.tenant_id == tenant.id, col(Incident.opened_at).is_not(None), wanted
    )
    for incident in session.exec(query.with_for_update()):
        incident.deliveries = {
            kind: {name: delivery[name] for name in delivery.keys() & {"opened_at", "resolved_at"}}
            for kind, delivery in incident.deliveries.items()
        }
        incident.notify_error, incident.notify_at = None, now
        session.add(incident)
