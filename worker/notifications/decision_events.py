"""Events for a tenant's New Relic: its decisions, and heartbeats of guv."""

from datetime import datetime
from math import isfinite

from guv.apps.models import App
from guv.clock import unix_milliseconds
from guv.history.decisions import NamedDecision
from guv.notifications.newrelic import Event
from guv.roles.models import Role

SCALED, HEARTBEAT = "GuvScaled", "GuvHeartbeat"
LONGEST = 500  # characters of a text; New Relic counts the bytes of a request


def scaled_event(named: NamedDecision) -> Event:
    """Return a decision's event; unknown values have no attribute, since zero would be wrong."""
    row, sample = named.decision, named.sample
    wait = row.predicted_wait
    known: dict[str, str | int | float | None] = {
        "current": row.current,
        "required": row.required,
        "desired": row.desired,
        "dynosToMeet": row.dynos_to_meet,
        "predictedWait": wait if wait is not None and isfinite(wait) else None,
        "arrivalRate": row.estimates.get("arrival_rate"),
        "serviceTime": row.estimates.get("service_time"),
        "messagesReady": sample.messages_ready if sample else None,
        "messagesUnacknowledged": sample.messages_unacknowledged if sample else None,
        "consumers": sample.consumers if sample else None,
        "error": row.error,
    }
    event: dict[str, str | int | float] = {
        "eventType": SCALED,
        "timestamp": unix_milliseconds(row.at),
        "decision": str(row.id),
        "app": named.app,
        "role": named.role,
        "direction": row.direction,
        "reason": row.reason,
        "outcome": row.outcome,
        "explanation": row.explanation,
        "missesAtMaximum": int(row.misses_at_maximum),
        **{name: value for name, value in known.items() if value is not None},
    }
    return {k: v[:LONGEST] if isinstance(v, str) else v for k, v in event.items()}


def heartbeat_event(
    app: App, role: Role, last_tick: datetime, interval: float, now: datetime
) -> Event:
    """Return the heartbeat of a role, with how late its ticks are.

    Args:
        app: The role's app.
        role: The role.
        last_tick: When it ticked last.
        interval: Seconds between its ticks.
        now: The present.
    """
    silent = (now - last_tick).total_seconds()
    return {
        "eventType": HEARTBEAT,
        "timestamp": unix_milliseconds(now),
        "app": app.name,
        "appId": str(app.heroku_id),
        "role": role.name,
        "secondsSinceTick": round(silent, 1),
        "secondsLate": round(max(0.0, silent - interval), 1),
    }
