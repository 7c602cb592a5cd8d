"""What is a tick about? A role with its app, tenant, broker, settings and history."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy
from sqlmodel import Session, col, select

from guv.models import App, Broker, Role, SampleRow, Tenant
from guv.moment import unix_seconds
from guv.plans import PLANS, find_plan
from guv.scaling import Sample, Settings
from guv.settings.effective import EffectiveSettings, scaling_settings
from guv.tenancy.settings import role_settings

HISTORY_S = timedelta(hours=6)
HISTORY_SAMPLES = 512  # as many as a decision looks at
_SAMPLE_COLUMNS = (
    col(SampleRow.at),
    col(SampleRow.messages_ready),
    col(SampleRow.messages_unacknowledged),
    col(SampleRow.published),
    col(SampleRow.served),
    col(SampleRow.consumers),
    col(SampleRow.dynos),
    col(SampleRow.redelivered),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything stored that a role's tick needs; read once, then left alone.

    Attributes:
        tenant: Whose role it is.
        app: The Heroku app.
        role: The role.
        broker: What feeds it; None: not set yet.
        effective: Its settings, with where each comes from.
        settings: The same for the scaling mathematics.
        history: Its samples, from old to new, without the present one.
    """

    tenant: Tenant
    app: App
    role: Role
    broker: Broker | None
    effective: EffectiveSettings
    settings: Settings
    history: tuple[Sample, ...]


def read_subject(session: Session, role_id: UUID, now: datetime) -> Subject | None:
    """What a tick of the role is about; None: it was removed meanwhile.

    Like `guv.due`, this starts from a role and not from a tenant: the claim found it.
    """
    found = session.exec(
        select(Role, App, Tenant, Broker)
        .join(App, col(App.id) == col(Role.app_id))
        .join(Tenant, col(Tenant.id) == col(Role.tenant_id))
        .outerjoin(Broker, col(Broker.app_id) == col(App.id))
        .where(Role.id == role_id, col(Role.removed_at).is_(None))
    ).first()
    if found is None:
        return None
    role, app, tenant, broker = found
    effective = role_settings(session, tenant, app, role)
    return Subject(
        tenant=tenant,
        app=app,
        role=role,
        broker=broker,
        effective=effective,
        settings=scaling_settings(
            effective,
            find_plan(tenant.plan) or PLANS["test"],
            platform_limit=_limit(role, now),
        ),
        history=read_history(session, role_id, now),
    )


def read_history(session: Session, role_id: UUID, now: datetime) -> tuple[Sample, ...]:
    """The role's samples of the last hours, from old to new, at most `HISTORY_SAMPLES`."""
    rows = session.execute(
        sqlalchemy.select(*_SAMPLE_COLUMNS)
        .where(col(SampleRow.role_id) == role_id)
        .where(col(SampleRow.at) > now - HISTORY_S, col(SampleRow.at) < now)
        .order_by(col(SampleRow.at).desc())
        .limit(HISTORY_SAMPLES)
    )
    return tuple(Sample(unix_seconds(at), *counts) for at, *counts in rows)[::-1]


def _limit(role: Role, now: datetime) -> int | None:
    """The platform's limit while it is believed; afterwards more is tried once again."""
    until = role.platform_limit_until
    return role.platform_limit if until is not None and until > now else None
