"""Does it work? A stored broker and the way to who is notified, tried on demand."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from api.deps import AccessDep, PartsDep
from api.errors import error_answers
from api.parts import Parts
from api.paths import AppName, RoleName
from api.settings.brokers import queue_fault, read_broker_url, try_broker, watched_queues
from guv.errors import FieldError, Invalid, NotFound, NotifierFailed
from guv.models import App, Role, Tenant
from guv.moment import unix_seconds
from guv.notify.incident_messages import OPENED, RESOLVED, IncidentMessage
from guv.notify.notifiers import build_notifiers
from guv.tenancy import roles, settings
from guv.tenancy.apps import find_app, find_broker
from guv.tenancy.incidents import notify_again

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


@router.post("/roles/{role}/test-page")
def send_test_page(parts: PartsDep, access: AccessDep, app: AppName, role: RoleName) -> Trial:
    """Send an incident that opens and resolves at once to each target of the role's incidents.

    Where all of them take it, they are told again of what they refused before.
    """
    session, tenant = access.session, access.tenant
    found = find_app(session, tenant, app)
    named = roles.find_role(session, tenant, found, role)
    targets = settings.notify_target(session, tenant, found, named, access.sealer)
    if not targets:
        fault = FieldError("notify", "is not set for this role; set new_relic or webhook first")
        raise Invalid("Incidents of this role go nowhere.", [fault])
    session.rollback()  # no connection is held while others are asked
    now = access.edit.at
    messages = [_test_message(tenant, found, named, change, now) for change in (OPENED, RESOLVED)]
    faults = [fault for message in messages for fault in _try_all(parts, targets, message, now)]
    if not faults:
        notify_again(session, tenant, now)
    return Trial(ok=not faults, messages=list(dict.fromkeys(faults)))


def _test_message(
    tenant: Tenant, app: App, role: Role, change: str, now: datetime
) -> IncidentMessage:
    return IncidentMessage(
        id=f"test-{role.id}-{int(unix_seconds(now))}",
        change=change,
        at=now,
        tenant=tenant.id,
        app_id=app.heroku_id,
        app=app.name,
        role=role.name,
        cause="test",
        title=f"Test page of guv for role {role.name} of {app.name}",
        text="Somebody asked guv for this page. Nothing is wrong.",
    )


def _try_all(
    parts: Parts, targets: Mapping[str, Any], message: IncidentMessage, now: datetime
) -> list[str]:
    """Why targets did not take the message; [] if all did."""
    faults = []
    with closing(build_notifiers(parts.config.new_relic_events_url, parts.config.fence)) as clients:
        for kind in targets:
            try:
                clients.send(kind, targets[kind], message, now)
            except NotifierFailed as failure:
                faults.append(str(failure))
    return faults
