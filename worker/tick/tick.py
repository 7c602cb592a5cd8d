"""What happens to a role that is due?

Every tick, for every role that is due, guv collects a sample, decides how many dynos the role
needs, actuates the change, records the decision and notifies when the deadline cannot be met.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from guv.clock import unix_seconds
from guv.database import session_scope
from guv.scaling import decide, followed
from worker.process.runtime import Runtime
from worker.tick.actuate import Actuator
from worker.tick.collect import collect
from worker.tick.context import Stored, Subject, read_stored, within_size
from worker.tick.heroku_access import Access
from worker.tick.incidents import update_incidents
from worker.tick.record import record
from worker.tick.result import Decided, TickResult


def tick(runtime: Runtime, role_id: UUID, now: datetime) -> TickResult | None:
    """What came of the role's tick; None: the role was removed, or its tenant suspended."""
    stored = read(runtime, [role_id], now)
    if not stored:
        return None
    subject = stored[0].subject(now)
    result = collect_decide_actuate(runtime, Access(runtime, subject.app, now), subject, now)
    record_and_notify(runtime, [result])
    return result


def read(runtime: Runtime, roles: Sequence[UUID], now: datetime) -> list[Stored]:
    """What is stored of the roles that are still there."""
    with Session(runtime.reader, expire_on_commit=False) as session:
        return read_stored(session, roles, runtime.histories, now)


def collect_decide_actuate(
    runtime: Runtime,
    access: Access,
    subject: Subject,
    now: datetime,
    actuator: type[Actuator] = Actuator,
) -> TickResult:
    """What the first half of a tick comes to, which keeps and tells nothing."""
    return actuate(runtime, access, collect_decide(runtime, access, subject, now), actuator)


def collect_decide(runtime: Runtime, access: Access, subject: Subject, now: datetime) -> Decided:
    """The decision on a new sample."""
    collected = collect(runtime, access, subject, now)
    subject = within_size(subject, collected.formation.size)
    history = followed(subject.history, collected.sample, unix_seconds(now))
    decision = decide(subject.settings, history, unix_seconds(now))
    return Decided(now, subject, collected, decision)


def actuate(
    runtime: Runtime, access: Access, decided: Decided, actuator: type[Actuator] = Actuator
) -> TickResult:
    """What became of the decision; Heroku is asked where it is a change."""
    actuated = actuator(runtime, access, decided).actuate()
    return TickResult(decided.now, decided.subject, decided.collected, decided.decision, actuated)


def record_and_notify(runtime: Runtime, results: Sequence[TickResult]) -> None:
    """Nothing; the ticks' rows are written, and who is to be told will be, in one transaction."""
    with session_scope(runtime.engine) as session:
        record(session, results, runtime.config.guv_authorization_retry)
        update_incidents(session, results, runtime.config.guv_resolve_after)
