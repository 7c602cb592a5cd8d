"""Queries of apps, brokers and consents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from guv.apps.models import App, Broker, Consent
from guv.crypto import hash_secret
from guv.errors import NotFound
from guv.tenants.models import Tenant


def list_apps(session: Session, tenant: Tenant) -> list[App]:
    """List the tenant's apps by name."""
    return list(session.exec(select(App).where(App.tenant_id == tenant.id).order_by(App.name)))


def find_app(session: Session, tenant: Tenant, name: str) -> App:
    """Find a tenant's app by its name or Heroku's UUID.

    Raises:
        NotFound: The tenant has no such app.
    """
    query = select(App).where(App.tenant_id == tenant.id)
    by_id = _as_uuid(name)
    query = query.where(App.heroku_id == by_id) if by_id else query.where(App.name == name)
    app = session.exec(query).first()
    if app is None:
        raise NotFound(f"Couldn't find the app {name!r}.")
    return app


def find_detached_app(session: Session, tenant: Tenant, name: str) -> App:
    """Find an app and release the database connection, since Heroku may be called next.

    Raises:
        NotFound: The tenant has no such app.
    """
    app = find_app(session, tenant, name)
    session.expunge(app)
    session.rollback()
    return app


def find_by_heroku_id(session: Session, tenant: Tenant, heroku_id: UUID) -> App | None:
    """Find a tenant's app by Heroku's id; None if there is none."""
    query = select(App).where(App.tenant_id == tenant.id, App.heroku_id == heroku_id)
    return session.exec(query).first()


def count_apps(session: Session, tenant: Tenant) -> int:
    """Count the tenant's apps."""
    return session.exec(select(func.count(col(App.id))).where(App.tenant_id == tenant.id)).one()


def put_app(session: Session, tenant: Tenant, heroku_id: UUID, name: str, now: datetime) -> App:
    """Store the tenant's app with a Heroku id, or update its name."""
    app = find_by_heroku_id(session, tenant, heroku_id)
    if app is None:
        app = App(tenant_id=tenant.id, heroku_id=heroku_id, name=name, created_at=now)
    app.name = name
    session.add(app)
    return app


def list_brokers(session: Session, tenant: Tenant) -> dict[UUID, Broker]:
    """List the tenant's brokers by the id of their app."""
    brokers = session.exec(select(Broker).where(Broker.tenant_id == tenant.id))
    return {broker.app_id: broker for broker in brokers}


def find_broker(session: Session, tenant: Tenant, app: App) -> Broker | None:
    """Find the app's broker; None if none is set."""
    query = select(Broker).where(Broker.tenant_id == tenant.id, Broker.app_id == app.id)
    return session.exec(query).first()


def put_broker(
    session: Session, tenant: Tenant, app: App, sealed: bytes, address: str, now: datetime
) -> Broker:
    """Set or replace the app's broker; its backoff is reset."""
    broker = find_broker(session, tenant, app)
    if broker is None:
        broker = Broker(
            tenant_id=tenant.id, app_id=app.id, url_sealed=sealed, address=address, updated_at=now
        )
    broker.url_sealed, broker.address, broker.updated_at = sealed, address, now
    broker.failures, broker.retry_at, broker.note = 0, None, ""
    session.add(broker)
    return broker


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def put_consent(session: Session, tenant: Tenant, consent: Consent, now: datetime) -> None:
    """Store a pending consent, and delete the tenant's expired ones."""
    mine, is_old = col(Consent.tenant_id) == tenant.id, col(Consent.expires_at) <= now
    session.execute(delete(Consent).where(mine, is_old))
    session.add(consent)


def take_consent(session: Session, state: str, now: datetime) -> Consent | None:
    """Take the consent of a state, once; None: unknown, expired, or taken before.

    Like a key, the state is how a tenant is found.
    """
    consent = session.get(Consent, hash_secret(state), with_for_update=True)
    if consent is None:
        return None
    session.delete(consent)
    return consent if consent.expires_at > now else None
