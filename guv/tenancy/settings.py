"""What did a tenant set at each level, and what holds for a role?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from guv.crypto import Sealer
from guv.models import App, Role, SettingsChange, SettingsLevel, Tenant
from guv.settings.effective import EffectiveSettings, Level, effective_settings


@dataclass(frozen=True, slots=True)
class Edit:
    """Who changes settings, and when."""

    by: str
    at: datetime


NOTIFY_SET = "[set]"  # stands for the sealed notification target


def read_level(session: Session, tenant: Tenant, level: str, subject_id: UUID) -> Level:
    """The values set at one level; without any, an empty level of version 0."""
    row = _find_level(session, tenant, subject_id)
    if row is None:
        return Level(level, {})
    values = {**row.values, **({"notify": NOTIFY_SET} if row.notify_sealed else {})}
    return Level(level, values, row.version)


def role_levels(session: Session, tenant: Tenant, app: App, role: Role) -> tuple[Level, ...]:
    """The three levels of a role, from wide to narrow."""
    return (
        read_level(session, tenant, "global", tenant.id),
        read_level(session, tenant, "app", app.id),
        read_level(session, tenant, "role", role.id),
    )


def role_settings(session: Session, tenant: Tenant, app: App, role: Role) -> EffectiveSettings:
    """What holds for a role; `notify` is only said to be set."""
    return effective_settings(role.name, role_levels(session, tenant, app, role))


def notify_target(
    session: Session, tenant: Tenant, app: App, role: Role, sealer: Sealer
) -> Mapping[str, Any] | None:
    """The notification target of the narrowest level that sets one, with its secrets."""
    for subject in (role.id, app.id, tenant.id):
        row = _find_level(session, tenant, subject)
        if row is not None and row.notify_sealed:
            target: Mapping[str, Any] = json.loads(sealer.open(row.notify_sealed))
            return target
    return None


def write_level(
    session: Session,
    tenant: Tenant,
    level: Level,
    subject_id: UUID,
    *,
    notify: bytes | None,
    edit: Edit,
) -> Level:
    """The level with its new version, stored together with a line in the change log.

    Args:
        session: Its transaction is the caller's.
        tenant: Whose level it is.
        level: Its name and all the values it shall have, without `notify`.
        subject_id: The tenant's, app's or role's id.
        notify: The sealed notification target that it shall have; None: none.
        edit: Who changes it and when, for the log.
    """
    before = read_level(session, tenant, level.name, subject_id)
    row = _find_level(session, tenant, subject_id) or SettingsLevel(
        subject_id=subject_id,
        tenant_id=tenant.id,
        level=level.name,
        version=0,
        updated_at=edit.at,
        updated_by=edit.by,
    )
    row.values, row.notify_sealed = dict(level.values), notify
    row.version, row.updated_at, row.updated_by = row.version + 1, edit.at, edit.by
    session.add(row)
    session.flush()
    after = read_level(session, tenant, level.name, subject_id)
    session.add(_change(tenant, subject_id, before, after, edit))
    return after


def sealed_notify(session: Session, tenant: Tenant, subject_id: UUID) -> bytes | None:
    """The sealed notification target set at a level, for keeping it when other values change."""
    row = _find_level(session, tenant, subject_id)
    return row.notify_sealed if row else None


def list_changes(session: Session, tenant: Tenant, subject_id: UUID) -> list[SettingsChange]:
    """The change log of one level, newest first."""
    return list(
        session.exec(
            select(SettingsChange)
            .where(SettingsChange.tenant_id == tenant.id, SettingsChange.subject_id == subject_id)
            .order_by(col(SettingsChange.version).desc())
        )
    )


def _find_level(session: Session, tenant: Tenant, subject_id: UUID) -> SettingsLevel | None:
    return session.exec(
        select(SettingsLevel).where(
            SettingsLevel.subject_id == subject_id, SettingsLevel.tenant_id == tenant.id
        )
    ).first()


def _change(
    tenant: Tenant, subject_id: UUID, before: Level, after: Level, edit: Edit
) -> SettingsChange:
    """A line of the change log with the values that differ."""
    names = {
        name
        for name in before.values.keys() | after.values.keys()
        if before.values.get(name) != after.values.get(name)
    }
    return SettingsChange(
        tenant_id=tenant.id,
        subject_id=subject_id,
        level=after.name,
        version=after.version,
        at=edit.at,
        by=edit.by,
        before={name: before.values.get(name) for name in names},
        after={name: after.values.get(name) for name in names},
    )
