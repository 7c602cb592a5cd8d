"""Record of a tick: a sample and a decision, always, with the same instant.

Beside them go the hour's sums, what is known of broker, app and role, and whether the rows are kept
for 13 months or, with all others, for a week: changes are, and the first tick of something unusual.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from random import uniform
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text, update
from sqlmodel import Session, col

from guv.apps.models import App, Broker
from guv.clock import from_unix, unix_seconds
from guv.history.models import DecisionRow, Outcome, SampleRow
from guv.logging import mask
from guv.roles.models import Role
from guv.scaling import Decision, Direction, Reason
from guv.scaling.estimate.arrivals import finished_in_time
from guv.scaling.policies.web import TARGET
from guv.scaling.web.load import share_within
from worker.tick.result import TickResult

FAULT = "fault"
FIRST_PAUSE_S = 4.0  # How long a broker that failed once is left alone.
LONGEST_PAUSE_S = 60.0
LIMIT_BELIEVED = timedelta(hours=1)  # A platform's limit may have been raised meanwhile.
KEPT_EVERY = timedelta(minutes=5)  # How often a tick is kept while the same unusual state lasts.
LONGEST_GAP_S = 600.0  # What happened in a longer one is not known.
INTERVALS = 2.0  # Gaps of so many intervals are never too long.
_AT_BOUND = {Reason.MAXIMUM, Reason.PLATFORM_LIMIT, Reason.SPEND_CAP}
_NOT_DONE = {Outcome.REFUSED, Outcome.FAILED, Outcome.SKIPPED}

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
class Usage:
    """What happened between a role's last tick and this one.

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


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a tick is kept.

    Attributes:
        kept: Whether for 13 months.
        unusual: What is unusual about it, in a word; None: nothing.
    """

    kept: bool
    unusual: str | None


def record(session: Session, results: Sequence[TickResult], authorization_retry_s: float) -> None:
    """Write the ticks' rows, and what they learned about brokers, apps and roles.

    Args:
        session: Its transaction is the caller's.
        results: The ticks, of different roles.
        authorization_retry_s: Seconds until a lost authorization is tried again.
    """
    ticks = [(result, usage_of(result), retention_of(result)) for result in results]
    samples = [{**_sample_values(result), "kept": kept.kept} for result, _, kept in ticks]
    session.execute(insert(SampleRow), samples)
    decisions = [
        {**_decision_values(result), **_values_of(usage), "kept": kept.kept}
        for result, usage, kept in ticks
    ]
    session.execute(insert(DecisionRow), decisions)
    session.execute(_ADD, [_usage_values(result, usage) for result, usage, _ in ticks])
    for result, _, kept in ticks:
        _record_broker(session, result)
        _record_authorization(session, result, timedelta(seconds=authorization_retry_s))
        _record_role(session, result, kept)
        _record_name(session, result)


def record_failure(session: Session, role_id: UUID, now: datetime, error: str) -> None:
    """Write the rows of a tick that a failure of guv's own ended.

    Args:
        session: Its transaction is the caller's.
        role_id: Whose tick it was.
        now: The tick's instant.
        error: What went wrong; it is masked here.
    """
    role = session.get(Role, role_id)
    if role is None:
        return
    kept = is_news(role, FAULT, now)
    if kept:
        role.unusual, role.unusual_kept_at = FAULT, now
        session.add(role)
    session.add(SampleRow(role_id=role_id, at=now, kept=kept))
    session.add(
        DecisionRow(
            tenant_id=role.tenant_id,
            app_id=role.app_id,
            role_id=role_id,
            at=now,
            kept=kept,
            settings_version="",
            is_fault=True,
            direction=Direction.HOLD,
            reason=Reason.NO_DATA,
            outcome=Outcome.FAILED,
            explanation="A fault inside guv ended this tick; nothing was changed.",
            error=mask(error)[:1000],
        )
    )


def pause_after(failures: int) -> timedelta:
    """Return how long a broker is left alone after so many failures in a row, with jitter."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10))
    return timedelta(seconds=longest * uniform(0.75, 1.0))  # noqa: S311 - jitter, no secret


def _values_of(instance: Any) -> dict[str, Any]:
    """Return a dataclass's values by name; `asdict` would copy each, at five times the cost."""
    return {field: getattr(instance, field) for field in instance.__dataclass_fields__}


