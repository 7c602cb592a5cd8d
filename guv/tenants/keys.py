"""API keys, and the key in an add-on's GUV_URL.

Heroku may deliver a provisioning more than once and uses the config of whichever answer arrives, so
the key in GUV_URL must be the same each time. Only a hash is stored, so the key is derived from the
resource's uuid with the secret that seals tokens: whoever has that secret can derive it again.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, func, select

from guv.config import Config
from guv.crypto import hash_secret, new_api_key
from guv.errors import Invalid, NotFound
from guv.tenants.models import ApiKey, Tenant

MOST_KEYS = 50  # valid keys of a tenant
NOTED_EVERY = timedelta(hours=1)  # between two updates of a key's last use


def find_tenant(session: Session, key: str, now: datetime) -> tuple[Tenant, ApiKey] | None:
    """Find the tenant and the row of a key; None: unknown, revoked, or deprovisioned."""
    row = session.exec(
        select(Tenant, ApiKey)
        .join(ApiKey, col(ApiKey.tenant_id) == col(Tenant.id))
        .where(
            ApiKey.key_hash == hash_secret(key),
            _works(now),
            col(Tenant.state) != "deprovisioned",
        )
    ).first()
    return (row[0], row[1]) if row else None


def put_key(session: Session, tenant_id: UUID, name: str, key: str, now: datetime) -> None:
    """Add a key to the tenant's unless it exists."""
    key_hash = hash_secret(key)
    if session.exec(select(ApiKey).where(ApiKey.key_hash == key_hash)).first() is None:
        session.add(ApiKey(tenant_id=tenant_id, name=name, key_hash=key_hash, created_at=now))


def first_valid(session: Session, tenant_id: UUID, keys: Sequence[str]) -> str | None:
    """Return the first of these keys that is valid, or None."""
    hashes = [hash_secret(key) for key in keys]
    query = select(ApiKey.key_hash).where(
        ApiKey.tenant_id == tenant_id,
        col(ApiKey.key_hash).in_(hashes),
        col(ApiKey.revoked_at).is_(None),
    )
    valid = set(session.exec(query))
    return next((key for key in keys if hash_secret(key) in valid), None)


def count_revoked(session: Session, tenant_id: UUID, name: str) -> int:
    """Count the tenant's revoked keys with a name."""
    query = select(func.count(col(ApiKey.id))).where(
        ApiKey.tenant_id == tenant_id, ApiKey.name == name, col(ApiKey.revoked_at).is_not(None)
    )
    return session.exec(query).one()


def list_keys(session: Session, tenant: Tenant, now: datetime) -> list[ApiKey]:
    """List the tenant's valid keys, oldest first."""
    query = select(ApiKey).where(ApiKey.tenant_id == tenant.id, _works(now))
    return list(session.exec(query.order_by(col(ApiKey.created_at), col(ApiKey.id))))


def find_key(session: Session, tenant: Tenant, key: UUID, now: datetime) -> ApiKey:
    """Find a tenant's key by id.

    Raises:
        NotFound: The tenant has no such valid key.
    """
    query = select(ApiKey).where(ApiKey.tenant_id == tenant.id, ApiKey.id == key, _works(now))
    row = session.exec(query).first()
    if row is None:
        raise NotFound(f"Couldn't find the key {str(key)!r}.")
    return row


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key: its row, and its secret, which cannot be read again."""

    row: ApiKey
    secret: str


def add_key(session: Session, tenant: Tenant, name: str, scope: str, now: datetime) -> NewKey:
    """Add a key.

    Raises:
        Invalid: The tenant has the most keys that are allowed.
    """
    used = len(list_keys(session, tenant, now))
    if used >= MOST_KEYS:
        raise Invalid(
            f"At most {MOST_KEYS} keys are allowed, and there are {used}. Remove a key first."
        )
    return _new_key(session, tenant, name, scope, now)


def replace_key(
    session: Session, tenant: Tenant, key: UUID, valid_for: timedelta, now: datetime
) -> NewKey:
    """Add a key with the name and scope of another, which stays valid for a while.

    Raises:
        NotFound: The tenant has no such key that is valid.
    """
    old = find_key(session, tenant, key, now)
    new = _new_key(session, tenant, old.name, old.scope, now)
    end_key(session, old, now + valid_for)
    return new


def _new_key(session: Session, tenant: Tenant, name: str, scope: str, now: datetime) -> NewKey:
    secret = new_api_key()
    row = ApiKey(
        tenant_id=tenant.id, name=name, key_hash=hash_secret(secret), scope=scope, created_at=now
    )
    session.add(row)
    return NewKey(row, secret)


def end_key(session: Session, key: ApiKey, at: datetime) -> None:
    """Let a key expire at a time, unless it expires earlier."""
    key.revoked_at = at if key.revoked_at is None else min(at, key.revoked_at)
    session.add(key)


def _works(now: datetime) -> ColumnElement[bool]:
    """Whether a key is valid: not revoked, or to expire later."""
    return or_(col(ApiKey.revoked_at).is_(None), col(ApiKey.revoked_at) > now)


def note_use(session: Session, key: ApiKey, now: datetime) -> bool:
    """Record a key's use, at most once an hour; returns whether it was recorded."""
    if key.last_used_at is not None and key.last_used_at > now - NOTED_EVERY:
        return False
    key.last_used_at = now
    session.add(key)
    return True


NAME = "GUV_URL"


def guv_url(session: Session, tenant: Tenant, config: Config, now: datetime) -> str:
    """Return the tenant's GUV_URL: the API's address with the tenant's own key.

    A revoked key is replaced by the next generation. After the encryption keys have changed, the
    key stays the same for as long as the old one is still in the list.
    """
    secrets = config.guv_encryption_keys.get_secret_value().split(",")
    generation = count_revoked(session, tenant.id, NAME)
    derived = [_derive(secret.strip(), f"{tenant.id} {generation}") for secret in secrets if secret]
    key = first_valid(session, tenant.id, derived) or derived[0]
    put_key(session, tenant.id, NAME, key, now)
    return _with_key(config.guv_public_url, key)


def _derive(secret: str, subject: str) -> str:
    """Derive a key from the secret and a subject."""
    return "guv_" + _digest(secret, f"guv api key {subject}")


def _digest(secret: str, subject: str) -> str:
    """Return an HMAC-SHA-256, 256 bits as URL-safe text."""
    digest = hmac.digest(secret.encode(), subject.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _with_key(public_url: str, key: str) -> str:
    """Return the address of the API's first version, with the key as password."""
    parts = urlsplit(public_url.rstrip("/"))
    return urlunsplit((parts.scheme, f"guv:{key}@{parts.netloc}", f"{parts.path}/v1", "", ""))
