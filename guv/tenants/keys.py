"""Whose key is this?"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, func, select

from guv.config import Config
from guv.crypto import hash_secret, new_api_key
from guv.errors import NotFound
from guv.tenants.models import ApiKey, Tenant

NOTED_EVERY = timedelta(hours=1)


def find_tenant(session: Session, key: str, now: datetime) -> tuple[Tenant, ApiKey] | None:
    """The tenant that a key belongs to and the key's row; None: unknown, revoked, or gone."""
    found = session.exec(
        select(Tenant, ApiKey)
        .join(ApiKey, col(ApiKey.tenant_id) == col(Tenant.id))
        .where(
            ApiKey.key_hash == hash_secret(key),
            _works(now),
            col(Tenant.state) != "deprovisioned",
        )
    ).first()
    return (found[0], found[1]) if found else None


def put_key(session: Session, tenant_id: UUID, name: str, key: str, now: datetime) -> None:
    """Nothing; the key is one of the tenant's, as it may have been before."""
    key_hash = hash_secret(key)
    if session.exec(select(ApiKey).where(ApiKey.key_hash == key_hash)).first() is None:
        session.add(ApiKey(tenant_id=tenant_id, name=name, key_hash=key_hash, created_at=now))


def first_valid(session: Session, tenant_id: UUID, keys: Sequence[str]) -> str | None:
    """The first of these keys that opens the tenant's API, or None."""
    hashes = [hash_secret(key) for key in keys]
    query = select(ApiKey.key_hash).where(
        ApiKey.tenant_id == tenant_id,
        col(ApiKey.key_hash).in_(hashes),
        col(ApiKey.revoked_at).is_(None),
    )
    valid = set(session.exec(query))
    return next((key for key in keys if hash_secret(key) in valid), None)


def count_revoked(session: Session, tenant_id: UUID, name: str) -> int:
    """How many of the tenant's keys of that name were revoked."""
    query = select(func.count(col(ApiKey.id))).where(
        ApiKey.tenant_id == tenant_id, ApiKey.name == name, col(ApiKey.revoked_at).is_not(None)
    )
    return session.exec(query).one()


def list_keys(session: Session, tenant: Tenant, now: datetime) -> list[ApiKey]:
    """The tenant's keys that work, oldest first."""
    query = select(ApiKey).where(ApiKey.tenant_id == tenant.id, _works(now))
    return list(session.exec(query.order_by(col(ApiKey.created_at), col(ApiKey.id))))


def find_key(session: Session, tenant: Tenant, key: UUID, now: datetime) -> ApiKey:
    """The tenant's key of that id.

    Raises:
        NotFound: The tenant has none that works.
    """
    query = select(ApiKey).where(ApiKey.tenant_id == tenant.id, ApiKey.id == key, _works(now))
    found = session.exec(query).first()
    if found is None:
        raise NotFound(f"Couldn't find the key {str(key)!r}.")
    return found


def new_key(
    session: Session, tenant: Tenant, name: str, scope: str, now: datetime
) -> tuple[ApiKey, str]:
    """A new key's row and the key in the clear; this is the only time it can be seen."""
    key = new_api_key()
    row = ApiKey(
        tenant_id=tenant.id, name=name, key_hash=hash_secret(key), scope=scope, created_at=now
    )
    session.add(row)
    return row, key


def end_key(session: Session, key: ApiKey, at: datetime) -> None:
    """Nothing; the key works until then, or until it was to end before."""
    key.revoked_at = at if key.revoked_at is None else min(at, key.revoked_at)
    session.add(key)


def _works(now: datetime) -> ColumnElement[bool]:
    """Whether a key works: it was not revoked, or its end is still to come."""
    return or_(col(ApiKey.revoked_at).is_(None), col(ApiKey.revoked_at) > now)


def note_use(session: Session, key: ApiKey, now: datetime) -> bool:
    """Whether the key's last use was noted: at most once an hour, since every request has one."""
    if key.last_used_at is not None and key.last_used_at > now - NOTED_EVERY:
        return False
    key.last_used_at = now
    session.add(key)
    return True


NAME = "GUV_URL"


def guv_url(session: Session, tenant: Tenant, config: Config, now: datetime) -> str:
    """The tenant's GUV_URL: the API's address with the tenant's own key in it.

    A key that was revoked is not given again: the next one takes its place. After the encryption
    keys have changed, the key stays the same for as long as the old one is still in the list.
    """
    secrets = config.guv_encryption_keys.get_secret_value().split(",")
    generation = count_revoked(session, tenant.id, NAME)
    derived = [_derive(secret.strip(), f"{tenant.id} {generation}") for secret in secrets if secret]
    key = first_valid(session, tenant.id, derived) or derived[0]
    put_key(session, tenant.id, NAME, key, now)
    return _with_key(config.guv_public_url, key)


def _derive(secret: str, subject: str) -> str:
    """A key that only whoever holds the secret can derive."""
    return "guv_" + _digest(secret, f"guv api key {subject}")


def _digest(secret: str, subject: str) -> str:
    """HMAC-SHA-256, 256 bits as URL-safe text."""
    digest = hmac.digest(secret.encode(), subject.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _with_key(public_url: str, key: str) -> str:
    """The address of the API's first version, with the key as password."""
    parts = urlsplit(public_url.rstrip("/"))
    return urlunsplit((parts.scheme, f"guv:{key}@{parts.netloc}", f"{parts.path}/v1", "", ""))
