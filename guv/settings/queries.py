"""Queries of settings: what a tenant set at each level, and what holds for its roles."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from guv.apps.models import App
from guv.apps.queries import list_apps
from guv.crypto import Sealer
from guv.incidents.queries import notify_again
from guv.roles.models import Role
from guv.roles.queries import list_all_roles
from guv.settings.field_models import NONE
from guv.settings.models import SettingsChange, SettingsLevel
from guv.settings.resolve import Level, effective_settings
from guv.settings.schema import EffectiveSettings
from guv.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Edit:
    """Who changes settings, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What holds for a role."""

    app: App
    role: Role
    effective: EffectiveSettings

    @property
    def name(self) -> str:
        """The role and its app, for people."""
        return f"role {self.role.name!r} of app {self.app.name!r}"


NOTIFY_SET = "[set]"  # stands for the sealed notification target


def read_level(session: Session, tenant: Tenant, level: str, subject_id: UUID) -> Level:
    """Read the values set at one level; without any, an empty level of version 0."""
    row = _find_level(session, tenant, subject_id)
    return level_of(row, level)


def stored_levels(
    session: Session, tenant: Tenant, subjects: Collection[UUID] | None = None
) -> dict[UUID, SettingsLevel]:
    """Read the levels that the tenant ever set, by the tenant's, app's or role's id.

    Args:
        session: Read with one query.
        tenant: Whose levels.
        subjects: Only these ids; None: all.
    """
    query = select(SettingsLevel).where(SettingsLevel.tenant_id == tenant.id)
    if subjects is not None:
        query = query.where(col(SettingsLevel.subject_id).in_(subjects))
    return {row.subject_id: row for row in session.exec(query)}


def level_of(row: SettingsLevel | None, name: str) -> Level:
    """Return a stored level's values, of `notify` only that it is set; None: an empty level."""
    if row is None:
        return Level(name, {})
    values = {**row.values, **({"notify": NOTIFY_SET} if row.notify_sealed else {})}
    return Level(name, values, row.version)


def role_levels(session: Session, tenant: Tenant, app: App, role: Role) -> tuple[Level, ...]:
    """Read the three levels of a role, from wide to narrow."""
    rows = stored_levels(session, tenant, [tenant.id, app.id, role.id])
    return levels_of(rows, tenant, app, role)


def levels_of(
    rows: Mapping[UUID, SettingsLevel], tenant: Tenant, app: App, role: Role
) -> tuple[Level, ...]:
    """Return the three levels of a role from rows by the tenant's, app's or role's id."""
    subjects = (("global", tenant.id), ("app", app.id), ("role", role.id))
    return tuple(level_of(rows.get(subject), name) for name, subject in subjects)


def role_settings(session: Session, tenant: Tenant, app: App, role: Role) -> EffectiveSettings:
    """Read what holds for a role; of `notify` only that it is set."""
    return effective_settings(role.name, role_levels(session, tenant, app, role))


def tenant_settings(
    session: Session, tenant: Tenant, changed: Mapping[UUID, Level] | None = None
) -> list[RoleSettings]:
    """Read what holds for each of the tenant's roles, by app and name.

    Args:
        session: Read with four queries, however many roles there are.
        tenant: Whose roles.
        changed: Levels as they would be, by the tenant's, app's or role's id, in place of the
            stored ones.
    """
    stored, changed = stored_levels(session, tenant), changed or {}
    of_app = list_all_roles(session, tenant)
    found = []
    for app in list_apps(session, tenant):
        for role in of_app.get(app.id, []):
            subjects = (("global", tenant.id), ("app", app.id), ("role", role.id))
            three = tuple(
                changed.get(subject) or level_of(stored.get(subject), name)
                for name, subject in subjects
            )
            found.append(RoleSettings(app, role, effective_settings(role.name, three)))
    return found


def notify_target(
    session: Session, tenant: Tenant, app: App, role: Role, sealer: Sealer
) -> Mapping[str, Any] | None:
    """Read the notification target that holds for a role, with its secrets; None: none."""
    return narrowest_target(session, tenant, (role.id, app.id, tenant.id), sealer)


def narrowest_target(
    session: Session, tenant: Tenant, subjects: Sequence[UUID], sealer: Sealer
) -> Mapping[str, Any] | None:
    """Read the notification target of the narrowest level that sets one, with its secrets.

    Args:
        session: Read with a query for each level that is looked at.
        tenant: Whose levels.
        subjects: The levels' ids, from narrow to wide.
        sealer: Opens the secrets.
    """
    for subject in subjects:
        row = _find_level(session, tenant, subject)
        if row is not None and row.values.get("notify") == NONE:
            return None
        if row is not None and row.notify_sealed:
            target: Mapping[str, Any] = json.loads(sealer.open(row.notify_sealed))
            return target
    return None


