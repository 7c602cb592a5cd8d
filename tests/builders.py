"""Rows that a test needs, with everything filled in that it does not care about."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session

from guv.apps.models import App, Broker
from guv.crypto import Sealer, new_api_key
from guv.history.models import SampleRow, UsageHour
from guv.rabbitmq.client import parse_broker_url
from guv.roles.models import Role, TickSchedule
from guv.settings.models import SettingsLevel
from guv.ssrf import Fence, read_networks
from guv.tenants.keys import put_key
from guv.tenants.models import Tenant

LOOPBACK = Fence(read_networks("127.0.0.0/8"))  # where the stand-ins are
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def a_tenant(session: Session, **values: Any) -> Tenant:
    """Add a provisioned tenant on plan premium."""
    given = {"id": uuid4(), "name": "guv-curved-1", "plan": "premium", "state": "provisioned"}
    tenant = Tenant(**{**given, "created_at": NOON, **values})
    session.add(tenant)
    session.flush()
    return tenant


def an_app(session: Session, tenant: Tenant, sealer: Sealer, **values: Any) -> App:
    """Add an app with tokens that are valid for a long time."""
    given: dict[str, Any] = {
        "heroku_id": uuid4(),
        "name": f"shop-{uuid4().hex[:6]}",
        "access_token_sealed": sealer.seal("access-token-marker"),
        "refresh_token_sealed": sealer.seal("refresh-token-marker"),
        "token_expires_at": datetime(2100, 1, 1, tzinfo=UTC),
        "authorization_state": "authorized",
        "created_at": NOON,
    }
    app = App(tenant_id=tenant.id, **{**given, **values})
    session.add(app)
    session.flush()
    return app


def a_key(session: Session, tenant_id: UUID, name: str, now: datetime) -> str:
    """Add an API key of the tenant and return it in the clear."""
    key = new_api_key()
    put_key(session, tenant_id, name, key, now)
    return key


def a_broker(session: Session, app: App, sealer: Sealer, url: str) -> Broker:
    """Add the app's broker at that URL."""
    broker = Broker(
        tenant_id=app.tenant_id,
        app_id=app.id,
        url_sealed=sealer.seal(url),
        address=parse_broker_url(url).address,
        updated_at=NOON,
    )
    session.add(broker)
    session.flush()
    return broker


def a_role(session: Session, app: App, name: str = "worker", **settings: Any) -> Role:
    """Add a role that is due since noon, with these settings at its own level."""
    role = Role(tenant_id=app.tenant_id, app_id=app.id, name=name, created_at=NOON)
    session.add(role)
    session.flush()
    interval = float(settings.get("interval", 10))
    session.add(TickSchedule(role_id=role.id, due_at=NOON, interval_s=interval))
    if settings:
        a_level(session, role.tenant_id, role.id, level="role", values=settings)
    session.flush()
    return role


def a_level(session: Session, tenant: UUID, subject: UUID, **values: Any) -> SettingsLevel:
    """Add settings at a level of the tenant."""
    given = {"updated_at": NOON, "updated_by": "test", **values}
    level = SettingsLevel(subject_id=subject, tenant_id=tenant, **given)
    session.add(level)
    return level


def an_hour(session: Session, role: Role, at: datetime, **values: Any) -> UsageHour:
    """Add the role's usage in the hour of that instant, with Basic dynos."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    owner = {"role_id": role.id, "tenant_id": role.tenant_id, "app_id": role.app_id}
    usage = UsageHour(**{**owner, "hour": hour, "dyno_size": "Basic", **values})
    session.add(usage)
    return usage


def a_history(session: Session, role: Role, until: datetime = NOON, minutes: int = 60) -> None:
    """Add samples every 10 seconds until then, with one dyno that finishes one message in each."""
    for number in range(6 * minutes):
        session.add(
            SampleRow(
                role_id=role.id,
                at=until - timedelta(seconds=10 * (6 * minutes - number)),
                messages_ready=0,
                messages_unacknowledged=0,
                published=1000 + number,
                served=1000 + number,
                redelivered=0,
                consumers=1,
                dynos=1,
            )
        )
    session.flush()
