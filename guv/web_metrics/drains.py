"""Log drains: queries, keys, and their removal at Heroku."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection
from sqlmodel import Session, col

from guv.apps import queries as apps
from guv.apps.models import App
from guv.crypto import Sealer, hash_secret, new_secret
from guv.errors import OutsideError
from guv.heroku.addon import AddonClient
from guv.heroku.credentials import usable_partner_token
from guv.tenants.models import Tenant
from guv.web_metrics.models import Drain

Removal = Callable[[], None]
USER = "logplex"  # in the drain's URL, with the secret as password


@dataclass(frozen=True, slots=True)
class DrainKey:
    """What a delivery is checked against: hashes of the secret and, once known, of the token."""

    secret_hash: str
    token_hash: str | None


def find_drain(session: Session, tenant: Tenant, app: App) -> Drain | None:
    """Find the app's drain; None: it has none."""
    query = select(Drain).where(col(Drain.tenant_id) == tenant.id, col(Drain.app_id) == app.id)
    return session.scalars(query).first()


def renew_drain(session: Session, tenant: Tenant, app: App, now: datetime) -> tuple[Drain, str]:
    """Make the app's drain with a new secret; returns both, and the secret is stored nowhere."""
    secret = new_secret()
    drain = find_drain(session, tenant, app) or Drain(
        tenant_id=tenant.id, app_id=app.id, secret_hash="", created_at=now
    )
    drain.secret_hash, drain.token_hash = hash_secret(secret), None
    drain.retry_at, drain.note, drain.created_at = None, "", now
    session.add(drain)
    session.flush()
    return drain, secret


def remove_drain(session: Session, tenant: Tenant, app: App) -> bool:
    """Delete the app's drain; returns whether there was one."""
    mine = (col(Drain.tenant_id) == tenant.id, col(Drain.app_id) == app.id)
    return session.execute(delete(Drain).where(*mine).returning(col(Drain.id))).first() is not None


def drain_url(public_url: str, drain: UUID, secret: str) -> str:
    """Return the address for Logplex; the secret is in the user info, which no log shows."""
    parts = urlsplit(public_url.rstrip("/"))
    place = f"{USER}:{secret}@{parts.netloc}"
    return urlunsplit((parts.scheme, place, f"{parts.path}/heroku/drains/{drain}", "", ""))


def read_key(connection: Connection, drain: UUID) -> DrainKey | None:
    """Read what a delivery is checked against; None: there is no such drain.

    It starts from the drain and not from a tenant: a delivery names nothing else.
    """
    query = select(col(Drain.secret_hash), col(Drain.token_hash)).where(col(Drain.id) == drain)
    row = connection.execute(query).first()
    return DrainKey(*row) if row is not None else None


def learn_token(connection: Connection, drain: UUID, secret_hash: str, token_hash: str) -> DrainKey:
    """Store the token of the drain's first delivery and return the key; the first one wins."""
    connection.execute(
        update(Drain)
        .where(
            col(Drain.id) == drain,
            col(Drain.secret_hash) == secret_hash,
            col(Drain.token_hash).is_(None),
        )
        .values(token_hash=token_hash)
    )
    return read_key(connection, drain) or DrainKey(secret_hash, token_hash)


@dataclass(frozen=True, slots=True)
class DrainRemoval:
    """Removes drains at Heroku, one attempt each, so that Logplex stops delivering.

    Attributes:
        heroku: Heroku's client.
        sealer: Opens the apps' tokens.
    """

    heroku: AddonClient
    sealer: Sealer

    def of_tenant(self, session: Session, tenant: Tenant, now: datetime) -> list[Removal]:
        """Prepare the removals of a tenant's drains.

        To be prepared while the tenant's secrets are still there, and run after they are gone.
        """
        removals = [
            self.of_app(app, find_drain(session, tenant, app), now)
            for app in apps.list_apps(session, tenant)
        ]
        return [removal for removal in removals if removal is not None]

    def of_app(self, app: App, drain: Drain | None, now: datetime) -> Removal | None:
        """Prepare the removal of an app's drain; None: guv added none, or has no token for it."""
        token = usable_partner_token(app, self.sealer, now)
        if drain is None or drain.heroku_id is None or token is None:
            return None
        return partial(self._remove, app.heroku_id, drain.heroku_id, token)

    def _remove(self, app_id: UUID, drain_id: UUID, token: str) -> None:
        with suppress(OutsideError):
            self.heroku.remove_drain(app_id, drain_id, token)
