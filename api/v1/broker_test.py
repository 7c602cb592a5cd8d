"""Does it work? A stored broker, tried on demand."""

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from api.dependencies import AccessDep, PartsDep
from api.errors import error_answers
from api.paths import AppName
from api.v1.broker_probe import queue_fault, read_broker_url, try_broker, watched_queues
from guv.apps.queries import find_app, find_broker
from guv.errors import Invalid, NotFound

router = APIRouter(prefix="/apps/{app}", tags=["actions"], responses=error_answers(404))


class Trial(BaseModel):
    """Whether it works, and if not, why."""

    ok: bool = Field(description="Whether it works")
    messages: list[str] = Field(description="What does not or not well, and what would be right")


@router.post("/broker/test")
def test_broker(parts: PartsDep, access: AccessDep, app: AppName) -> Trial:
    """Ask the app's broker for the queues of all its roles, as a tick would."""
    session, tenant = access.session, access.tenant
    found = find_app(session, tenant, app)
    broker = find_broker(session, tenant, found)
    if broker is None:
        raise NotFound(f"App {found.name!r} has no broker yet.")
    wanted = watched_queues(session, tenant, found)
    url = access.sealer.open(broker.url_sealed)
    session.rollback()  # no connection is held while the broker is asked
    try:
        present = try_broker(parts, read_broker_url(SecretStr(url)))
    except Invalid as error:
        return Trial(ok=False, messages=[one.message for one in error.fields])
    faults = [queue_fault(role, queue, present.queues) for role, queue in wanted]
    messages = [fault for fault in faults if fault is not None]
    return Trial(ok=not messages, messages=[*messages, *present.warnings])
