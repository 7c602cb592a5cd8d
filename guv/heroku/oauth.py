"""Exchange of an add-on's OAuth grant for tokens, and the app that they name.

A grant code works once and for 5 minutes. It is stored, sealed, before Heroku is called; the tokens
are stored before the app is looked up. A step that fails can be repeated by a second delivery, by a
look at the tenant's apps, or by a job. Only one of them calls Heroku at a time, without a row lock.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from guv.apps import queries as apps
from guv.crypto import Sealer
from guv.database import session_scope
from guv.errors import HerokuRefused, HerokuUnavailable
from guv.heroku.addon_options import apply_options
from guv.heroku.client import HerokuClient
from guv.heroku.credentials import note_right
from guv.tenants import queries as tenants
from guv.tenants.models import Tenant

_ONE_AT_A_TIME = text("select pg_try_advisory_xact_lock(hashtextextended(:tenant, 5))")


class GrantTrouble(StrEnum):
    """Why a grant is not exchanged yet, in words for the customer."""

    BUSY = "guv is calling Heroku at this moment."
    REFUSED = "Heroku refused the authorization."
    AWAY = "Heroku did not answer. guv will try again."


@dataclass(frozen=True, slots=True)
class GrantExchange:
    """What the exchange of a grant needs."""

    engine: Engine
    sealer: Sealer
    heroku: HerokuClient


def keep_grant(tenant: Tenant, code: str, expires_at: datetime, sealer: Sealer) -> None:
    """Store a grant code, sealed, until it is exchanged.

    Tokens of an earlier code that wait for their app are kept instead.
    """
    if "access_token" in _pending(tenant, sealer):
        return
    tenant.grant_sealed = sealer.seal(json.dumps({"code": code}))
    tenant.grant_expires_at = expires_at


def is_pending(tenant: Tenant, now: datetime) -> bool:
    """Whether the tenant has a grant, or its tokens, that can still be used."""
    expires_at = tenant.grant_expires_at
    return tenant.grant_sealed is not None and expires_at is not None and expires_at > now


def settle_grant(exchange: GrantExchange, tenant_id: UUID, now: datetime) -> GrantTrouble | None:
    """Exchange the tenant's grant and store its app; returns None when nothing is left.

    With `REFUSED`, trying again will not help; with `BUSY`, another process is at it.

    Args:
        exchange: Database, keys and Heroku.
        tenant_id: The tenant.
        now: The present.
    """
    with session_scope(exchange.engine) as guard:
        if not guard.execute(_ONE_AT_A_TIME, {"tenant": str(tenant_id)}).scalar_one():
            return GrantTrouble.BUSY
        try:
            _exchange_code(exchange, tenant_id, now)
            _learn_app(exchange, tenant_id, now)
        except HerokuRefused:
            return GrantTrouble.REFUSED
        except HerokuUnavailable:
            return GrantTrouble.AWAY
    return None


def _exchange_code(exchange: GrantExchange, tenant_id: UUID, now: datetime) -> None:
    """Replace the code in the tenant's row with its tokens."""
    code = _read_pending(exchange, tenant_id).get("code")
    if code is None:
        return
    tokens = exchange.heroku.exchange_grant(str(code))
    stored = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    with session_scope(exchange.engine) as session:
        tenant = tenants.lock_tenant(session, tenant_id)
        if tenant is not None and tenant.state != "deprovisioned":
            tenant.grant_sealed = exchange.sealer.seal(json.dumps(stored))
            tenant.grant_expires_at = now + timedelta(seconds=tokens.expires_in)


def _learn_app(exchange: GrantExchange, tenant_id: UUID, now: datetime) -> None:
    """Store the app that the tokens name, and delete the grant."""
    token = _read_pending(exchange, tenant_id).get("access_token")
    if token is None:
        return
    addon_app = exchange.heroku.read_addon_app(tenant_id, str(token))
    with session_scope(exchange.engine) as session:
        tenant = tenants.lock_tenant(session, tenant_id)
        pending = _pending(tenant, exchange.sealer)
        if tenant is None or "access_token" not in pending:
            return
        app = apps.put_app(session, tenant, addon_app.id, addon_app.name, now)
        app.access_token_sealed = exchange.sealer.seal(pending["access_token"])
        refresh = pending["refresh_token"]
        app.refresh_token_sealed = exchange.sealer.seal(refresh) if refresh else None
        app.token_expires_at = tenant.grant_expires_at
        note_right(app, "unknown")
        tenant.grant_sealed, tenant.grant_expires_at = None, None
        apply_options(session, tenant, app, exchange.sealer, now)


def _read_pending(exchange: GrantExchange, tenant_id: UUID) -> Mapping[str, Any]:
    with session_scope(exchange.engine) as session:
        return _pending(session.get(Tenant, tenant_id), exchange.sealer)


def _pending(tenant: Tenant | None, sealer: Sealer) -> Mapping[str, Any]:
    """Return what the tenant's row holds: a code, tokens, or nothing."""
    if tenant is None or tenant.grant_sealed is None:
        return {}
    pending: Mapping[str, Any] = json.loads(sealer.open(tenant.grant_sealed))
    return pending
