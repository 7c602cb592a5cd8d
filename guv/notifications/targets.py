"""Notification targets of all levels of a tenant, and test alerts to them."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from guv.apps.queries import list_apps
from guv.clock import unix_seconds
from guv.crypto import Sealer
from guv.errors import FieldError, Invalid, NotifierFailed
from guv.incidents.queries import notify_again
from guv.notifications.incident_messages import OPENED, RESOLVED, IncidentMessage
from guv.notifications.senders import Notifiers, build_notifiers
from guv.roles.queries import list_all_roles
from guv.settings import queries as settings
from guv.settings.levels import Access, Subject
from guv.settings.models import SettingsLevel
from guv.settings.notify_target import shown_target
from guv.settings.queries import stored_levels
from guv.ssrf import Fence

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


@dataclass(frozen=True, slots=True)
class SilenceAlarm:
    """An alert condition at New Relic for missing heartbeats.

    Attributes:
        nrql: Its query; loss of signal opens an incident.
        signal_lost_after: Seconds without a heartbeat before New Relic alerts.
        nerdgraph: The condition as a NerdGraph mutation, with POLICY_ID to replace.
    """

    nrql: str
    signal_lost_after: int
    nerdgraph: str


@dataclass(frozen=True, slots=True)
class LevelTarget:
    """The notification targets of one level of settings.

    Attributes:
        level: global, app or role.
        app: The app's name; None at the global level.
        role: The role's name; None at a wider level.
        notify: The targets, their secrets masked.
        events_until: Decisions up to this time were sent as events; None: events are off.
        failures: Failed attempts in a row to send events.
        error: Why the last attempt failed.
        silence_alarm: How New Relic can alert when guv is silent; None: heartbeats are off.
    """

    level: str
    app: str | None
    role: str | None
    notify: Mapping[str, Any]
    events_until: datetime | None
    failures: int
    error: str | None
    silence_alarm: SilenceAlarm | None


def list_targets(access: Access) -> list[LevelTarget]:
    """List the levels that have targets, widest first."""
    session, tenant = access.session, access.tenant
    stored = stored_levels(session, tenant)
    names: dict[UUID, tuple[str | None, str | None]] = {tenant.id: (None, None)}
    of_app = list_all_roles(session, tenant)
    for app in list_apps(session, tenant):
        names[app.id] = (app.name, None)
        names.update({role.id: (app.name, role.name) for role in of_app.get(app.id, [])})
    rows = [(stored[owner], names[owner]) for owner in names if owner in stored]
    rows.sort(key=lambda row: ("global", "app", "role").index(row[0].level))
    return [_target(row, *named, access.sealer) for row, named in rows if row.notify_sealed]


def _target(row: SettingsLevel, app: str | None, role: str | None, sealer: Sealer) -> LevelTarget:
    notify = shown_target(row.notify_sealed, sealer) or {}
    new_relic = notify.get("new_relic", {})
    beats = bool(new_relic.get("heartbeat"))
    return LevelTarget(
        level=row.level,
        app=app,
        role=role,
        notify=notify,
        events_until=row.feed_until if new_relic.get("events", "none") != "none" else None,
        failures=row.feed_failures,
        error=row.feed_error,
        silence_alarm=_silence_alarm(new_relic["account_id"]) if beats else None,
    )


def _silence_alarm(account_id: int) -> SilenceAlarm:
    mutation = _NERDGRAPH.format(account=account_id, nrql=_NRQL, seconds=LONGEST_SILENCE_S)
    return SilenceAlarm(_NRQL, LONGEST_SILENCE_S, mutation)


def send_test_alert(
    access: Access, subject: Subject, new_relic_url: str | None, fence: Fence
) -> list[str]:
    """Send a test alert, opened and resolved at once, to the targets of a level.

    If all targets accept it, alerts that they refused before are sent again.

    Args:
        access: Who asks for it, in which transaction.
        subject: The level.
        new_relic_url: Replaces the hosts of New Relic's regions; None: does not.
        fence: Where webhooks may lead.

    Returns:
        Why targets refused it; [] if all accepted it.

    Raises:
        Invalid: The level has no targets.
    """
    session, tenant, now = access.session, access.tenant, access.edit.at
    targets = settings.narrowest_target(session, tenant, subject.ids[::-1], access.sealer)
    if not targets:
        whose = f"this {subject.level}" if subject.app else "your apps"
        fault = FieldError("notify", f"is not set for {whose}; set new_relic or webhook first")
        raise Invalid(f"No alerts are sent for {whose}.", [fault])
    messages = [_test_message(subject, change, now) for change in (OPENED, RESOLVED)]
    session.rollback()  # hold no connection while the targets are called
    with closing(build_notifiers(new_relic_url, fence)) as notifiers:
        faults = [
            fault for message in messages for fault in _send(notifiers, targets, message, now)
        ]
    if not faults:
        notify_again(session, tenant, now)
    return list(dict.fromkeys(faults))


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


def _send(
    notifiers: Notifiers, targets: Mapping[str, Any], message: IncidentMessage, now: datetime
) -> list[str]:
    """Return why targets refused the message; [] if all accepted it."""
    faults = []
    for kind in targets:
        try:
            notifiers.send(kind, targets[kind], message, now)
        except NotifierFailed as failure:
            faults.append(str(failure))
    return faults
