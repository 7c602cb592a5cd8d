"""What is a tick about? A role with its app, tenant, broker, settings and history."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from guv.models import App, Broker, Role, Tenant
from guv.plans import PLANS, find_plan
from guv.scaling import Sample, Settings
from guv.settings.effective import EffectiveSettings, scaling_settings
from guv.spend import Spend
from guv.tenancy.roles import believed_limit
from guv.tenancy.settings import role_settings
from guv.tenancy.usage import read_spend
from guv.tenancy.web import web_reading

ONE_DYNO = {"Eco", "Basic"}
HISTORY_S = timedelta(hours=6)
HISTORY_SAMPLES = 512  # as many as a decision looks at
# Every tick reads hundreds of these: as plain SQL, and with Unix seconds, a third of the time.
_HISTORY = text("""
    select extract(epoch from at)::float8, messages_ready, messages_unacknowledged, published,
        served, consumers, dynos, redelivered, web
    from sample where role_id = :role and at > :since and at < :now order by at desc limit :most
""")


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
        spend: Its dyno-hours this month; None: it has no cap.
    """

    tenant: Tenant
    app: App
    role: Role
    broker: Broker | None
    effective: EffectiveSettings
    settings: Settings
    history: tuple[Sample, ...]
    spend: Spend | None = None


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
    spend = read_spend(session, tenant, role, effective.values["monthly_dyno_hours"], now)
    return Subject(
        tenant=tenant,
        app=app,
        role=role,
        broker=broker,
        effective=effective,
        settings=scaling_settings(
            effective,
            find_plan(tenant.plan) or PLANS["test"],
            platform_limit=believed_limit(role, now),
            dyno_hours_used=spend.used if spend else None,
        ),
        history=read_history(session, role_id, now),
        spend=spend,
    )


def within_size(subject: Subject, size: str | None) -> Subject:
    """The same, with at most one dyno where Heroku allows no second one of that size."""
    limit = subject.settings.platform_limit
    if size not in ONE_DYNO or limit is not None:
        return subject
    return replace(subject, settings=replace(subject.settings, platform_limit=1))


def read_history(session: Session, role_id: UUID, now: datetime) -> tuple[Sample, ...]:
    """The role's samples of the last hours, from old to new, at most `HISTORY_SAMPLES`."""
    values = {"role": role_id, "since": now - HISTORY_S, "now": now, "most": HISTORY_SAMPLES}
    rows = session.connection().execute(_HISTORY, values).all()
    fields = ((*row[:-1], web_reading(row[-1])) for row in reversed(rows))
    return tuple(Sample(*one) for one in fields)
