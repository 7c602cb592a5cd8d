"""Brokers of the tenant's apps: read, set and test them."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.dependencies import AccessDep, PartsDep, SessionDep, TenantDep
from api.errors import error_answers
from api.paths import AppName
from api.v1.schemas.settings import BrokerAnswer, BrokerRequest, BrokerState
from api.v1.views.settings import broker_state
from guv.apps import broker as brokers
from guv.apps import queries as apps
from guv.errors import NotFound

MOST_NAMED_QUEUES = 100
router = APIRouter(prefix="/apps/{app}/broker", responses=error_answers(404))


class Trial(BaseModel):
    """Whether it works, and if not, why."""

    ok: bool = Field(description="Whether it works")
    messages: list[str] = Field(description="What does not or not well, and what would be right")


@router.get("", tags=["apps"])
def read_broker(session: SessionDep, tenant: TenantDep, app: AppName) -> BrokerState:
    """Show the RabbitMQ that feeds the app's roles."""
    found = apps.find_app(session, tenant, app)
    broker = apps.find_broker(session, tenant, found)
    if broker is None:
        raise NotFound(f"App {found.name!r} has no broker yet.")
    return broker_state(broker)


@router.put("", tags=["apps"])
def replace_broker(
    parts: PartsDep, access: AccessDep, app: AppName, request: BrokerRequest
) -> BrokerAnswer:
    """Set the app's broker, if it answers; else the one that was set before stays."""
    url = request.url.get_secret_value()
    saved = brokers.set_broker(access, parts.connect_broker, app, url)
    return BrokerAnswer(
        **broker_state(saved.broker).model_dump(),
        queues=list(saved.queues.types)[:MOST_NAMED_QUEUES],
        queue_count=len(saved.queues.types),
        warnings=list(saved.warnings),
    )


@router.post("/test", tags=["actions"])
def test_broker(parts: PartsDep, access: AccessDep, app: AppName) -> Trial:
    """Ask the app's broker for the queues of all its roles, as a tick would."""
    faults, warnings = brokers.broker_faults(access, parts.connect_broker, app)
    return Trial(ok=not faults, messages=[*faults, *warnings])
