"""What did a tick add to the hour? Seconds, dyno-seconds, changes, and messages in time."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from guv.moment import unix_seconds
from guv.scaling import Direction
from guv.scaling.lateness import finished_in_time
from worker.result import Outcome, TickResult

LONGEST_GAP_S = 600.0  # what happened in a longer one is not known
_SHORTEST_SERVICE_S = 0.0

_ADD = text("""
    insert into usage_hour as present (
        role_id, hour, dyno_size, tenant_id, app_id, ticks, seconds, dyno_seconds,
        maximum_seconds, ups, downs, finished, in_time
    ) values (
        :role, :hour, :size, :tenant, :app, 1, :seconds, :dyno_seconds,
        :maximum_seconds, :ups, :downs, :finished, :in_time
    )
    on conflict (role_id, hour, dyno_size) do update set
        ticks = present.ticks + 1,
        seconds = present.seconds + excluded.seconds,
        dyno_seconds = present.dyno_seconds + excluded.dyno_seconds,
        maximum_seconds = present.maximum_seconds + excluded.maximum_seconds,
        ups = present.ups + excluded.ups,
        downs = present.downs + excluded.downs,
        finished = present.finished + excluded.finished,
        in_time = present.in_time + excluded.in_time
""")


def add_usage(session: Session, result: TickResult) -> None:
    """Nothing; adds what lies between the role's last tick and this one to its hour.

    Args:
        session: Its transaction is the caller's.
        result: The tick.
    """
    subject, decision = result.subject, result.decision
    seconds = _seconds(result)
    dynos = result.collected.formation.dynos
    is_scaled = result.actuated.outcome is Outcome.SCALED
    values: dict[str, Any] = {
        "role": subject.role.id,
        "hour": _hour(result.now),
        "size": getattr(result.collected.formation, "size", None) or "",
        "tenant": subject.tenant.id,
        "app": subject.app.id,
        "seconds": seconds if dynos is not None else 0.0,
        "dyno_seconds": seconds * (dynos or 0),
        "maximum_seconds": seconds if dynos and dynos >= subject.settings.maximum_dynos else 0.0,
        "ups": int(is_scaled and decision.direction is Direction.UP),
        "downs": int(is_scaled and decision.direction is Direction.DOWN),
        **_finished(result),
    }
    session.execute(_ADD, values)


def _seconds(result: TickResult) -> float:
    history = result.subject.history
    gap = unix_seconds(result.now) - history[-1].at if history else 0.0
    return gap if gap <= LONGEST_GAP_S else 0.0


def _finished(result: TickResult) -> dict[str, Any]:
    samples = (*result.subject.history, result.collected.sample)
    service = result.decision.estimates.service_time or _SHORTEST_SERVICE_S
    found = finished_in_time(samples, result.subject.settings.target_deadline, service)
    finished, in_time = found or (0, 0.0)
    return {"finished": finished, "in_time": in_time}


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)
