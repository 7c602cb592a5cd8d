"""Provisioning after Heroku was answered, repeated until nothing is left to do.

Grant to tokens, config and the provision action where Heroku was told that they come later, a
first look whether guv may scale, and the subscription to the events of app and resource.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from guv.apps import queries as apps
from guv.apps.models import App
from guv.database import session_scope
from guv.errors import HerokuRefused, HerokuUnavailable, OutsideError
from guv.heroku.credentials import Kind, partner_token
from guv.heroku.oauth import GrantExchange, is_pending, settle_grant
from guv.tenants import pending_provisioning
from guv.tenants import queries as tenants
from guv.tenants.keys import NAME, guv_url
from guv.tenants.models import PendingProvisioning, Tenant
from worker.process.runtime import Runtime

PROVISIONED = "provisioned"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Case:
    """A provisioning as it was read, and the calls on behalf of its app."""

    runtime: Runtime
    tenant: Tenant
    app: App
    token: str
    now: datetime


def finish(runtime: Runtime, tenant_id: UUID, now: datetime) -> bool:
    """Whether nothing is left to do; else it is tried again later.

    Args:
        runtime: What the process keeps warm.
        tenant_id: Whose provisioning.
        now: The present.
    """
    with session_scope(runtime.engine) as session:
        row, tenant = session.get(PendingProvisioning, tenant_id), session.get(Tenant, tenant_id)
    if row is None or tenant is None:
        return True
    if row.give_up_at <= now:
        _give_up(runtime, tenant, now)
        return True
    try:
        note = _advance(runtime, tenant, now, asynchronous=row.is_asynchronous)
    except (HerokuUnavailable, HerokuRefused) as trouble:
        note = str(trouble)
    _leave(runtime, row, now, note)
    _log.info("provisioning_tried", tenant=str(tenant_id), attempts=row.attempts, left=note)
    return note is None


def _advance(runtime: Runtime, tenant: Tenant, now: datetime, *, asynchronous: bool) -> str | None:
    """Return what is still in the way; None: nothing."""
    if is_pending(tenant, now):
        exchange = GrantExchange(runtime.engine, runtime.sealer, runtime.heroku)
        trouble = settle_grant(exchange, tenant.id, now)
        if trouble is not None:
            return trouble
    app = _only_app(runtime, tenant)
    if app is None:
        return "guv has no tokens of the resource." if asynchronous else None
    token = partner_token(runtime.engine, runtime.sealer, runtime.heroku, app.id, now)
    case = _Case(runtime, tenant, app, token, now)
    if asynchronous:
        _complete(case, runtime.heroku.read_state(tenant.id, token))
    if app.credential == Kind.PARTNER:
        runtime.authorizer().look_at_partner(app, now)
    runtime.subscriber().subscribe(tenant, token, now)
    return None


def _only_app(runtime: Runtime, tenant: Tenant) -> App | None:
    with session_scope(runtime.engine) as session:
        found = apps.list_apps(session, tenant)
    return found[0] if found else None


def _complete(case: _Case, state: str) -> None:
    """Set the resource's config at Heroku and mark it as provisioned.

    A config that is in use is not set again: that would restart every dyno of the app.
    """
    heroku, tenant_id = case.runtime.heroku, case.tenant.id
    if state != PROVISIONED:
        with session_scope(case.runtime.engine) as session:
            url = guv_url(session, case.tenant, case.runtime.config, case.now)
        heroku.set_config(tenant_id, {NAME: url}, case.token)
        heroku.finish_provisioning(tenant_id, case.token)
    with session_scope(case.runtime.engine) as session:
        tenant = tenants.lock_tenant(session, tenant_id)
        if tenant is not None and tenant.state == "provisioning":
            tenant.state = PROVISIONED


def _leave(runtime: Runtime, row: PendingProvisioning, now: datetime, note: str | None) -> None:
    with session_scope(runtime.engine) as session:
        present = session.get(PendingProvisioning, row.tenant_id, with_for_update=True)
        if present is None:
            return
        if note is not None:
            pending_provisioning.postpone(session, present, now, note)
        elif present.is_asynchronous == row.is_asynchronous:
            session.delete(present)


def _give_up(runtime: Runtime, tenant: Tenant, now: datetime) -> None:
    """End a resource here that was never provisioned at Heroku."""
    if tenant.state == PROVISIONED:
        with session_scope(runtime.engine) as session:
            pending_provisioning.forget(session, tenant.id)
        return
    app = _only_app(runtime, tenant)
    if app is not None:
        with suppress(OutsideError):
            token = partner_token(runtime.engine, runtime.sealer, runtime.heroku, app.id, now)
            runtime.heroku.give_up(tenant.id, token)
    with session_scope(runtime.engine) as session:
        locked = tenants.lock_tenant(session, tenant.id)
        if locked is not None and locked.state == "provisioning":
            tenants.end_tenant(session, locked, now)
    _log.warning("provisioning_given_up", tenant=str(tenant.id))
