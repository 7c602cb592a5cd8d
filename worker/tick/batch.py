"""Ticks of many roles in one job: apps tick on threads, and are recorded together as they end.

Rows are written while slower brokers are still waited for, the ticks of a moment in one
transaction; should that fail, each is recorded alone, so that one role's failure is its own.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from guv import agent
from guv.clock import utc_now
from guv.database import session_scope
from guv.logging import mask
from guv.roles import tick_schedule
from worker.process.runtime import Runtime
from worker.tick.context import TickContext, read_contexts
from worker.tick.failures import Failures, contain
from worker.tick.heroku_access import access_of
from worker.tick.incidents import update_incidents
from worker.tick.record import record, record_failure
from worker.tick.result import FinishedTick, TickResult
from worker.tick.tick import tick_app

MOST_ROLES = 200  # Roles whose contexts are read with one query.
GATHER_S = 0.1  # Ticks that end within this time are recorded together.

_BLOCKED_SINCE = text("""
    select blocked_since from decision where role_id = :role order by at desc limit 1
""")
_log = structlog.get_logger(__name__)

Results = dict[UUID, TickResult | None]


def tick_roles(
    runtime: Runtime, roles: Sequence[UUID], clock: Callable[[], datetime] = utc_now
) -> Results:
    """Tick the roles and return each one's result.

    The result is None where a failure of guv's own ended the tick, or where the role was removed
    or its tenant suspended meanwhile.

    Args:
        runtime: The process's.
        roles: Claimed by the caller.
        clock: Tells the instant of each app's tick.

    Raises:
        SQLAlchemyError: The database is away, which is no role's failure.
    """
    results: Results = dict.fromkeys(roles)
    for start in range(0, len(roles), MOST_ROLES):
        results |= Batch(runtime, clock).run(roles[start : start + MOST_ROLES])
    return results


class Batch:
    """Ticks that run at the same time, and the ledger in the database that they share.

    Args:
        runtime: The process's.
        clock: Tells the instant of each app's tick.
    """

    def __init__(self, runtime: Runtime, clock: Callable[[], datetime]) -> None:
        self._runtime = runtime
        self._clock = clock
        self._finished: SimpleQueue[Sequence[FinishedTick] | SQLAlchemyError] = SimpleQueue()

    def run(self, roles: Sequence[UUID]) -> Results:
        """Tick the roles and record their ticks."""
        failures: Failures = {}
        contexts = read_contexts(self._runtime, roles, self._clock(), failures)
        results = self._write([self._failed(role, why) for role, why in failures.items()])
        apps = _by_app(contexts)
        if len(apps) == 1:  # Another thread would only be one more hop.
            self._tick(apps[0])
        else:
            for app in apps:
                self._runtime.threads.submit(self._tick, app)
        outages: list[SQLAlchemyError] = []
        ended = 0
        while ended < len(apps):
            gathered = self._gather(most=len(apps) - ended)
            ended += len(gathered)
            outages += [app for app in gathered if isinstance(app, SQLAlchemyError)]
            ticks = [
                tick for app in gathered if not isinstance(app, SQLAlchemyError) for tick in app
            ]
            try:
                results |= self._write(ticks)
            except SQLAlchemyError as outage:  # The other apps still end, and may be recorded.
                outages.append(outage)
        if outages:
            raise outages[0]
        return results

    def obstacles(self, contexts: Sequence[TickContext]) -> Mapping[UUID, str]:
        """Return why roles must not be changed any more: removed, or a newer tick has begun.

        A tick that waited long for a broker or for Heroku may end after the next one has begun;
        its older decision must not undo the newer one.
        """
        with self._runtime.reader.connect() as connection:
            due = tick_schedule.read_due(connection, [one.role.id for one in contexts])
        reasons = {}
        for context in contexts:
            due_at = due.get(context.role.id)
            if due_at is None:
                reasons[context.role.id] = "the role was removed meanwhile"
            elif context.due_at is not None and due_at > context.due_at:
                reasons[context.role.id] = "a newer tick of the role has begun meanwhile"
        return reasons

    def blocked_since(self, context: TickContext) -> datetime | None:
        """Return since when a release has prevented the role's change, as the last tick says."""
        with self._runtime.reader.connect() as connection:
            rows = connection.execute(_BLOCKED_SINCE, {"role": context.role.id})
            since: datetime | None = rows.scalar_one_or_none()
        return since

    def record(self, ticks: Sequence[FinishedTick]) -> None:
        """Hand the ticks of one app to the thread that records them."""
        self._finished.put(ticks)

    def _tick(self, contexts: Sequence[TickContext]) -> None:
        """Tick one app's roles; what ends all of them at once is the failure of each."""
        failures: Failures = {}
        now, app = self._clock(), contexts[0].app
        try:
            with contain(failures, *(context.role.id for context in contexts)):
                tick_app(self._runtime, access_of(self._runtime, app, now), self, contexts, now)
        except SQLAlchemyError as outage:
            self._finished.put(outage)
        if failures:
            self._finished.put([self._failed(role, why) for role, why in failures.items()])

    def _failed(self, role: UUID, failure: Exception) -> FinishedTick:
        return FinishedTick(role, self._clock(), 0.0, failure)

    def _gather(self, most: int) -> list[Sequence[FinishedTick] | SQLAlchemyError]:
        """Wait for the next apps whose ticks end within a moment."""
        gathered = [self._finished.get()]
        if most > 1:
            time.sleep(GATHER_S)
        with suppress(Empty):
            while True:
                gathered.append(self._finished.get_nowait())
        return gathered

    def _write(self, ticks: Sequence[FinishedTick]) -> Results:
        """Record the ticks together, or each alone where that fails."""
        results = [tick.result for tick in ticks if isinstance(tick.result, TickResult)]
        # In one order everywhere, since they may lock rows of their apps.
        results.sort(key=lambda result: (result.context.app.id, result.context.role.id))
        failures: Failures = {}
        if results:
            with contain(failures, *(result.context.role.id for result in results)):
                self._record(results)
        if failures:
            failures = {}
            for result in results:
                with contain(failures, result.context.role.id):
                    self._record([result])
        return {
            tick.role: self._report(tick, failures.get(tick.role, tick.result)) for tick in ticks
        }

    def _record(self, results: Sequence[TickResult]) -> None:
        """Record the decisions and notify of incidents, in one transaction."""
        config = self._runtime.config
        with session_scope(self._runtime.engine) as session:
            record(session, results, config.guv_authorization_retry)
            update_incidents(session, results, config.guv_resolve_after)

    def _report(self, tick: FinishedTick, result: TickResult | Exception) -> TickResult | None:
        """Log the tick's one line and measure it; a failure gets its row."""
        with bound_contextvars(role_id=str(tick.role)):
            if isinstance(result, TickResult):
                _log_result(result, tick.seconds)
                return result
            error = mask(f"{type(result).__name__}: {result}")
            _log.error("tick_failed", error=error, exc_info=result)
            agent.notice(result)
            agent.measure("Tick/failed_inside")
            with suppress(SQLAlchemyError), session_scope(self._runtime.engine) as session:
                record_failure(session, tick.role, tick.now, error)
            return None


def _log_result(result: TickResult, seconds: float) -> None:
    context, decision, actuated = result.context, result.decision, result.actuated
    _log.info(
        "tick_done",
        tenant=str(context.tenant.id),
        app=context.app.name,
        role=context.role.name,
        outcome=actuated.outcome,
        reason=decision.reason,
        current=decision.current,
        desired=decision.desired,
        backlog=decision.estimates.backlog,
        error=actuated.error,
        milliseconds=round(1000 * seconds, 1),
    )
    agent.measure(f"Tick/{actuated.outcome}", seconds)
    for trouble in result.troubles:
        agent.measure(f"Trouble/{trouble.cause}")


def _by_app(contexts: Sequence[TickContext]) -> list[list[TickContext]]:
    apps: dict[UUID, list[TickContext]] = {}
    for context in contexts:
        apps.setdefault(context.app.id, []).append(context)
    return list(apps.values())