def _json_safe(value: Any) -> Any:
    """Return the value as JSON can hold it: infinite numbers become None, tuples become lists."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): _json_safe(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(item) for item in value]
    return value


def _sample_values(result: TickResult) -> dict[str, Any]:
    work = result.collected.work
    return {
        **_values_of(work.counts),
        "role_id": result.context.role.id,
        "at": result.now,
        "dynos": result.collected.formation.dynos,
        "web": None if work.web is None else _json_safe(_values_of(work.web)),
        "queues": {name: _values_of(counts) for name, counts in work.queues.items()} or None,
    }


def _decision_values(result: TickResult) -> dict[str, Any]:
    decision, context = result.decision, result.context
    error = _error(result)
    return {
        "tenant_id": context.tenant.id,
        "app_id": context.app.id,
        "role_id": context.role.id,
        "at": result.now,
        "settings_version": context.effective.version,
        "current": decision.current,
        "required": decision.required,
        "desired": decision.desired,
        "direction": decision.direction,
        "reason": decision.reason,
        "outcome": result.actuated.outcome,
        "explanation": decision.explanation,
        "error": None if error is None else mask(error)[:1000],
        "blocked_since": result.actuated.blocked_since,
        "predicted_wait": decision.predicted_wait,
        "misses_at_maximum": decision.misses_at_maximum,
        "dynos_to_meet": decision.dynos_to_meet,
        "next_downscale_at": _instant(decision),
        "estimates": _json_safe(_values_of(decision.estimates)),
        "trail": [_json_safe(_values_of(step)) for step in decision.trail],
        "notices": _notices(result),
    }


def _notices(result: TickResult) -> list[str]:
    change, spend = result.external_change, result.context.spend
    notices = [*result.decision.notices]
    notices += [change.text] if change is not None else []
    warning = spend.warning(result.now) if spend is not None else ""
    return [*notices, warning] if warning else notices


def _error(result: TickResult) -> str | None:
    """Return what went wrong outside: the change's error before those of the readings."""
    if result.actuated.error is not None:
        return result.actuated.error
    collected = result.collected
    troubles = [collected.work.trouble, collected.formation.trouble]
    texts = [
        collected.formation.note,
        *(trouble.text for trouble in troubles if trouble is not None),
    ]
    return " ".join(text for text in texts if text) or None


def _instant(decision: Decision) -> datetime | None:
    at = decision.next_downscale_at
    return from_unix(at) if at is not None and isfinite(at) else None


def _record_broker(session: Session, result: TickResult) -> None:
    """Count the broker's failures in a row; of ticks that failed together only one counts."""
    broker, reading = result.context.broker, result.collected.work
    if broker is None or reading.answered is None or (reading.answered and not broker.failures):
        return
    failures = 0 if reading.answered else broker.failures + 1
    session.execute(
        update(Broker)
        .where(col(Broker.id) == broker.id, col(Broker.failures) == broker.failures)
        .values(
            failures=failures,
            retry_at=result.now + pause_after(failures) if failures else None,
            note=mask(reading.failure),
        )
    )


def _record_authorization(session: Session, result: TickResult, pause: timedelta) -> None:
    app, lost = result.context.app, result.lost_authorization
    answered = result.collected.formation.answered
    if lost is None and (not answered or app.authorization_state == "authorized"):
        return
    session.execute(
        update(App)
        .where(
            col(App.id) == app.id,
            # What an older credential met says nothing of one that was given meanwhile.
            col(App.credential_at).is_not_distinct_from(app.credential_at),
        )
        .values(
            authorization_state="authorized" if lost is None else "needs_authorization",
            authorization_note="" if lost is None else mask(lost),
            authorization_retry_at=None if lost is None else result.now + pause,
        )
    )


def _record_role(session: Session, result: TickResult, kept: Retention) -> None:
    """Record what Heroku allows the role, the dynos that guv left, and what is unusual."""
    role, limit = result.context.role, result.actuated.platform_limit
    values: dict[str, Any] = {}
    if limit is not None:
        values |= {"platform_limit": limit, "platform_limit_until": result.now + LIMIT_BELIEVED}
    left = _dynos_left(result)
    if left != role.dynos_left:
        values["dynos_left"] = left
    if result.external_change is not None:
        values["foreign_changes"] = [change.dump() for change in result.external_changes]
    if kept.unusual != role.unusual:
        values["unusual"] = kept.unusual
    if kept.kept and kept.unusual is not None:
        values["unusual_kept_at"] = result.now
    if values:
        session.execute(update(Role).where(col(Role.id) == role.id).values(**values))


