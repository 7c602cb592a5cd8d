"""Queries of tenants.

They take Heroku's uuid of the resource, since a tenant is what they look for.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, cast, delete, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from guv.apps.models import App, Broker, Consent
from guv.incidents.queries import end_all_incidents, forget_targets
from guv.roles.models import Role, TickSchedule
from guv.settings.models import SettingsLevel
from guv.tenants.models import ApiKey, PendingProvisioning, Subscription, Tenant
from guv.web_metrics.models import Drain


def register_tenant(session: Session, tenant: Tenant) -> bool:
    """Add a tenant unless its id exists; returns whether it is new.

    The primary key decides between two simultaneous deliveries: the second waits for the first
    one's commit and then finds its row.
    """
    values = tenant.model_dump(exclude_none=True)
    added = insert(Tenant).values(**values).on_conflict_do_nothing().returning(col(Tenant.id))
    return session.execute(added).first() is not None


def lock_tenant(session: Session, tenant_id: UUID) -> Tenant | None:
    """Read a tenant and lock it until the transaction ends; None: unknown.

    Every change of what belongs to a tenant takes this lock first, so that limits and settings are
    judged by what was committed before. Ticks do not wait for it.
    """
    query = select(Tenant).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    return session.exec(query.execution_options(populate_existing=True)).first()


def find_tenant(session: Session, tenant_id: UUID) -> Tenant | None:
    """Read a tenant; None: unknown."""
    return session.get(Tenant, tenant_id)


def find_named(session: Session, name: str) -> Tenant | None:
    """Find a tenant by its uuid or its name at Heroku; None if there is none, or several."""
    tenants = session.exec(
        select(Tenant).where(or_(cast(col(Tenant.id), String) == name, col(Tenant.name) == name))
    ).all()
    return tenants[0] if len(tenants) == 1 else None


def suspend_tenant(session: Session, tenant: Tenant, why: str) -> None:
    """Suspend a tenant: no role ticks, and the tenant can change nothing.

    Args:
        session: The caller's transaction.
        tenant: The tenant.
        why: Reason shown to the tenant; "" ends the suspension.
    """
    tenant.suspended = why
    session.add(tenant)


def end_tenant(session: Session, tenant: Tenant, now: datetime) -> None:
    """Stop a tenant's roles and delete its secrets and keys.

    Decisions, samples and settings stay for analysis.
    """
    mine = select(Role.id).where(Role.tenant_id == tenant.id)
    session.execute(
        update(TickSchedule).where(col(TickSchedule.role_id).in_(mine)).values(enabled=False)
    )
    session.execute(
        update(App)
        .where(col(App.tenant_id) == tenant.id)
        .values(
            access_token_sealed=None,
            refresh_token_sealed=None,
            token_expires_at=None,
            partner_access_sealed=None,
            partner_refresh_sealed=None,
            partner_expires_at=None,
            authorization_retry_at=None,
            authorization_state="needs_authorization",
            authorization_note="The add-on was removed.",
        )
    )
    _forget_secrets(session, tenant, now)
    tenant.state, tenant.deprovisioned_at = "deprovisioned", now
    tenant.grant_sealed, tenant.grant_expires_at, tenant.options_sealed = None, None, None
    session.add(tenant)


def _forget_secrets(session: Session, tenant: Tenant, now: datetime) -> None:
    """Delete secrets and keys; notification targets go once all resolutions are sent."""
    session.execute(
        delete(PendingProvisioning).where(col(PendingProvisioning.tenant_id) == tenant.id)
    )
    session.execute(delete(Consent).where(col(Consent.tenant_id) == tenant.id))
    session.execute(delete(Subscription).where(col(Subscription.tenant_id) == tenant.id))
    session.execute(delete(Broker).where(col(Broker.tenant_id) == tenant.id))
    session.execute(delete(Drain).where(col(Drain.tenant_id) == tenant.id))
    end_all_incidents(session, tenant, now)
    session.execute(
        update(SettingsLevel).where(col(SettingsLevel.tenant_id) == tenant.id).values(feed_at=None)
    )
    forget_targets(session, tenant)
    session.execute(
        update(ApiKey)
        .where(col(ApiKey.tenant_id) == tenant.id, col(ApiKey.revoked_at).is_(None))
        .values(revoked_at=now)
    )