def fed_level(session: Session, subject_id: UUID) -> tuple[Tenant, SettingsLevel] | None:
    """Read the level whose target gets events, with its tenant; None: it is gone.

    Like `guv.notifications.queues`, this starts from what was due and not from a tenant.
    """
    return session.exec(
        select(Tenant, SettingsLevel)
        .join(SettingsLevel, col(SettingsLevel.tenant_id) == col(Tenant.id))
        .where(SettingsLevel.subject_id == subject_id)
    ).first()


def fed_roles(session: Session, tenant: Tenant, level: SettingsLevel) -> list[RoleSettings]:
    """Read the roles whose notifications go where the level says."""
    return [
        one
        for one in tenant_settings(session, tenant)
        if one.effective.sources["notify"] == level.level
        and level.subject_id in {tenant.id, one.app.id, one.role.id}
    ]


def write_level(
    session: Session,
    tenant: Tenant,
    level: Level,
    subject_id: UUID,
    *,
    notify: bytes | None,
    edit: Edit,
) -> Level:
    """Store a level with a line in the change log, and return it with its new version.

    Setting what is already set is no change: neither version nor log move. With another target,
    what an earlier one refused for good is sent again.

    Args:
        session: Its transaction is the caller's.
        tenant: Whose level it is.
        level: Its name and all the values it shall have, of `notify` only "none".
        subject_id: The tenant's, app's or role's id.
        notify: The sealed notification target that it shall have; None: none.
        edit: Who changes it and when, for the log.
    """
    row = _find_level(session, tenant, subject_id) or SettingsLevel(
        subject_id=subject_id,
        tenant_id=tenant.id,
        level=level.name,
        version=0,
        updated_at=edit.at,
        updated_by=edit.by,
    )
    before, renotified = level_of(row, level.name), row.notify_sealed != notify
    if row.values == level.values and not renotified:
        return before
    row.values, row.notify_sealed = dict(level.values), notify
    row.version, row.updated_at, row.updated_by = row.version + 1, edit.at, edit.by
    session.add_all([row, _change(row, before, edit, renotified=renotified)])
    if renotified:
        _send_to_new_target(session, tenant, row, edit.at)
    return level_of(row, level.name)


def _send_to_new_target(
    session: Session, tenant: Tenant, row: SettingsLevel, now: datetime
) -> None:
    """Send events to another target from now on, and again what the last one refused."""
    row.feed_at, row.feed_failures, row.feed_error = now, 0, None
    row.feed_until = row.feed_until or now
    notify_again(session, tenant, now)


def note_removal(session: Session, tenant: Tenant, role: Role, edit: Edit) -> None:
    """Note in the change log who removed the role, and what was set there.

    Args:
        session: Its transaction is the caller's.
        tenant: Whose role it is.
        role: Which.
        edit: Who removes it and when.
    """
    level = read_level(session, tenant, "role", role.id)
    before = {"role": role.name, **level.values}
    session.add(
        SettingsChange(
            tenant_id=tenant.id,
            subject_id=role.id,
            level="role",
            version=level.version + 1,
            at=edit.at,
            by=edit.by,
            before=before,
            after=dict.fromkeys(before),
        )
    )


def _find_level(session: Session, tenant: Tenant, subject_id: UUID) -> SettingsLevel | None:
    return session.exec(
        select(SettingsLevel).where(
            SettingsLevel.subject_id == subject_id, SettingsLevel.tenant_id == tenant.id
        )
    ).first()


def _change(row: SettingsLevel, before: Level, edit: Edit, *, renotified: bool) -> SettingsChange:
    """Return a line of the change log with the values that differ, or a new secret."""
    after = level_of(row, row.level)
    names = {
        name
        for name in before.values.keys() | after.values.keys()
        if before.values.get(name) != after.values.get(name) or (name == "notify" and renotified)
    }
    return SettingsChange(
        tenant_id=row.tenant_id,
        subject_id=row.subject_id,
        level=row.level,
        version=row.version,
        at=edit.at,
        by=edit.by,
        before={name: before.values.get(name) for name in names},
        after={name: after.values.get(name) for name in names},
    )
