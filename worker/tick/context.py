"""What is a tick about? A role with its app, tenant, broker, settings and history."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from guv.apps.models import App, Broker
from guv.history.older_history import read_memory
from guv.history.usage import read_spend
from guv.roles import scaling_input
from guv.roles.models import Role
from guv.roles.queries import believed_limit
from guv.roles.spend import Spend
from guv.scaling import Sample, Settings
from guv.scaling.model import Memory
from guv.settings.models import SettingsLevel
from guv.settings.queries import levels_of
from guv.settings.resolve import effective_settings
from guv.settings.schema import EffectiveSettings
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of
from worker.process.sample_cache import Histories


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a role that is due; read once, then left alone.

    Attributes:
        tenant: Whose role it is.
        app: The Heroku app.
        role: The role.
        broker: What feeds it; None: not set yet.
        effective: Its settings, with where each comes from.
        history: Its samples, from old to new, without the present one.
        spend: Its dyno-hours this month; None: it has no cap.
        memory: What is known of the time before its samples.
    """

    tenant: Tenant
    app: App
    role: Role
    broker: Broker | None
    effective: EffectiveSettings
    history: tuple[Sample, ...]
    spend: Spend | None
    memory: Memory

    def subject(self, now: datetime) -> "Subject":
        """What a tick of the role at that instant is about."""
        settings = scaling_input.scaling_input(
            self.effective,
            plan_of(self.tenant.plan),
            platform_limit=believed_limit(self.role, now),
            dyno_hours_used=self.spend.used if self.spend else None,
            memory=self.memory,
        )
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return Subject(**values, settings=settings)


@dataclass(frozen=True, slots=True)
class Subject(Stored):
    """The same, ready for a tick.

    Attributes:
        settings: Its settings for the scaling mathematics.
    """

    settings: Settings


def read_stored(
    session: Session, role_ids: Sequence[UUID], histories: Histories, now: datetime
) -> list[Stored]:
    """What is stored of the roles, without those removed meanwhile and those of suspended tenants.

    In three queries, and a few more for roles with a spend cap or limits longer than an hour.

    Like `guv.roles.tick_schedule`, this starts from roles and not from a tenant: the claim found
    them.
    """
    found = session.exec(
        select(Role, App, Tenant, Broker)
        .join(App, col(App.id) == col(Role.app_id))
        .join(Tenant, col(Tenant.id) == col(Role.tenant_id))
        .outerjoin(Broker, col(Broker.app_id) == col(App.id))
        .where(col(Role.id).in_(role_ids), col(Role.removed_at).is_(None))
        .where(Tenant.suspended == "")
    ).all()
    subjects = {one.id for row in found for one in row[:3]}
    levels = session.exec(select(SettingsLevel).where(col(SettingsLevel.subject_id).in_(subjects)))
    rows = {row.subject_id: row for row in levels}
    known = histories.read(session.connection(), [row[0].id for row in found], now)
    stored = []
    for role, app, tenant, broker in found:
        effective = effective_settings(role.name, levels_of(rows, tenant, app, role))
        cap = effective.monthly_dyno_hours
        spend = read_spend(session, tenant, role, cap, now)
        history = known[role.id]
        memory = read_memory(session, role, effective, history, now)
        stored.append(Stored(tenant, app, role, broker, effective, history, spend, memory))
    return stored


def within_size(subject: Subject, size: str | None) -> Subject:
    """The same, with at most one dyno where Heroku allows no second one of that size."""
    return replace(subject, settings=scaling_input.within_size(subject.settings, size))
