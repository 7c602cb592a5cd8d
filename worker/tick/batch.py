"""How do many roles tick in one job? App by app on threads, recorded together as they end.

Of an app's roles one goes first; what it read serves the others, which decide one after the other
and change the formation together. Rows are written while slower brokers are still waited for, some
ticks to a transaction; should that fail, each is recorded alone, so that one role's trouble is its
own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from guv.clock import steady_seconds, utc_now
from worker.process.runtime import Runtime
from worker.tick.context import Stored, Subject
from worker.tick.failures import attempt, record_fault, tell_tick
from worker.tick.heroku_access import Access
from worker.tick.readings import at_once, together
from worker.tick.result import Decided, TickResult
from worker.tick.tick import actuate, collect_decide, read, record_and_notify

AT_ONCE = 200  # roles that are read with one query
GATHER_S = 0.1  # ticks that end within such a time are recorded together


@dataclass(frozen=True, slots=True)
class Ended:
    """A tick that has ended.

    Attributes:
        role: Whose tick it was.
        now: Its instant.
        seconds: How long it took.
        result: What it came to; a fault of ours, where one ended it.
    """

    role: UUID
    now: datetime
    seconds: float
    result: TickResult | Exception


@dataclass(frozen=True, slots=True)
class _Begun:
    """A tick that has decided.

    Attributes:
        role: Whose tick it is.
        now: Its instant.
        since: When it began, as `steady_seconds` says.
        access: To Heroku.
        decided: What it decided; a fault of ours, where one ended it.
    """

    role: UUID
    now: datetime
    since: float
    access: Access
    decided: Decided | Exception

    @property
    def is_change(self) -> bool:
        """Whether Heroku is to be asked."""
        return isinstance(self.decided, Decided) and self.decided.is_change


def tick_all(runtime: Runtime, roles: Sequence[UUID]) -> dict[UUID, TickResult | None]:
    """What came of each role's tick; None: a fault, or it was removed or its tenant suspended."""
    found: dict[UUID, TickResult | None] = dict.fromkeys(roles)
    for start in range(0, len(roles), AT_ONCE):
        stored = _read(runtime, roles[start : start + AT_ONCE])
        found |= _Round(runtime).run(stored)
    return found


def _read(runtime: Runtime, roles: Sequence[UUID]) -> list[Stored]:
    """What is stored of the roles; a role that cannot be read has its fault, the others their tick.

    Raises:
        SQLAlchemyError: The database is away, which is no role's own fault.
    """
    now = utc_now()
    read_all = attempt(partial(read, runtime, roles, now))
    if not isinstance(read_all, Exception):
        return read_all
    if isinstance(read_all, SQLAlchemyError):
        raise read_all
    if len(roles) > 1:
        return [one for role in roles for one in _read(runtime, [role])]
    told(runtime, Ended(roles[0], now, 0.0, read_all))
    return []


def told(runtime: Runtime, ended: Ended) -> TickResult | None:
    """The result, with the line of the log; None: a fault, with its row."""
    with bound_contextvars(role_id=str(ended.role)):
        if isinstance(ended.result, Exception):
            record_fault(runtime, ended.role, ended.now, ended.result)
            return None
        tell_tick(ended.result, ended.seconds)
        return ended.result


class _Round:
    """Ticks of many roles that run at the same time.

    Args:
        runtime: What the process keeps warm.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._ended: SimpleQueue[Ended] = SimpleQueue()

    def run(self, stored: Sequence[Stored]) -> dict[UUID, TickResult | None]:
        """What came of each role's tick."""
        for some in _by_app(stored):
            self._runtime.threads.submit(self._tick_app, some)
        found: dict[UUID, TickResult | None] = {}
        while len(found) < len(stored):
            ended = self._gather(is_last=len(found) + 1 == len(stored))
            found |= self._record(ended)
        return found

    def _tick_app(self, some: Sequence[Stored]) -> None:
        """Nothing; the ticks of one app's roles begin, and each of them ends somehow."""
        now = utc_now()
        fault = attempt(partial(self._begin, some, now))
        if fault is not None:
            for one in some:
                self._ended.put(Ended(one.role.id, now, 0.0, fault))

    def _begin(self, some: Sequence[Stored], now: datetime) -> None:
        """Nothing; the first role ticks, and then the others."""
        subjects = []
        for one in some:
            made = attempt(partial(one.subject, now))
            if isinstance(made, Subject):
                subjects.append(made)
            else:
                self._ended.put(Ended(one.role.id, now, 0.0, made))
        fed = [one for one in subjects if one.settings.signal != "web"]
        queues = [name for one in fed for name in one.effective.queues]
        shared = together(self._runtime, queues)
        for first in subjects[:1]:
            self._end(shared, _begun(shared, first, now))
        others = [_begun(shared, other, now) for other in subjects[1:]]
        changes = [begun for begun in others if begun.is_change]
        changing = at_once(shared, len(changes))
        for begun in changes:
            self._runtime.threads.submit(self._end, changing, begun)
        for begun in others:
            if not begun.is_change:
                self._end(shared, begun)

    def _end(self, shared: Runtime, begun: _Begun) -> None:
        """Nothing; the decision is actuated, which takes long only where it is a change."""
        result: TickResult | Exception
        if isinstance(begun.decided, Decided):
            with bound_contextvars(role_id=str(begun.role)):
                result = attempt(partial(actuate, shared, begun.access, begun.decided))
        else:
            result = begun.decided
        shared.changes.end()
        self._ended.put(Ended(begun.role, begun.now, steady_seconds() - begun.since, result))

    def _gather(self, *, is_last: bool) -> list[Ended]:
        """The ticks that end within a moment, at least one."""
        ended = [self._ended.get()]
        if not is_last:
            time.sleep(GATHER_S)
        try:
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            return ended

    def _record(self, ended: Sequence[Ended]) -> dict[UUID, TickResult | None]:
        """What came of the ticks, now recorded; None: a fault."""
        results = [one.result for one in ended if isinstance(one.result, TickResult)]
        # In one order everywhere, since they may lock rows of their apps.
        results.sort(key=lambda one: (one.subject.app.id, one.subject.role.id))
        if results and attempt(partial(record_and_notify, self._runtime, results)) is not None:
            ended = [self._recorded_alone(one) for one in ended]
        return {one.role: told(self._runtime, one) for one in ended}

    def _recorded_alone(self, ended: Ended) -> Ended:
        """The same, with the fault that its record ended with, where there was one."""
        if isinstance(ended.result, Exception):
            return ended
        fault = attempt(partial(record_and_notify, self._runtime, [ended.result]))
        return replace(ended, result=fault) if isinstance(fault, Exception) else ended


def _begun(shared: Runtime, subject: Subject, now: datetime) -> _Begun:
    since, role = steady_seconds(), subject.role.id
    with bound_contextvars(role_id=str(role)):
        access = Access(shared, subject.app, now)
        decided = attempt(partial(collect_decide, shared, access, subject, now))
    return _Begun(role, now, since, access, decided)


def _by_app(stored: Sequence[Stored]) -> list[list[Stored]]:
    found: dict[UUID, list[Stored]] = {}
    for one in stored:
        found.setdefault(one.app.id, []).append(one)
    return list(found.values())
