"""What do we keep of a tick? A sample and a decision, always, with the same instant."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import isfinite
from random import uniform
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlmodel import Session, col

from guv.apps.models import App, Broker
from guv.clock import from_unix
from guv.history.models import DecisionRow, SampleRow
from guv.logging import mask
from guv.roles.models import Role
from guv.scaling import Decision, Direction, Reason
from worker.tick.result import Outcome, TickResult
from worker.tick.retention_class import Keeping, is_news, keeping
from worker.tick.usage import add_usage, spent

FAULT = "fault"
FIRST_PAUSE_S = 4.0  # a broker that failed once is left alone for so long
LONGEST_PAUSE_S = 60.0
LIMIT_BELIEVED = timedelta(hours=1)  # a platform's limit may have been raised meanwhile


def record(session: Session, results: Sequence[TickResult], authorization_retry_s: float) -> None:
    """Nothing; writes the ticks' rows, and what they learned about brokers, apps and roles.

    Args:
        session: Its transaction is the caller's.
        results: The ticks, of different roles.
        authorization_retry_s: Seconds until a lost authorization is tried again.
    """
    found = [(result, spent(result), keeping(result)) for result in results]
    samples = [{**_sample_values(result), "kept": kept.kept} for result, _, kept in found]
    session.execute(insert(SampleRow), samples)
    decisions = [
        {**_decision_values(result), **values_of(came), "kept": kept.kept}
        for result, came, kept in found
    ]
    session.execute(insert(DecisionRow), decisions)
    add_usage(session, [(result, came) for result, came, _ in found])
    for result, _, kept in found:
        _record_broker(session, result)
        _record_authorization(session, result, timedelta(seconds=authorization_retry_s))
        _record_role(session, result, kept)
        _record_name(session, result)


def record_failure(session: Session, role_id: UUID, now: datetime, error: str) -> None:
    """Nothing; writes the rows of a tick that a fault of ours ended.

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
            direction=Direction.HOLD,
            reason=Reason.NO_DATA,
            outcome=Outcome.FAILED,
            explanation="A fault inside guv ended this tick; nothing was changed.",
            error=mask(error)[:1000],
        )
    )


def pause_after(failures: int) -> timedelta:
    """How long a broker is left alone after so many failures in a row; jittered, growing."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10))
    return timedelta(seconds=longest * uniform(0.75, 1.0))  # noqa: S311 - jitter, no secret


def values_of(one: Any) -> dict[str, Any]:
    """The values of a dataclass by name; `asdict` would copy each, at five times the cost."""
    return {field: getattr(one, field) for field in one.__dataclass_fields__}


def json_safe(value: Any) -> Any:
    """The same as JSON can hold it: what is not finite becomes None, tuples become lists."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): json_safe(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(one) for one in value]
    return value


def _sample_values(result: TickResult) -> dict[str, Any]:
    queues = result.collected.queues
    return {
        **values_of(queues.counts),
        "role_id": result.subject.role.id,
        "at": result.now,
        "dynos": result.collected.formation.dynos,
        "web": None if queues.web is None else json_safe(values_of(queues.web)),
        "queues": {name: values_of(counts) for name, counts in queues.queues.items()} or None,
    }


def _decision_values(result: TickResult) -> dict[str, Any]:
    decision, subject = result.decision, result.subject
    error = _error(result)
    return {
        "tenant_id": subject.tenant.id,
        "app_id": subject.app.id,
        "role_id": subject.role.id,
        "at": result.now,
        "settings_version": subject.effective.version,
        "current": decision.current,
        "required": decision.required,
        "desired": decision.desired,
        "direction": decision.direction,
        "reason": decision.reason,
        "outcome": result.actuated.outcome,
        "explanation": decision.explanation,
        "error": None if error is None else mask(error)[:1000],
        "predicted_wait": decision.predicted_wait,
        "misses_at_maximum": decision.misses_at_maximum,
        "dynos_to_meet": decision.dynos_to_meet,
        "next_downscale_at": _instant(decision),
        "estimates": json_safe(values_of(decision.estimates)),
        "trail": [json_safe(values_of(step)) for step in decision.trail],
        "notices": _notices(result),
    }


def _notices(result: TickResult) -> list[str]:
    foreign, spend = result.collected.foreign, result.subject.spend
    found = [*result.decision.notices]
    found += [foreign.text] if foreign is not None else []
    warning = spend.warning(result.now) if spend is not None else ""
    return [*found, warning] if warning else found


def _error(result: TickResult) -> str | None:
    """What went wrong outside, in words; the actuator's before the collectors'."""
    if result.actuated.error is not None:
        return result.actuated.error
    collected = result.collected
    troubles = [collected.queues.trouble, collected.formation.trouble]
    texts = [collected.formation.note, *(one.text for one in troubles if one is not None)]
    return " ".join(text for text in texts if text) or None


def _instant(decision: Decision) -> datetime | None:
    at = decision.next_downscale_at
    return from_unix(at) if at is not None and isfinite(at) else None


def _record_broker(session: Session, result: TickResult) -> None:
    """The broker's failures in a row; of many ticks that failed together only one counts."""
    broker, reading = result.subject.broker, result.collected.queues
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
    app, lost = result.subject.app, result.lost_authorization
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


def _record_role(session: Session, result: TickResult, kept: Keeping) -> None:
    """What Heroku allows the role, what this tick left behind, and what is unusual."""
    role, limit = result.subject.role, result.actuated.platform_limit
    values: dict[str, Any] = {}
    if limit is not None:
        values |= {"platform_limit": limit, "platform_limit_until": result.now + LIMIT_BELIEVED}
    left = _left(result)
    if left != role.dynos_left:
        values["dynos_left"] = left
    if result.collected.foreign is not None:
        values["foreign_changes"] = [one.dumped() for one in result.foreign_changes]
    if kept.unusual != role.unusual:
        values["unusual"] = kept.unusual
    if kept.kept and kept.unusual is not None:
        values["unusual_kept_at"] = result.now
    if values:
        session.execute(update(Role).where(col(Role.id) == role.id).values(**values))


def _left(result: TickResult) -> int | None:
    """How many dynos guv knows to have left; None where a change may or may not have been done."""
    actuated, formation = result.actuated, result.collected.formation
    if actuated.outcome is Outcome.FAILED:
        return None
    if actuated.quantity is not None:
        return actuated.quantity
    return formation.dynos if formation.answered else result.subject.role.dynos_left


def _record_name(session: Session, result: TickResult) -> None:
    """The app's present name, where it was renamed."""
    app, name = result.subject.app, result.collected.formation.app_name
    if name is not None and name != app.name:
        session.execute(update(App).where(col(App.id) == app.id).values(name=name))
