"""Deliveries of incidents to their targets, repeated until each target takes them.

Ticks only say that there is something to tell; it is told here, so that no tick waits for anybody
else's address. What was not taken and may pass is sent again after a growing pause, for a day;
what never will be, such as a wrong license key, is kept with the incident.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from guv.apps.models import App
from guv.backoff import doubled_pause
from guv.database import session_scope
from guv.errors import NotifierFailed
from guv.incidents.models import Incident
from guv.incidents.queries import forget_targets
from guv.notifications.incident_messages import OPENED, RESOLVED, IncidentMessage
from guv.notifications.queues import DELIVERIES
from guv.roles.models import Role
from guv.settings.queries import notify_target
from guv.tenants.models import Tenant
from worker.process.runtime import Runtime

GIVE_UP_AFTER = timedelta(hours=24)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Case:
    """An incident as it was read, with the targets that its role has now."""

    incident: Incident
    role: Role
    app: App
    tenant: Tenant
    targets: Mapping[str, Any]


def deliver_due(runtime: Runtime, now: datetime, most: int = 100) -> int:
    """How many incidents were told to their targets, as far as these took it."""
    with runtime.engine.begin() as connection:
        incidents = DELIVERIES.take(connection, now, most)
    return deliver_all(runtime, incidents, now)


def deliver_all(runtime: Runtime, incidents: Sequence[UUID], now: datetime) -> int:
    """How many incidents that is; each is told, several at the same time."""
    return len(list(runtime.threads.map(lambda one: deliver(runtime, one, now), incidents)))


def deliver(runtime: Runtime, incident_id: UUID, now: datetime) -> None:
    """Send each target of the incident what it lacks, or plan another attempt."""
    with session_scope(runtime.engine) as session:
        case = _read(session, runtime, incident_id)
    if case is None:
        return
    told = {
        kind: _tell(runtime, case, kind, change, now)
        for kind in case.targets
        if (change := untold(case.incident, case.incident.deliveries.get(kind, {}))) is not None
    }
    with session_scope(runtime.engine) as session:
        _keep(session, case, told, now)


def untold(incident: Incident, delivery: Mapping[str, Any]) -> str | None:
    """Return what a target lacks: OPENED, RESOLVED, or None for nothing."""
    if delivery.get("refused") or incident.opened_at is None:
        return None
    is_told = delivery.get("opened_at") is not None
    if incident.resolved_at is None:
        return None if is_told else OPENED
    return RESOLVED if is_told and delivery.get("resolved_at") is None else None


def _read(session: Session, runtime: Runtime, incident_id: UUID) -> _Case | None:
    found = session.exec(
        select(Incident, Role, App, Tenant)
        .join(Role, col(Role.id) == col(Incident.role_id))
        .join(App, col(App.id) == col(Role.app_id))
        .join(Tenant, col(Tenant.id) == col(Incident.tenant_id))
        .where(Incident.id == incident_id)
    ).first()
    if found is None:
        return None
    incident, role, app, tenant = found
    targets = notify_target(session, tenant, app, role, runtime.sealer) or {}
    return _Case(incident, role, app, tenant, {kind: one for kind, one in targets.items() if one})


def _tell(runtime: Runtime, case: _Case, kind: str, change: str, now: datetime) -> dict[str, Any]:
    """Return what to keep of an attempt at one target."""
    before = case.incident.deliveries.get(kind, {})
    message, target = _message(case, change), case.targets[kind]
    log = _log.bind(cause=message.cause, target=kind, change=change)
    try:
        runtime.notifiers.send(kind, target, message, now)
    except NotifierFailed as failure:
        log.warning("notification_failed", error=str(failure))
        return _failed(before, failure, now - message.at)
    log.info("notification_sent")
    kept = {name: value for name, value in before.items() if name not in {"error", "attempts"}}
    return {**kept, f"{change}_at": now.isoformat()}


def _failed(before: Mapping[str, Any], failure: NotifierFailed, late: timedelta) -> dict[str, Any]:
    is_over = not failure.retry or late >= GIVE_UP_AFTER
    attempts = int(before.get("attempts", 0)) + 1
    error = str(failure) + (", given up after a day" if is_over and failure.retry else "")
    return {
        **before,
        "attempts": attempts,
        "error": error,
        **({"refused": True} if is_over else {}),
    }


def _message(case: _Case, change: str) -> IncidentMessage:
    incident = case.incident
    at = incident.resolved_at if change == RESOLVED else incident.opened_at
    return IncidentMessage(
        id=str(incident.id),
        change=change,
        at=at or incident.first_seen_at,
        tenant=case.tenant.id,
        app_id=case.app.heroku_id,
        app=case.app.name,
        role=case.role.name,
        cause=incident.cause,
        title=incident.title,
        text=incident.text,
    )


def _keep(session: Session, case: _Case, told: Mapping[str, Any], now: datetime) -> None:
    """Record what each target took, and when the rest is tried again."""
    kept = session.get(Incident, case.incident.id, with_for_update=True)
    if kept is None:
        return
    kept.deliveries = {**kept.deliveries, **told}
    opened = [one["opened_at"] for one in told.values() if one.get("opened_at")]
    resolved = [one["resolved_at"] for one in told.values() if one.get("resolved_at")]
    if opened and kept.open_notified_at is None:
        kept.open_notified_at = datetime.fromisoformat(min(opened))
    if resolved and kept.resolve_notified_at is None:
        kept.resolve_notified_at = datetime.fromisoformat(min(resolved))
    errors = [str(one["error"]) for one in kept.deliveries.values() if one.get("refused")]
    kept.notify_error = "; ".join(errors) or None
    kept.notify_at = _next(kept, case.targets, now)
    session.add(kept)
    session.flush()
    if case.tenant.state == "deprovisioned" and kept.notify_at is None:
        forget_targets(session, case.tenant)


def _next(incident: Incident, targets: Mapping[str, Any], now: datetime) -> datetime | None:
    """When a target is told again; None: all know all that they will."""
    waiting = [
        int(incident.deliveries.get(kind, {}).get("attempts", 0))
        for kind in targets
        if untold(incident, incident.deliveries.get(kind, {})) is not None
    ]
    return now + doubled_pause(min(waiting)) if waiting else None