def _dynos_left(result: TickResult) -> int | None:
    """Return the dynos that guv left; None where a change may or may not have been done."""
    actuated, formation = result.actuated, result.collected.formation
    if actuated.outcome is Outcome.FAILED:
        return None
    if actuated.quantity is not None:
        return actuated.quantity
    return formation.dynos if formation.answered else result.context.role.dynos_left


def _record_name(session: Session, result: TickResult) -> None:
    """Record the app's present name, where it was renamed."""
    app, name = result.context.app, result.collected.formation.app_name
    if name is not None and name != app.name:
        session.execute(update(App).where(col(App.id) == app.id).values(name=name))


def retention_of(result: TickResult) -> Retention:
    """Return how long the tick is kept: the first of a trouble, then one in five minutes."""
    unusual, actuated = _unusual(result), result.actuated
    is_change = actuated.outcome is Outcome.SCALED or result.external_change is not None
    return Retention(is_change or is_news(result.context.role, unusual, result.now), unusual)


def is_news(role: Role, unusual: str | None, now: datetime) -> bool:
    """Return whether what is unusual has just begun, or was not kept for a while."""
    if unusual is None:
        return False
    last = role.unusual_kept_at
    return unusual != role.unusual or last is None or now - last >= KEPT_EVERY


def _unusual(result: TickResult) -> str | None:
    decision, outcome = result.decision, result.actuated.outcome
    is_bound = decision.reason in _AT_BOUND and decision.direction is not Direction.DOWN
    if outcome in _NOT_DONE:
        return f"{outcome} {decision.direction}"
    if decision.reason is Reason.NO_DATA:
        return decision.reason
    return "at_maximum" if decision.misses_at_maximum or is_bound else None


def usage_of(result: TickResult) -> Usage:
    """Return what happened since the role's last tick."""
    context, dynos = result.context, result.collected.formation.dynos
    is_maximum = None if dynos is None else 0 < dynos >= context.settings.maximum_dynos
    if context.is_web:
        return _web_usage(result, is_maximum)
    samples = (*context.history, result.collected.sample)
    service = result.decision.estimates.service_time or 0.0
    finished = finished_in_time(samples, context.settings.target_deadline, service)
    return Usage(
        seconds=_seconds(result),
        arrived=_grown(result, "published"),
        served=_grown(result, "served"),
        in_time=finished[1] if finished else None,
        at_maximum=is_maximum,
    )


def _web_usage(result: TickResult, is_maximum: bool | None) -> Usage:  # noqa: FBT001 - a value
    """Return the same of a web role: requests, and those within the time of its policy."""
    reading, seconds = result.collected.sample.web, _seconds(result)
    requests = None if reading is None or seconds is None else round(reading.rate * seconds)
    target = TARGET.of(result.context.settings)
    share = None if reading is None else share_within(reading, target)
    is_timed = requests is not None and share is not None
    in_time = (requests or 0) * (share or 0.0) if is_timed else None
    return Usage(seconds, requests, requests, in_time, is_maximum)


def _usage_values(result: TickResult, usage: Usage) -> dict[str, Any]:
    context, decision = result.context, result.decision
    dynos = result.collected.formation.dynos
    seconds = usage.seconds or 0.0
    is_scaled = result.actuated.outcome is Outcome.SCALED
    return {
        "role": context.role.id,
        "hour": result.now.replace(minute=0, second=0, microsecond=0),
        "size": result.collected.formation.size or "",
        "tenant": context.tenant.id,
        "app": context.app.id,
        "seconds": seconds if dynos is not None else 0.0,
        "dyno_seconds": seconds * (dynos or 0),
        "maximum_seconds": seconds if usage.at_maximum else 0.0,
        "ups": int(is_scaled and decision.direction is Direction.UP),
        "downs": int(is_scaled and decision.direction is Direction.DOWN),
        "finished": 0 if usage.in_time is None else usage.served or 0,
        "in_time": usage.in_time or 0.0,
    }


def _seconds(result: TickResult) -> float | None:
    history, settings = result.context.history, result.context.settings
    gap = unix_seconds(result.now) - history[-1].at if history else 0.0
    return gap if gap <= max(LONGEST_GAP_S, INTERVALS * settings.interval) else None


def _grown(result: TickResult, counter: str) -> int | None:
    """Return how much the counter grew since the last tick; None: unknown, or it was reset."""
    history = result.context.history
    before = getattr(history[-1], counter) if history else None
    present = getattr(result.collected.sample, counter)
    if before is None or present is None or present < before:
        return None
    return int(present - before)
