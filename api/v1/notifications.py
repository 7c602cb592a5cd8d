"""Notification targets: where they are set, how they fare, and test pages."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.container import Parts
from api.dependencies import AccessDep, PartsDep
from api.errors import error_answers
from api.paths import AppName, RoleName
from api.v1.brokers import Trial
from guv.apps.queries import find_app, list_apps
from guv.clock import unix_seconds
from guv.crypto import Sealer
from guv.errors import FieldError, Invalid, NotifierFailed
from guv.incidents.queries import notify_again
from guv.notifications.incident_messages import OPENED, RESOLVED, IncidentMessage
from guv.notifications.senders import build_notifiers
from guv.roles import queries as roles
from guv.roles.queries import list_all_roles
from guv.settings import queries as settings
from guv.settings.levels import Access, Subject
from guv.settings.models import SettingsLevel
from guv.settings.notify_target import shown_target
from guv.settings.queries import stored_levels

router = APIRouter()
LONGEST_SILENCE_S = 300  # without a heartbeat before New Relic alerts: five heartbeats

_NRQL = "SELECT max(secondsLate) FROM GuvHeartbeat"  # without facets: a removed role is not silence
_NERDGRAPH = """mutation {{
  alertsNrqlConditionStaticCreate(accountId: {account}, policyId: "POLICY_ID", condition: {{
    name: "guv is silent",
    enabled: true,
    nrql: {{query: "{nrql}"}},
    signal: {{aggregationWindow: 60, aggregationMethod: EVENT_TIMER, aggregationTimer: 60}},
    terms: [{{threshold: {seconds}, thresholdDuration: 60, thresholdOccurrences: AT_LEAST_ONCE,
      operator: ABOVE, priority: CRITICAL}}],
    expiration: {{expirationDuration: {seconds}, openViolationOnExpiration: true,
      closeViolationsOnExpiration: false}},
    valueFunction: SINGLE_VALUE,
    violationTimeLimitSeconds: 86400
  }}) {{ id }}
}}"""


class Recipe(BaseModel):
    """An alert condition at New Relic for missing heartbeats."""

    nrql: str = Field(description="Query of the condition; loss of signal opens an incident")
    signal_lost_after: int = Field(
        description="Seconds without a heartbeat before New Relic alerts"
    )
    nerdgraph: str = Field(
        description="The condition as a NerdGraph mutation; replace POLICY_ID with your policy's id"
    )


def silence_recipe(account_id: int) -> Recipe:
    """Make the condition for all roles whose heartbeats go to an account."""
    mutation = _NERDGRAPH.format(account=account_id, nrql=_NRQL, seconds=LONGEST_SILENCE_S)
    return Recipe(nrql=_NRQL, signal_lost_after=LONGEST_SILENCE_S, nerdgraph=mutation)


@router.post("/test-page", tags=["actions"])
def send_global_test_page(parts: PartsDep, access: AccessDep) -> Trial:
    """Send a test alert, opened and resolved at once, to each target of the global level.

    If all targets accept it, alerts that they refused before are sent again.
    """
    return try_targets(parts, access, Subject(access.tenant))


@router.post("/apps/{app}/test-page", tags=["actions"], responses=error_answers(404))
def send_app_test_page(parts: PartsDep, access: AccessDep, app: AppName) -> Trial:
    """Send a test alert, opened and resolved at once, to each target of an app.

    If all targets accept it, alerts that they refused before are sent again.
    """
    found = find_app(access.session, access.tenant, app)
    return try_targets(parts, access, Subject(access.tenant, found))


@router.post("/apps/{app}/roles/{role}/test-page", tags=["actions"], responses=error_answers(404))
def send_test_page(parts: PartsDep, access: AccessDep, app: AppName, role: RoleName) -> Trial:
    """Send a test alert, opened and resolved at once, to each target of a role.

    If all targets accept it, alerts that they refused before are sent again.
    """
    found = find_app(access.session, access.tenant, app)
    named = roles.find_role(access.session, access.tenant, found, role)
    return try_targets(parts, access, Subject(access.tenant, found, named))


def try_targets(parts: Parts, access: Access, subject: Subject) -> Trial:
    """Send a test alert to the targets of a level.

    Raises:
        Invalid: The level has none.
    """
    session, tenant, now = access.session, access.tenant, access.edit.at
    targets = settings.narrowest_target(session, tenant, subject.ids[::-1], access.sealer)
    if not targets:
        whose = f"this {subject.level}" if subject.app else "your apps"
        fault = FieldError("notify", f"is not set for {whose}; set new_relic or webhook first")
        raise Invalid(f"No alerts are sent for {whose}.", [fault])
    messages = [_test_message(subject, change, now) for change in (OPENED, RESOLVED)]
    session.rollback()  # hold no connection while the targets are called
    faults = [fault for message in messages for fault in _try_all(parts, targets, message, now)]
    if not faults:
        notify_again(session, tenant, now)
    return Trial(ok=not faults, messages=list(dict.fromkeys(faults)))


def _test_message(subject: Subject, change: str, now: datetime) -> IncidentMessage:
    """Make the test alert; a level above a role speaks for "every role"."""
    app, role = subject.app, subject.role
    app_name, role_name = app.name if app else "every app", role.name if role else "every role"
    return IncidentMessage(
        id=f"test-{subject.id}-{int(unix_seconds(now))}",
        change=change,
        at=now,
        tenant=subject.tenant.id,
        app_id=app.heroku_id if app else subject.tenant.id,
        app=app_name,
        role=role_name,
        cause="test",
        title=f"Test alert of guv for {'role ' if role else ''}{role_name} of {app_name}",
        text="This is a test, requested in guv. Nothing is wrong.",
    )


def _try_all(
    parts: Parts, targets: Mapping[str, Any], message: IncidentMessage, now: datetime
) -> list[str]:
    """Return why targets refused the message; [] if all accepted it."""
    faults = []
    with closing(build_notifiers(parts.config.new_relic_events_url, parts.config.fence)) as clients:
        for kind in targets:
            try:
                clients.send(kind, targets[kind], message, now)
            except NotifierFailed as failure:
                faults.append(str(failure))
    return faults


class Target(BaseModel):
    """The notification targets of one level of settings."""

    level: str = Field(description="global, app or role", examples=["app"])
    app: str | None = Field(description="The app's name; null at the global level")
    role: str | None = Field(description="The role's name; null at a wider level")
    notify: dict[str, Any] = Field(description="The targets, their secrets masked")
    events_until: datetime | None = Field(
        description="Decisions up to this time were sent as events; null: events are off"
    )
    failures: int = Field(description="Failed attempts in a row to send events")
    error: str | None = Field(description="Why the last attempt failed")
    silence_alarm: Recipe | None = Field(
        description="How New Relic can alert when guv is silent; null: heartbeats are off"
    )


class TargetList(BaseModel):
    """All levels with notification targets, the widest first."""

    targets: list[Target] = Field(description="One entry for each level with targets")


@router.get("/notifications", tags=["settings"])
def read_targets(access: AccessDep) -> TargetList:
    """List where alerts, events and heartbeats are sent, and whether they are accepted."""
    session, tenant = access.session, access.tenant
    stored = stored_levels(session, tenant)
    names: dict[UUID, tuple[str | None, str | None]] = {tenant.id: (None, None)}
    of_app = list_all_roles(session, tenant)
    for app in list_apps(session, tenant):
        names[app.id] = (app.name, None)
        names.update({role.id: (app.name, role.name) for role in of_app.get(app.id, [])})
    rows = [(stored[one], names[one]) for one in names if one in stored]
    rows.sort(key=lambda one: ("global", "app", "role").index(one[0].level))
    shown = [_target(row, *named, access.sealer) for row, named in rows if row.notify_sealed]
    return TargetList(targets=shown)


def _target(row: SettingsLevel, app: str | None, role: str | None, sealer: Sealer) -> Target:
    notify = shown_target(row.notify_sealed, sealer) or {}
    new_relic = notify.get("new_relic", {})
    beats = bool(new_relic.get("heartbeat"))
    return Target(
        level=row.level,
        app=app,
        role=role,
        notify=notify,
        events_until=row.feed_until if new_relic.get("events", "none") != "none" else None,
        failures=row.feed_failures,
        error=row.feed_error,
        silence_alarm=silence_recipe(new_relic["account_id"]) if beats else None,
    )
