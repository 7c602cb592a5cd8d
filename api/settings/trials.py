"""Does it work? A stored broker and the way to New Relic, tried on demand; nothing is changed."""

from difflib import get_close_matches

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from api.deps import AccessDep, PartsDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.settings.brokers import read_broker_url, try_broker
from guv.errors import FieldError, Invalid, NotFound, NotifierFailed
from guv.moment import unix_seconds
from guv.newrelic import EventClient
from guv.tenancy import roles, settings
from guv.tenancy.apps import find_app, find_broker

router = APIRouter(prefix="/apps/{app}", tags=["actions"], responses=error_answers(404))


class Trial(BaseModel):
    """Whether it works, and if not, why."""

    ok: bool = Field(description="Whether it works")
    messages: list[str] = Field(description="What does not, and what would be right")


@router.post("/broker/test")
def test_broker(parts: PartsDep, access: AccessDep, app: AppName) -> Trial:
    """Ask the app's broker for the queues of all its roles, as a tick would."""
    session, tenant = access.session, access.tenant
    found = find_app(session, tenant, app)
    broker = find_broker(session, tenant, found)
    if broker is None:
        raise NotFound(f"App {found.name!r} has no broker yet.")
    wanted = [
        (one.role.name, queue)
        for one in settings.tenant_settings(session, tenant)
        if one.app.id == found.id
        for queue in one.effective.values["queues"]
    ]
    url = access.sealer.open(broker.url_sealed)
    session.rollback()  # no connection is held while the broker is asked
    try:
        present = try_broker(parts, read_broker_url(SecretStr(url)))
    except Invalid as error:
        return Trial(ok=False, messages=[one.message for one in error.fields])
    missing = [_missing(role, queue, present) for role, queue in wanted if queue not in present]
    return Trial(ok=not missing, messages=missing)


@router.post("/roles/{role}/test-page")
def send_test_page(parts: PartsDep, access: AccessDep, app: AppName, role: RoleName) -> Trial:
    """Send an incident that opens and resolves at once to where the role's incidents go."""
    session, tenant = access.session, access.tenant
    found = find_app(session, tenant, app)
    named = roles.find_role(session, tenant, found, role)
    stored = settings.notify_target(session, tenant, found, named, access.sealer)
    target = (stored or {}).get("new_relic")
    if target is None:
        fault = FieldError("notify", "is not set for this role; set new_relic first")
        raise Invalid("Incidents of this role go nowhere.", [fault])
    session.rollback()
    events = [
        {
            "eventType": "NrAiIncidentExternal",
            "version": 1,
            "timestamp": int(unix_seconds(access.edit.at) * 1000),
            "state": state,
            "source": "guv",
            "title": f"Test page of guv for role {named.name} of {found.name}",
            "description": "Somebody asked guv for this page. Nothing is wrong.",
            "priority": str(target.get("priority") or "high"),
            "externalId": f"test-{named.id}",
        }
        for state in ("trigger", "resolve")
    ]
    client = EventClient(base_url=parts.config.new_relic_events_url)
    try:
        client.send(target, events)
    except NotifierFailed as failure:
        return Trial(ok=False, messages=[str(failure)])
    finally:
        client.close()
    return Trial(ok=True, messages=[])


def _missing(role: str, queue: str, present: list[str]) -> str:
    near = get_close_matches(queue, present, n=1)
    advice = f"; did you mean {near[0]!r}?" if near else ""
    return f"role {role!r}: the broker has no queue {queue!r}{advice}"
