"""Which jobs can be enqueued? RQ calls them by dotted name: a wire format, never moved or renamed.

One job carries the ticks of one or more roles; each tick is its own success or failure.
"""

from collections.abc import Sequence
from functools import cache, partial
from uuid import UUID

from structlog.contextvars import bound_contextvars

from guv import agent
from guv.clock import steady_seconds, utc_now
from guv.config import read_config
from guv.roles import tick_schedule
from worker.maintenance.log_deliveries import read_drain
from worker.maintenance.provisioning import finish
from worker.maintenance.tasks import CHORES
from worker.notifications import feeds
from worker.notifications.deliveries import deliver_all
from worker.process.runtime import Runtime, build_runtime
from worker.replays.job import run_replay
from worker.tick.batch import Ended, tick_all, told
from worker.tick.failures import attempt
from worker.tick.result import TickResult
from worker.tick.tick import tick


def scale_roles(role_ids: list[str]) -> int:
    """How many of the roles were due and not taken by somebody else; they get their tick now."""
    runtime = process_runtime()
    runtime.underway.wait_for_room()
    claimed = _claim(runtime, [UUID(role_id) for role_id in role_ids])
    runtime.underway.begin(partial(_tick_task, runtime, claimed))
    return len(claimed)


def finish_provisioning(tenant_id: str) -> bool:
    """Whether nothing is left to do of that tenant's provisioning."""
    return finish(process_runtime(), UUID(tenant_id), utc_now())


def deliver_notifications(incident_ids: list[str]) -> int:
    """How many incidents were told to those of their targets that do not know of them yet."""
    return deliver_all(process_runtime(), [UUID(one) for one in incident_ids], utc_now())


def read_drains(drain_ids: list[str]) -> int:
    """How many log lines of those drains were read."""
    runtime, now = process_runtime(), utc_now()
    waiting = runtime.drain_queue
    if waiting is None:
        return 0
    return sum(read_drain(runtime.engine, waiting, UUID(one), now) for one in drain_ids)


def do_chore(name: str) -> None:
    """Nothing; what guv does for itself is done."""
    CHORES[name].work(process_runtime().engine, utc_now())


def send_feed(subject_id: str) -> None:
    """Nothing; the New Relic account of that level of settings got its minute's events."""
    feeds.send_feed(process_runtime(), UUID(subject_id), utc_now())


def replay_role(replay_id: str) -> bool:
    """Whether the replay waited, and is finished now."""
    return run_replay(process_runtime(), UUID(replay_id))


@cache
def process_runtime() -> Runtime:
    """This process's runtime, built at its first job from the environment."""
    return build_runtime(read_config())


def tick_claimed(runtime: Runtime, roles: Sequence[UUID]) -> dict[UUID, TickResult | None]:
    """What came of the tick of each role that could be claimed; None: a fault, or it is gone."""
    return _tick_each(runtime, _claim(runtime, roles))


def _claim(runtime: Runtime, roles: Sequence[UUID]) -> list[UUID]:
    with runtime.engine.begin() as connection:
        return tick_schedule.claim(connection, roles, utc_now())


def _tick_task(runtime: Runtime, claimed: Sequence[UUID]) -> None:
    """Nothing; the ticks are made, for the operator as one task."""
    with agent.task("worker.jobs.ticks", "RQ"):
        _tick_each(runtime, claimed)


def _tick_each(runtime: Runtime, claimed: Sequence[UUID]) -> dict[UUID, TickResult | None]:
    if len(claimed) == 1:
        return {claimed[0]: _tick(runtime, claimed[0])}
    return tick_all(runtime, claimed)


def _tick(runtime: Runtime, role_id: UUID) -> TickResult | None:
    """What came of one role's tick, whose fault is its own row and nobody else's problem."""
    now, start = utc_now(), steady_seconds()
    with bound_contextvars(role_id=str(role_id)):
        result = attempt(partial(tick, runtime, role_id, now))
    if result is None:
        return None
    return told(runtime, Ended(role_id, now, steady_seconds() - start, result))
