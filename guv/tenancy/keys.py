"""Whose key is this?"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from guv.crypto import hash_api_key, new_api_key
from guv.models import ApiKey, Tenant


def find_tenant(session: Session, key: str) -> tuple[Tenant, ApiKey] | None:
    """The tenant that a key belongs to and the key's row; None: unknown, revoked, or gone."""
    found = session.exec(
        select(Tenant, ApiKey)
        .join(ApiKey, col(ApiKey.tenant_id) == col(Tenant.id))
        .where(
            ApiKey.key_hash == hash_api_key(key),
            col(ApiKey.revoked_at).is_(None),
            col(Tenant.state) != "deprovisioned",
        )
    ).first()
    return (found[0], found[1]) if found else None


def add_key(session: Session, tenant_id: UUID, name: str, now: datetime) -> str:
    """A new key of the tenant, in the clear; this is the only time it can be seen."""
    key = new_api_key()
    session.add(ApiKey(tenant_id=tenant_id, name=name, key_hash=hash_api_key(key), created_at=now))
    return key
