"""What came about since the last tick? Seconds, messages, changes; and the hour's sums of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from guv.clock import unix_seconds
from guv.scaling import Direction
from guv.scaling.policies.response_time import TARGET
from guv.scaling.replay.lateness import finished_in_time
from guv.scaling.web.load import share_within
from worker.tick.result import Outcome, TickResult

LONGEST_GAP_S = 600.0  # what happened in a longer one is not known
INTERVALS = 2.0  # and so many are never too long

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


@dataclass(frozen=True, slots=True)
class Spent:
    """What came about between a role's last tick and this one.

    Attributes:
        seconds: The time between; None: too long to know what happened.
        arrived: Messages published; None: unknown.
        served: Messages finished; None: unknown.
        in_time: Those of them that were finished within the deadline; None: unknown.
        at_maximum: Whether all dynos ran that the settings allow; None: unknown.
    """

    seconds: float | None
    arrived: int | None
    served: int | None
    in_time: float | None
    at_maximum: bool | None


def spent(result: TickResult) -> Spent:
    """What came about since the role's last tick."""
    subject, dynos = result.subject, result.collected.formation.dynos
    is_maximum = None if dynos is None else 0 < dynos >= subject.settings.maximum_dynos
    if subject.settings.signal == "web":
        return _requests(result, is_maximum)
    found = _finished(result)
    return Spent(
        seconds=_seconds(result),
        arrived=_grown(result, "published"),
        served=_grown(result, "served"),
        in_time=found[1] if found else None,
        at_maximum=is_maximum,
    )


def _requests(result: TickResult, is_maximum: bool | None) -> Spent:  # noqa: FBT001 - a value
    """The same of a web role: requests, and those within the response time of its policy."""
    reading, seconds = result.collected.sample.web, _seconds(result)
    requests = None if reading is None or seconds is None else round(reading.rate * seconds)
    target = TARGET.of(result.subject.settings)
    share = None if reading is None else share_within(reading, target)
    is_timed = requests is not None and share is not None
    in_time = (requests or 0) * (share or 0.0) if is_timed else None
    return Spent(seconds, requests, requests, in_time, is_maximum)


def add_usage(session: Session, ticks: Sequence[tuple[TickResult, Spent]]) -> None:
    """Nothing; adds what lies between the roles' last ticks and these to their hours.

    Args:
        session: Its transaction is the caller's.
        ticks: Of different roles, with what came about.
    """
    session.execute(_ADD, [_values(result, found) for result, found in ticks])


def _values(result: TickResult, found: Spent) -> dict[str, Any]:
    subject, decision = result.subject, result.decision
    dynos = result.collected.formation.dynos
    seconds = found.seconds or 0.0
    is_scaled = result.actuated.outcome is Outcome.SCALED
    return {
        "role": subject.role.id,
        "hour": _hour(result.now),
        "size": result.collected.formation.size or "",
        "tenant": subject.tenant.id,
        "app": subject.app.id,
        "seconds": seconds if dynos is not None else 0.0,
        "dyno_seconds": seconds * (dynos or 0),
        "maximum_seconds": seconds if found.at_maximum else 0.0,
        "ups": int(is_scaled and decision.direction is Direction.UP),
        "downs": int(is_scaled and decision.direction is Direction.DOWN),
        "finished": 0 if found.in_time is None else found.served or 0,
        "in_time": found.in_time or 0.0,
    }


def _seconds(result: TickResult) -> float | None:
    history, settings = result.subject.history, result.subject.settings
    gap = unix_seconds(result.now) - history[-1].at if history else 0.0
    return gap if gap <= max(LONGEST_GAP_S, INTERVALS * settings.interval) else None


def _grown(result: TickResult, counter: str) -> int | None:
    """How much the counter grew since the last tick; None: it is unknown or was reset."""
    history = result.subject.history
    before = getattr(history[-1], counter) if history else None
    present = getattr(result.collected.sample, counter)
    if before is None or present is None or present < before:
        return None
    return int(present - before)


def _finished(result: TickResult) -> tuple[int, float] | None:
    samples = (*result.subject.history, result.collected.sample)
    service = result.decision.estimates.service_time or 0.0
    return finished_in_time(samples, result.subject.settings.target_deadline, service)


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)
