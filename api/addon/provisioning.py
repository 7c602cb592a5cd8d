"""What happens when the add-on is added? A tenant, its key, and its app with the right to scale.

Every step can be repeated: Heroku delivers at least once, and two deliveries may run at the same
time. The tenant and its grant are stored before anything is asked of the outside.
"""

from datetime import datetime, timedelta

from api.addon.schemas import OAuthGrant, ProvisionAnswer, ProvisionRequest, known_plan
from api.parts import Parts
from guv.addon_keys import guv_url
from guv.database import session_scope
from guv.errors import Gone
from guv.grants import is_pending, keep_grant, settle_grant
from guv.models import Tenant
from guv.tenancy import apps, tenants

GRANT_LIFE = timedelta(minutes=5)


def provision(parts: Parts, request: ProvisionRequest, now: datetime) -> ProvisionAnswer:
    """What the app gets; a repeated delivery gets the same and changes nothing.

    Raises:
        Invalid: There is no such plan.
        Gone: The resource was deprovisioned.
    """
    known_plan(request.plan)
    with session_scope(parts.engine) as session:
        tenants.register_tenant(session, _new_tenant(request, now))
    with session_scope(parts.engine) as session:
        tenant = tenants.lock_tenant(session, request.uuid)
        if tenant is None or tenant.state == "deprovisioned":
            raise Gone("This resource was deprovisioned.")
        if request.oauth_grant and not apps.count_apps(session, tenant):
            _keep(parts, tenant, request.oauth_grant, now)
        tenant.state = "provisioned"
        config = {"GUV_URL": guv_url(session, tenant, parts.config, now)}
        pending = is_pending(tenant, now)
    trouble = settle_grant(parts.grant_exchange(), request.uuid, now) if pending else None
    return ProvisionAnswer(id=request.uuid, message=_message(request, trouble), config=config)


def _new_tenant(request: ProvisionRequest, now: datetime) -> Tenant:
    return Tenant(
        id=request.uuid,
        name=request.name,
        plan=request.plan,
        region=request.region,
        created_at=now,
    )


def _keep(parts: Parts, tenant: Tenant, grant: OAuthGrant, now: datetime) -> None:
    """Nothing; the grant is stored, sealed, for its own lifetime of at most 5 minutes."""
    latest = now + GRANT_LIFE
    expires_at = min(grant.expires_at or latest, latest)
    keep_grant(tenant, grant.code.get_secret_value(), expires_at, parts.sealer)


def _message(request: ProvisionRequest, trouble: str | None) -> str:
    """What whoever added it should know."""
    sentences = ["guv is ready: set the broker and the roles of your app next."]
    if trouble is not None:
        sentences.append(f"It cannot scale your app yet: {trouble}")
    elif request.oauth_grant is None:
        sentences.append("It cannot scale your app yet: no authorization came with it.")
    if request.options:
        sentences.append(f"Not used: the options {', '.join(sorted(request.options))[:200]}.")
    return " ".join(sentences)
