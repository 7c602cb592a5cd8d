"""Provisioning of a resource: a tenant, its key, and its app with the right to scale it.

Heroku delivers at least once, and two deliveries may run at the same time, so every step can be
repeated. The tenant, its grant and the fact that work is left are stored before anything outside is
called. Where Heroku's token endpoint is slow, the answer is that the config comes later; the worker
then goes on, and this process may end.
"""

import time
from concurrent.futures import TimeoutError as NotYet
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from api.addon.schemas import OAuthGrant, ProvisionAnswer, ProvisionRequest, known_plan
from api.container import Parts
from guv.apps import queries as apps
from guv.clock import steady_seconds
from guv.database import session_scope
from guv.errors import Gone
from guv.heroku.addon_options import Wanted, read_options, seal_options
from guv.heroku.oauth import GrantTrouble, is_pending, keep_grant, settle_grant
from guv.tenants import pending_provisioning
from guv.tenants import queries as tenants
from guv.tenants.keys import guv_url
from guv.tenants.models import Tenant

GRANT_LIFE, AT_LEAST = timedelta(minutes=5), timedelta(minutes=1)
PATIENCE_S = 1.8  # longest wait for Heroku's tokens; Heroku expects our answer within 3 s
LOOK_AGAIN_S = 0.05  # pause before a look at an exchange that another delivery began
# Pauses before the worker takes a provisioning over, which this process finishes if it lives on.
OURS_S = 15.0
AT_ONCE_S = 0.2
AFTER_ANSWER_S = 5.0  # by then Heroku has stored the config of our answer


def provision(parts: Parts, request: ProvisionRequest, now: datetime) -> ProvisionAnswer:
    """Provision a resource; a repeated request changes nothing.

    Returns the app's config, or none where it comes later.

    Raises:
        Invalid: There is no such plan, or an option cannot be accepted.
        Gone: The resource was deprovisioned.
    """
    wanted = read_options(request.options, known_plan(request.plan))
    with session_scope(parts.engine) as session:
        tenants.register_tenant(session, _new_tenant(request, now))
    with session_scope(parts.engine) as session:
        tenant = _present(session, request.uuid)
        pending = _store(parts, session, tenant, request, wanted, now)
    trouble = _settle_in_time(parts, request.uuid, now) if pending else None
    with session_scope(parts.engine) as session:
        tenant = _present(session, request.uuid)
        if tenant.state != "provisioned" and trouble in {GrantTrouble.BUSY, GrantTrouble.AWAY}:
            pending_provisioning.remember(session, tenant.id, now, AT_ONCE_S, asynchronous=True)
            return ProvisionAnswer(id=request.uuid, message=_LATER)
        config = _finish(parts, session, tenant, now, left=pending and trouble is None)
    return ProvisionAnswer(
        id=request.uuid, message=_message(request, wanted, trouble), config=config
    )


def _present(session: Session, resource: UUID) -> Tenant:
    tenant = tenants.lock_tenant(session, resource)
    if tenant is None or tenant.state == "deprovisioned":
        raise Gone("This resource was deprovisioned.")
    return tenant


def _new_tenant(request: ProvisionRequest, now: datetime) -> Tenant:
    return Tenant(
        id=request.uuid,
        name=request.name,
        plan=request.plan,
        region=request.region,
        created_at=now,
    )


def _store(
    parts: Parts,
    session: Session,
    tenant: Tenant,
    request: ProvisionRequest,
    wanted: Wanted,
    now: datetime,
) -> bool:
    """Store the grant and the options, sealed; returns whether there is a grant to exchange."""
    if apps.count_apps(session, tenant):
        return False
    if request.oauth_grant:
        _keep(parts, tenant, request.oauth_grant, now)
    if wanted.is_anything:
        tenant.options_sealed = seal_options(wanted, parts.sealer)
    pending = is_pending(tenant, now)
    if pending:
        pending_provisioning.remember(session, tenant.id, now, OURS_S, asynchronous=False)
    return pending


def _keep(parts: Parts, tenant: Tenant, grant: OAuthGrant, now: datetime) -> None:
    """Store the grant, sealed, for its lifetime of 1 to 5 minutes.

    A grant that seems expired is tried all the same: Heroku's clock decides, not ours.
    """
    latest = now + GRANT_LIFE
    expires_at = max(min(grant.expires_at or latest, latest), now + AT_LEAST)
    keep_grant(tenant, grant.code.get_secret_value(), expires_at, parts.sealer)


def _settle_in_time(parts: Parts, tenant_id: UUID, now: datetime) -> GrantTrouble | None:
    """Exchange the grant within `PATIENCE_S`; returns what `settle_grant` returns.

    `AWAY`: it goes on in the background. A code works once, so an exchange that has begun is never
    cut short.
    """
    end = steady_seconds() + PATIENCE_S
    while True:
        work = parts.background.submit(settle_grant, parts.grant_exchange(), tenant_id, now)
        try:
            trouble = work.result(timeout=max(0.0, end - steady_seconds()))
        except NotYet:
            work.cancel()  # only if it has not begun
            return GrantTrouble.AWAY
        if trouble is not GrantTrouble.BUSY or steady_seconds() > end:
            return trouble
        time.sleep(LOOK_AGAIN_S)


def _finish(
    parts: Parts, session: Session, tenant: Tenant, now: datetime, *, left: bool
) -> dict[str, str]:
    """Mark the tenant as provisioned, leave the rest to the worker, and return the config vars."""
    tenant.state = "provisioned"
    if left:
        pending_provisioning.remember(session, tenant.id, now, AFTER_ANSWER_S, asynchronous=False)
    elif not apps.count_apps(session, tenant):
        pending_provisioning.forget(session, tenant.id)
    return {"GUV_URL": guv_url(session, tenant, parts.config, now)}


_LATER = "guv is being set up. GUV_URL will be set in a moment."


def _message(request: ProvisionRequest, wanted: Wanted, trouble: GrantTrouble | None) -> str:
    """Return the message for the person who added the add-on."""
    has_roles = bool(wanted.broker_url and wanted.roles)
    sentences = [
        "guv is ready." if has_roles else "guv is ready. Set the broker and the roles next."
    ]
    if trouble is not None:
        sentences.append(f"It cannot scale your app yet: {trouble}")
        if trouble is GrantTrouble.REFUSED:
            sentences.append("Run `heroku addons:open guv` to authorize it.")
    elif request.oauth_grant is None:
        sentences.append("It cannot scale your app yet: Heroku sent no authorization.")
    if wanted.unused:
        sentences.append(f"Ignored options: {', '.join(wanted.unused)[:300]}.")
    return " ".join(sentences)
