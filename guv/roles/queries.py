"""Queries of roles."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from guv.apps.models import App, Broker
from guv.errors import FieldError, Invalid, NotFound
from guv.roles.models import Role, TickSchedule
from guv.settings.field_types import role_name
from guv.tenants.models import Tenant


def list_roles(session: Session, tenant: Tenant, app: App) -> list[Role]:
    """List the app's roles by name."""
    return list(
        session.exec(
            select(Role)
            .where(Role.tenant_id == tenant.id, Role.app_id == app.id)
            .where(col(Role.removed_at).is_(None))
            .order_by(Role.name)
        )
    )


def list_all_roles(session: Session, tenant: Tenant) -> dict[UUID, list[Role]]:
    """List the roles of all the tenant's apps by the app's id, ordered by name."""
    by_app: dict[UUID, list[Role]] = {}
    query = (
        select(Role)
        .where(Role.tenant_id == tenant.id, col(Role.removed_at).is_(None))
        .order_by(Role.name)
    )
    for role in session.exec(query):
        by_app.setdefault(role.app_id, []).append(role)
    return by_app


def find_roles(session: Session, tenant: Tenant, app: App | None, name: str | None) -> list[UUID]:
    """Return the ids of roles, removed ones included, of an app or a name where given.

    Raises:
        NotFound: The tenant never had such a role.
    """
    query = select(Role.id).where(Role.tenant_id == tenant.id)
    if app is not None:
        query = query.where(Role.app_id == app.id)
    if name is not None:
        query = query.where(Role.name == name)
    roles = list(session.exec(query))
    if name is not None and not roles:
        raise NotFound(f"Couldn't find the role {name!r}.")
    return roles


def find_role(session: Session, tenant: Tenant, app: App, name: str) -> Role:
    """Find an app's role by name.

    Raises:
        NotFound: The app has no such role.
    """
    role = session.exec(
        select(Role)
        .where(Role.tenant_id == tenant.id, Role.app_id == app.id, Role.name == name)
        .where(col(Role.removed_at).is_(None))
    ).first()
    if role is None:
        raise NotFound(f"Couldn't find the role {name!r} of app {app.name!r}.")
    return role


def believed_limit(role: Role, now: datetime) -> int | None:
    """Return Heroku's limit of dynos while it is believed; None: none, or to be tried again."""
    until = role.platform_limit_until
    return role.platform_limit if until is not None and until > now else None


def count_roles(session: Session, tenant: Tenant) -> int:
    """Count the tenant's roles over all its apps."""
    return session.exec(
        select(func.count(col(Role.id))).where(
            Role.tenant_id == tenant.id, col(Role.removed_at).is_(None)
        )
    ).one()


def add_role(
    session: Session, tenant: Tenant, app: App, name: str, interval: float, now: datetime
) -> Role:
    """Add a role, due at once.

    Raises:
        Invalid: The name is not a role's name.
    """
    try:
        role_name(name)
    except ValueError as error:
        raise Invalid(f"The role's name {error}.", [FieldError("role", str(error))]) from None
    role = Role(tenant_id=tenant.id, app_id=app.id, name=name, created_at=now)
    session.add(role)
    session.flush()
    session.add(TickSchedule(role_id=role.id, due_at=now, interval_s=interval))
    return role


def set_intervals(session: Session, intervals: Mapping[UUID, float], now: datetime) -> None:
    """Set the intervals of roles; one whose interval changes ticks at once.

    Args:
        session: The caller's transaction.
        intervals: Seconds by role id, of the caller's tenant.
        now: When roles with a new interval are due.
    """
    query = select(TickSchedule).where(col(TickSchedule.role_id).in_(intervals))
    for schedule in session.exec(query):
        interval = intervals[schedule.role_id]
        if schedule.interval_s != interval:
            schedule.interval_s, schedule.due_at = interval, now
            session.add(schedule)


def retry_role(session: Session, app: App, role: Role, now: datetime) -> None:
    """Make a role due now, and clear the backoff of its broker and tokens.

    Args:
        session: The caller's transaction.
        app: The role's app.
        role: The role.
        now: The present.
    """
    at_once = {"due_at": now, "queued_until": None}
    session.execute(
        update(TickSchedule).where(col(TickSchedule.role_id) == role.id).values(**at_once)
    )
    session.execute(update(Broker).where(col(Broker.app_id) == app.id).values(retry_at=now))
    app.token_retry_at = app.authorization_retry_at = None
    role.platform_limit = role.platform_limit_until = None
    session.add_all([app, role])


def remove_role(session: Session, role: Role, now: datetime) -> None:
    """Stop a role's ticks; its history is kept for analysis."""
    role.removed_at = now
    session.add(role)
    schedule = session.get_one(TickSchedule, role.id)
    schedule.enabled = False
    session.add(schedule)
