"""Change log of settings: who changed what, when, from what to what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from guv.apps.models import App
from guv.roles.models import Role
from guv.settings.models import SettingsChange
from guv.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """A choice of changes; what is None does not narrow it.

    Attributes:
        subjects: The tenant's, apps' or roles' ids whose levels were changed.
        since: Made at this instant or later.
        until: Made before this instant.
        before: Only those older than the one of this id.
    """

    subjects: Sequence[UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class NamedChange:
    """A change with the names of the app and the role; None at wider levels."""

    change: SettingsChange
    app: str | None
    role: str | None
    is_removed: bool = False  # whether the role is there no more


def list_changes(
    session: Session, tenant: Tenant, wanted: ChangeFilter, limit: int
) -> list[NamedChange]:
    """Up to `limit` of the tenant's changes of settings, newest first."""
    row = SettingsChange
    query = select(SettingsChange).where(row.tenant_id == tenant.id)
    if wanted.subjects is not None:
        query = query.where(col(row.subject_id).in_(wanted.subjects))
    if wanted.since is not None:
        query = query.where(row.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(row.at < wanted.until)
    if wanted.before is not None:
        query = query.where(col(row.id) < wanted.before)
    found = list(session.exec(query.order_by(col(row.id).desc()).limit(limit)))
    names = _names(session, tenant, {change.subject_id for change in found})
    return [NamedChange(one, *names.get(one.subject_id, (None, None))) for one in found]


def _names(
    session: Session, tenant: Tenant, subjects: set[UUID]
) -> dict[UUID, tuple[str, str | None, bool]]:
    """Return the names of app and role by id, and whether the role was removed."""
    apps = {app.id: app.name for app in session.exec(select(App).where(App.tenant_id == tenant.id))}
    wanted = select(Role).where(Role.tenant_id == tenant.id, col(Role.id).in_(subjects))
    of_roles = {
        role.id: (apps[role.app_id], role.name, role.removed_at is not None)
        for role in session.exec(wanted)
    }
    return {**{id_: (name, None, False) for id_, name in apps.items()}, **of_roles}
