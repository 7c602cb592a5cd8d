"""Jobs that RQ calls by dotted name: a wire format, never moved or renamed.

One job carries the ticks of one or more roles; each tick is its own success or failure.
"""

from collections.abc import Sequence
from functools import cache, partial
from uuid import UUID

from guv import agent
from guv.clock import utc_now
from guv.config import read_config
from guv.roles import tick_schedule
from worker.maintenance.log_deliveries import read_drain
from worker.maintenance.provisioning import finish
from worker.maintenance.tasks import CHORES
from worker.notifications import feeds
from worker.notifications.deliveries import deliver_all
from worker.process.runtime import Runtime, build_runtime
from worker.replays.job import run_replay
from worker.tick.batch import Results, tick_roles


def scale_roles(role_ids: list[str]) -> int:
    """Start the ticks of those roles that are due, and return how many those are."""
    runtime = process_runtime()
    runtime.background.wait_for_room()
    claimed = _claim(runtime, [UUID(role_id) for role_id in role_ids])
    runtime.background.start(partial(_tick_batch, runtime, claimed))
    return len(claimed)


def finish_provisioning(tenant_id: str) -> bool:
    """Finish the tenant's provisioning, and return whether nothing is left to do."""
    return finish(process_runtime(), UUID(tenant_id), utc_now())


def deliver_notifications(incident_ids: list[str]) -> int:
    """Send the incidents' alerts to targets that lack them, and return how many were sent."""
    return deliver_all(
        process_runtime(), [UUID(incident_id) for incident_id in incident_ids], utc_now()
    )


def read_drains(drain_ids: list[str]) -> int:
    """Read what waits of those log drains, and return the number of lines."""
    runtime, now = process_runtime(), utc_now()
    waiting = runtime.drain_queue
    if waiting is None:
        return 0
    return sum(read_drain(runtime.engine, waiting, UUID(drain_id), now) for drain_id in drain_ids)


def do_chore(name: str) -> None:
    """Do one of guv's own maintenance tasks."""
    CHORES[name].work(process_runtime().engine, utc_now())


def send_feed(subject_id: str) -> None:
    """Send the minute's events to the New Relic account of that level of settings."""
    feeds.send_feed(process_runtime(), UUID(subject_id), utc_now())


def replay_role(replay_id: str) -> bool:
    """Run the replay, and return whether it waited and is finished now."""
    return run_replay(process_runtime(), UUID(replay_id))


@cache
def process_runtime() -> Runtime:
    """Return the process's runtime, built at its first job from the environment."""
    return build_runtime(read_config())


def tick_due(runtime: Runtime, roles: Sequence[UUID]) -> Results:
    """Tick those of the roles that are due and that nobody else has claimed."""
    return tick_roles(runtime, _claim(runtime, roles))


def _claim(runtime: Runtime, roles: Sequence[UUID]) -> list[UUID]:
    with runtime.engine.begin() as connection:
        return tick_schedule.claim(connection, roles, utc_now())


def _tick_batch(runtime: Runtime, claimed: Sequence[UUID]) -> None:
    """Tick the roles, for the operator's monitoring as one task."""
    with agent.task("worker.jobs.ticks", "RQ"):
        tick_roles(runtime, claimed)
