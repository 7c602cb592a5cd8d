"""Context of a tick: a role with its app, tenant, broker, settings and history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session, col

from guv.apps.models import App, Broker
from guv.history.usage import read_spend
from guv.roles.models import Role, TickSchedule
from guv.roles.queries import believed_limit
from guv.roles.scaling_input import read_memory, scaling_input
from guv.roles.spend import Spend
from guv.scaling import Sample, Settings
from guv.settings.models import SettingsLevel
from guv.settings.queries import levels_of
from guv.settings.resolve import effective_settings
from guv.settings.schema import EffectiveSettings
from guv.tenants.models import Tenant
from guv.tenants.plans import plan_of
from worker.process.runtime import Runtime
from worker.tick.failures import Failures, contain


@dataclass(frozen=True, slots=True)
class TickContext:
    """Everything stored that a tick of one role needs, read once.

    Attributes:
        tenant: The role's tenant.
        app: The Heroku app.
        role: The role.
        broker: The app's broker; None: not set yet.
        effective: The role's settings, with the level that each comes from.
        settings: The same for the scaling mathematics.
        history: Its samples, from old to new, without the present one.
        spend: Its dyno-hours this month; None: it has no cap.
        due_at: When its next tick is due; None: unknown.
    """

    tenant: Tenant
    app: App
    role: Role
    broker: Broker | None
    effective: EffectiveSettings
    settings: Settings
    history: tuple[Sample, ...]
    spend: Spend | None = None
    due_at: datetime | None = None

    @property
    def process_type(self) -> str:
        """The process type that the role scales."""
        return self.effective.process_type

    @property
    def is_web(self) -> bool:
        """Whether the role is scaled by its requests and has no queues."""
        return self.settings.signal == "web"

    @property
    def queues(self) -> Sequence[str]:
        """The names of the role's queues."""
        return () if self.is_web else self.effective.queues


def read_contexts(
    runtime: Runtime, role_ids: Sequence[UUID], now: datetime, failures: Failures
) -> list[TickContext]:
    """Read the roles' contexts in three queries, a few more for roles with a cap or long limits.

    Roles that were removed meanwhile and those of suspended tenants are left out; a role whose
    settings are broken fails alone. Like `guv.roles.tick_schedule`, this starts from roles and not
    from a tenant: the claim found them.
    """
    with Session(runtime.reader, expire_on_commit=False) as session:
        rows = session.execute(_stored_roles(role_ids)).all()
        subjects = {subject.id for row in rows for subject in row[:3]}
        stored = select(SettingsLevel).where(col(SettingsLevel.subject_id).in_(subjects))
        levels = {level.subject_id: level for level in session.scalars(stored)}
        histories = runtime.samples.read(session.connection(), [row[0].id for row in rows], now)
        contexts = []
        for role, app, tenant, broker, due_at in rows:
            with contain(failures, role.id):
                effective = effective_settings(role.name, levels_of(levels, tenant, app, role))
                history, changes = histories[role.id].samples, histories[role.id].changes
                cap = effective.monthly_dyno_hours
                spend = read_spend(session, tenant, role, cap, now) if cap is not None else None
                settings = scaling_input(
                    effective,
                    plan_of(tenant.plan),
                    platform_limit=believed_limit(role, now),
                    dyno_hours_used=spend.used if spend else None,
                    memory=read_memory(session, role, effective, history, now, changes),
                )
                context = TickContext(
                    tenant, app, role, broker, effective, settings, history, spend, due_at
                )
                contexts.append(context)
    return contexts


def _stored_roles(role_ids: Sequence[UUID]) -> Select[Role, App, Tenant, Broker, datetime]:
    return (
        select(Role, App, Tenant, Broker, col(TickSchedule.due_at))
        .join(App, col(App.id) == col(Role.app_id))
        .join(Tenant, col(Tenant.id) == col(Role.tenant_id))
        .outerjoin(TickSchedule, col(TickSchedule.role_id) == col(Role.id))
        .outerjoin(Broker, col(Broker.app_id) == col(App.id))
        .where(col(Role.id).in_(role_ids), col(Role.removed_at).is_(None))
        .where(col(Tenant.suspended) == "")
    )
