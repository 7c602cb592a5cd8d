"""How does a tick end? With a line in the log, and by a fault of ours with its row all the same."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from guv import agent
from guv.database import session_scope
from guv.logging import mask
from worker.process.runtime import Runtime
from worker.tick.record import record_failure
from worker.tick.result import TickResult

Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


def attempt(work: Callable[[], Result]) -> Result | Exception:
    """What the work comes to, or the fault that ended it."""
    try:
        return work()
    except Exception as fault:  # noqa: BLE001 - the one broad catch, see the architecture
        return fault


def record_fault(runtime: Runtime, role_id: UUID, now: datetime, fault: Exception) -> None:
    """Nothing; the fault is the role's own row and nobody else's problem."""
    text = mask(f"{type(fault).__name__}: {fault}")
    _log.error("tick_failed", error=text, exc_info=fault)
    agent.notice(fault)
    agent.measure("Tick/failed_inside")
    with suppress(SQLAlchemyError), session_scope(runtime.engine) as session:
        record_failure(session, role_id, now, text)


def tell_tick(result: TickResult, seconds: float) -> None:
    """Nothing; the tick has its line in the log, and the operator's figures have it, too."""
    _log_tick(result, seconds)
    agent.measure(f"Tick/{result.actuated.outcome}", seconds)
    for trouble in result.troubles:
        agent.measure(f"Trouble/{trouble.cause}")


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
