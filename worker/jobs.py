"""Which jobs can be enqueued? RQ calls them by dotted name: a wire format, never moved or renamed.

One job carries the ticks of one or more roles; each tick is its own success or failure.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache, partial
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from guv import agent, due
from guv.config import read_config
from guv.database import session_scope
from guv.logs import mask
from guv.moment import steady_seconds, utc_now
from worker.chores import CHORES
from worker.drains import read_drain
from worker.notifiers import feed
from worker.notifiers.delivery import deliver
from worker.provisioning import finish
from worker.recorder import record_failure
from worker.replays import run_replay
from worker.result import TickResult
from worker.runtime import Runtime, build_runtime
from worker.tick import tick

_log = structlog.get_logger(__name__)


def scale_roles(role_ids: list[str]) -> int:
    """How many of the roles were due and not taken by somebody else, and got their tick now."""
    return tick_roles(process_runtime(), [UUID(role_id) for role_id in role_ids])


def finish_provisioning(tenant_id: str) -> bool:
    """Whether nothing is left to do of that tenant's provisioning."""
    return finish(process_runtime(), UUID(tenant_id), utc_now())


def deliver_notifications(incident_ids: list[str]) -> int:
    """How many incidents were told to those of their targets that do not know of them yet."""
    runtime, now = process_runtime(), utc_now()
    return tell(runtime, [UUID(one) for one in incident_ids], now)


def read_drains(drain_ids: list[str]) -> int:
    """How many log lines of those drains were read."""
    runtime, now = process_runtime(), utc_now()
    waiting = runtime.drain_queue
    if waiting is None:
        return 0
    return sum(read_drain(runtime.engine, waiting, UUID(one), now) for one in drain_ids)


def tell(runtime: Runtime, incidents: Sequence[UUID], now: datetime) -> int:
    """How many incidents were told to those of their targets that do not know of them yet."""
    return len(list(runtime.threads.map(lambda one: deliver(runtime, one, now), incidents)))


def do_chore(name: str) -> None:
    """Nothing; what guv does for itself is done."""
    CHORES[name].work(process_runtime().engine, utc_now())


def send_feed(subject_id: str) -> None:
    """Nothing; the New Relic account of that level of settings got its minute's events."""
    feed.send_feed(process_runtime(), UUID(subject_id), utc_now())


def replay_role(replay_id: str) -> bool:
    """Whether the replay waited, and is finished now."""
    return run_replay(process_runtime(), UUID(replay_id))


@cache
def process_runtime() -> Runtime:
    """This process's runtime, built at its first job from the environment."""
    return build_runtime(read_config())


def tick_roles(runtime: Runtime, roles: Sequence[UUID]) -> int:
    """How many of the roles could be claimed and got their tick; several run at the same time."""
    return len(tick_claimed(runtime, roles))


def tick_claimed(runtime: Runtime, roles: Sequence[UUID]) -> dict[UUID, TickResult | None]:
    """What came of the tick of each role that could be claimed; None: a fault, or it is gone."""
    with runtime.engine.begin() as connection:
        claimed = due.claim(connection, roles, utc_now())
    if len(claimed) == 1:
        return {claimed[0]: _tick(runtime, claimed[0])}
    return dict(zip(claimed, runtime.threads.map(partial(_tick, runtime), claimed), strict=True))


def _tick(runtime: Runtime, role_id: UUID) -> TickResult | None:
    """What came of one role's tick, whose fault is its own row and nobody else's problem."""
    now, start = utc_now(), steady_seconds()
    with bound_contextvars(role_id=str(role_id)):
        try:
            result = tick(runtime, role_id, now)
        except Exception as fault:  # noqa: BLE001 - the one broad catch, see the architecture
            _record_fault(runtime, role_id, now, fault)
            return None
        if result is not None:
            _log_tick(result, steady_seconds() - start)
            _measure_tick(result, steady_seconds() - start)
        return result


def _record_fault(runtime: Runtime, role_id: UUID, now: datetime, fault: Exception) -> None:
    text = mask(f"{type(fault).__name__}: {fault}")
    _log.error("tick_failed", error=text, exc_info=fault)
    agent.notice(fault)
    agent.measure("Tick/failed_inside")
    with suppress(SQLAlchemyError), session_scope(runtime.engine) as session:
        record_failure(session, role_id, now, text)


def _log_tick(result: TickResult, seconds: float) -> None:
    """Nothing; the one line of a tick."""
    subject, decision, actuated = result.subject, result.decision, result.actuated
    _log.info(
        "tick_done",
        tenant=str(subject.tenant.id),
        app=subject.app.name,
        role=subject.role.name,
        outcome=actuated.outcome,
        reason=decision.reason,
        current=decision.current,
        desired=decision.desired,
        backlog=decision.estimates.backlog,
        error=actuated.error,
        milliseconds=round(1000 * seconds, 1),
    )


def _measure_tick(result: TickResult, seconds: float) -> None:
    """Nothing; the operator sees ticks by their outcome, and what troubles roles."""
    agent.measure(f"Tick/{result.actuated.outcome}", seconds)
    for trouble in result.troubles:
        agent.measure(f"Trouble/{trouble.cause}")
