"""What happens when the add-on is added? A tenant, its key, and its app with the right to scale.

Every step can be repeated: Heroku delivers at least once, and two deliveries may run at the same
time. The tenant, its grant and that something is left to do are stored before anything is asked of
the outside. Where Heroku's token endpoint is slow, Heroku is told that the config comes later; the
worker then goes on, and this process may end.
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
from guv.heroku.oauth import AWAY, BUSY, REFUSED, is_pending, keep_grant, settle_grant
from guv.tenants import pending_provisioning
from guv.tenants import queries as tenants
from guv.tenants.keys import guv_url
from guv.tenants.models import Tenant

GRANT_LIFE, AT_LEAST = timedelta(minutes=5), timedelta(minutes=1)
PATIENCE_S = 1.8  # for Heroku's tokens; Heroku wants its own answer within 3 seconds
LOOK_AGAIN_S = 0.05
# Until then a provisioning that was begun here is finished here, if this process lives on.
OURS_S = 15.0
AT_ONCE_S = 0.2
AFTER_ANSWER_S = 5.0  # Heroku has taken in a config that it was answered with


def provision(parts: Parts, request: ProvisionRequest, now: datetime) -> ProvisionAnswer:
    """What the app gets, or without `config` that it comes later; a repeat changes nothing.

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
        if tenant.state != "provisioned" and trouble in {BUSY, AWAY}:
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
    """Whether there is a grant to exchange; it and the options are stored, sealed."""
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
    """Nothing; the grant is stored, sealed, for its own lifetime of 1 to 5 minutes.

    One that seems to be over is tried all the same: Heroku's clock decides, and not ours.
    """
    latest = now + GRANT_LIFE
    expires_at = max(min(grant.expires_at or latest, latest), now + AT_LEAST)
    keep_grant(tenant, grant.code.get_secret_value(), expires_at, parts.sealer)


def _settle_in_time(parts: Parts, tenant_id: UUID, now: datetime) -> str | None:
    """What `settle_grant` says; `AWAY`: not yet, and it goes on in the background.

    A code works once, so an exchange that has begun is never cut short by our hurry.
    """
    end = steady_seconds() + PATIENCE_S
    while True:
        work = parts.background.submit(settle_grant, parts.grant_exchange(), tenant_id, now)
        try:
            trouble = work.result(timeout=max(0.0, end - steady_seconds()))
        except NotYet:
            work.cancel()  # only if it has not begun
            return AWAY
        if trouble != BUSY or steady_seconds() > end:
            return trouble
        time.sleep(LOOK_AGAIN_S)


def _finish(
    parts: Parts, session: Session, tenant: Tenant, now: datetime, *, left: bool
) -> dict[str, str]:
    """The config vars; the tenant is provisioned, and the worker looks after what is left."""
    tenant.state = "provisioned"
    if left:
        pending_provisioning.remember(session, tenant.id, now, AFTER_ANSWER_S, asynchronous=False)
    elif not apps.count_apps(session, tenant):
        pending_provisioning.forget(session, tenant.id)
    return {"GUV_URL": guv_url(session, tenant, parts.config, now)}


_LATER = "guv is being set up; GUV_URL will be there in a moment."


def _message(request: ProvisionRequest, wanted: Wanted, trouble: str | None) -> str:
    """What whoever added it should know."""
    has_roles = bool(wanted.broker_url and wanted.roles)
    sentences = [
        "guv is ready." if has_roles else "guv is ready: set the broker and the roles next."
    ]
    if trouble is not None:
        sentences.append(f"It cannot scale your app yet: {trouble}")
        if trouble == REFUSED:
            sentences.append("`heroku addons:open guv` shows how to let it.")
    elif request.oauth_grant is None:
        sentences.append("It cannot scale your app yet: no authorization came with it.")
    if wanted.unused:
        sentences.append(f"Not used: the options {', '.join(wanted.unused)[:300]}.")
    return " ".join(sentences)
