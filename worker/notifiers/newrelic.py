"""How does a tenant's New Relic hear of an incident? One event when it opens, one when it ends.

Both are incident events (`NrAiIncidentExternal`) with the same aggregation tags, by which New
Relic knows that they belong together; sending one twice changes nothing there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import update
from sqlmodel import Session, col

from guv.database import session_scope
from guv.errors import NotifierFailed
from guv.models import Incident
from guv.moment import unix_seconds
from guv.tenancy.settings import notify_target
from worker.notifiers.incidents import needs_trigger
from worker.runtime import Runtime
from worker.subject import Subject

_log = structlog.get_logger(__name__)


def send_incidents(
    runtime: Runtime, subject: Subject, incidents: Sequence[Incident], now: datetime
) -> None:
    """Nothing; tells the tenant's New Relic of each incident's opening or end.

    What was not accepted and may pass is sent again at the next tick; what never will be, such as
    a wrong license key, is kept with the incident.
    """
    if not incidents or subject.effective.values["notify"] is None:
        return
    with session_scope(runtime.engine) as session:
        target = _target(session, runtime, subject)
    if target is None:
        return
    flags = [(one, _send(runtime, subject, target, one, now)) for one in incidents]
    with session_scope(runtime.engine) as session:
        for incident, values in flags:
            if values:
                query = update(Incident).where(col(Incident.id) == incident.id)
                session.execute(query.values(**values))


def incident_event(
    subject: Subject, incident: Incident, priority: str, now: datetime
) -> dict[str, str | int]:
    """The event that opens or ends the incident at New Relic."""
    is_over = incident.resolved_at is not None
    return {
        "eventType": "NrAiIncidentExternal",
        "version": 1,
        "timestamp": int(unix_seconds(now) * 1000),
        "state": "resolve" if is_over else "trigger",
        "source": "guv",
        "title": incident.title,
        "description": incident.text,
        "priority": priority,
        "externalId": str(incident.id),
        "aggregationTag.tenant": str(subject.tenant.id),
        "aggregationTag.app": str(subject.app.heroku_id),  # its name may change meanwhile
        "aggregationTag.role": subject.role.name,
        "aggregationTag.cause": incident.cause,
    }


def _target(session: Session, runtime: Runtime, subject: Subject) -> Mapping[str, Any] | None:
    """The tenant's New Relic account, with its key in the clear; None: none is set."""
    target = notify_target(session, subject.tenant, subject.app, subject.role, runtime.sealer)
    return None if target is None else target.get("new_relic")


def _send(
    runtime: Runtime,
    subject: Subject,
    target: Mapping[str, Any],
    incident: Incident,
    now: datetime,
) -> dict[str, Any]:
    """What to store of the attempt."""
    event = incident_event(subject, incident, str(target.get("priority") or "high"), now)
    try:
        runtime.events.send(target, [event])
    except NotifierFailed as failure:
        _log.warning("notification_failed", cause=incident.cause, error=str(failure))
        return {} if failure.retry else {"notify_error": str(failure)}
    _log.info("notification_sent", cause=incident.cause, state=event["state"])
    return {"open_notified_at" if needs_trigger(incident) else "resolve_notified_at": now}
