"""Clock: `python -m worker.clock` enqueues the ticks of due roles at every beat.

Two clocks may run: marking a role as queued is atomic, and a job that was enqueued twice finds
its role claimed. Whatever was missed while a clock was away is not caught up.
"""

import argparse
import signal
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from guv import agent
from guv.clock import steady_seconds, unix_seconds, utc_now
from guv.config import Config, config_of_process
from guv.database import make_engine
from guv.logging import configure_logs, tell_ends
from guv.notifications.queues import DELIVERIES, FEEDS
from guv.redis import connect_redis
from guv.roles import tick_schedule
from guv.tenants import pending_provisioning
from guv.web_metrics.delivery_queue import LEASE_S, DrainQueue
from worker.maintenance.tasks import take_due
from worker.process.job_queue import drains_queue, pauses, tick_queue
from worker.process.shutdown import Shutdown

JOB = "worker.jobs.scale_roles"
PROVISIONING_JOB = "worker.jobs.finish_provisioning"
CHORE_JOB = "worker.jobs.do_chore"
DRAINS_JOB = "worker.jobs.read_drains"
MOST_DRAINS = 1000  # A beat.
DRAINS_PER_JOB = 20
MOST_PROVISIONINGS = 100  # A beat.
DELIVERY_JOB = "worker.jobs.deliver_notifications"
FEED_JOB = "worker.jobs.send_feed"
MOST_FEEDS = 200  # A beat.
MOST_DELIVERIES = 200  # A beat.
DELIVERIES_PER_JOB = 16  # Sent at the same time, and each may take ten seconds.
HEARTBEAT = "guv:clock:beat"  # Unix seconds of the last good beat, which the health endpoint reads.
HEARTBEAT_S = 3600
MEND_S = 60.0  # Between two looks for roles that a wrong clock delayed.
MOST_ROLES = 5000  # A beat; the rest waits for the next one.
JOB_TIMEOUT_S = 60
RESULT_S = 60  # Zero would cost RQ nine more round trips a job.
FAILURE_S = 3600

_log = structlog.get_logger(__name__)


def beat(engine: Engine, queue: Queue, now: datetime, roles_per_job: int = 1) -> int:
    """Enqueue everything that is due, tell Redis that the clock is alive, and count the roles.

    Args:
        engine: The database.
        queue: From `tick_queue`.
        now: The present instant.
        roles_per_job: Most roles that one job carries.

    Raises:
        RedisError: Redis is away; the roles stay due.
        SQLAlchemyError: The database is away.
    """
    with engine.begin() as connection:
        roles = tick_schedule.mark_queued(connection, now, MOST_ROLES)
        tenants = pending_provisioning.QUEUE.take(connection, now, MOST_PROVISIONINGS)
        incidents = DELIVERIES.take(connection, now, MOST_DELIVERIES)
        levels = FEEDS.take(connection, now, MOST_FEEDS)
    try:
        enqueue_deliveries(queue, incidents)
        enqueue(queue, roles, roles_per_job)
        enqueue_provisionings(queue, tenants)
        enqueue_feeds(queue, levels)
        enqueue_drains(drains_queue(queue.connection), now)
        queue.connection.set(HEARTBEAT, f"{unix_seconds(now):.3f}", ex=HEARTBEAT_S)
    except RedisError:
        with engine.begin() as connection:
            tick_schedule.unmark_queued(connection, roles)
        raise
    return len(roles)


def enqueue(queue: Queue, roles: Sequence[UUID], roles_per_job: int) -> None:
    """Enqueue the roles' ticks, `roles_per_job` to a job, in one round trip.

    A job that nobody took until its roles are queued again is dropped.
    """
    some = _parts(roles, roles_per_job)
    _enqueue(queue, JOB, some, "roles", ttl=int(tick_schedule.LEASE_S))


def enqueue_provisionings(queue: Queue, tenants: Sequence[UUID]) -> None:
    """Enqueue the provisionings; what Redis loses becomes due again by itself."""
    _enqueue(queue, PROVISIONING_JOB, [str(tenant) for tenant in tenants], "1 provisioning")


def enqueue_chores(engine: Engine, queue: Queue, now: datetime) -> list[str]:
    """Enqueue the maintenance tasks that are due, each once over all clocks, and return them.

    Raises:
        RedisError: Redis is away; the chores are lost until their next time.
        SQLAlchemyError: The database is away.
    """
    with engine.begin() as connection:
        names = take_due(connection, now)
    _enqueue(queue, CHORE_JOB, names, "1 chore")
    return names


def enqueue_deliveries(queue: Queue, incidents: Sequence[UUID]) -> None:
    """Enqueue alerts before all ticks; what Redis loses becomes due again by itself."""
    some = _parts(incidents, DELIVERIES_PER_JOB)
    _enqueue(queue, DELIVERY_JOB, some, "notifications", at_front=True)


def enqueue_feeds(queue: Queue, levels: Sequence[UUID]) -> None:
    """Enqueue the minute's events of those levels' targets."""
    _enqueue(queue, FEED_JOB, [str(level) for level in levels], "1 feed")


def enqueue_drains(queue: Queue, now: datetime) -> None:
    """Enqueue the log drains that have lines; what Redis loses becomes due again."""
    drains = DrainQueue(queue.connection).take_waiting(now, MOST_DRAINS)
    _enqueue(queue, DRAINS_JOB, _parts(drains, DRAINS_PER_JOB), "drains", ttl=int(LEASE_S))


def _parts(ids: Sequence[UUID], most: int) -> list[list[str]]:
    """Return the ids as text, in parts of `most`."""
    texts = [str(id_) for id_ in ids]
    return [texts[start : start + most] for start in range(0, len(texts), most)]


def _enqueue(
    queue: Queue, job: str, arguments: Sequence[object], description: str, **options: Any
) -> None:
    """Enqueue a job for each argument, all in one round trip."""
    jobs = [
        Queue.prepare_data(
            job,
            args=(argument,),
            timeout=JOB_TIMEOUT_S,
            result_ttl=RESULT_S,
            failure_ttl=FAILURE_S,
            description=description,
            **options,
        )
        for argument in arguments
    ]
    if jobs:
        queue.enqueue_many(jobs)


def run(config: Config, engine: Engine, queue: Queue, shutdown: Shutdown) -> None:
    """Beat until the process ends, and log once when Redis or the database is away.

    A beat that has begun is finished: roles that are marked as queued do wait in the queue.
    """
    waits = pauses()
    is_away = False
    mended_at = float("-inf")
    while not shutdown.is_set():
        try:
            now = utc_now()
            found = beat(engine, queue, now, config.guv_roles_per_job)
            enqueue_chores(engine, queue, now)
            if steady_seconds() > mended_at + MEND_S:
                mended_at = steady_seconds()
                mend(engine, now)
            _measure(engine, found, now)
        except (RedisError, SQLAlchemyError) as error:
            if not is_away:
                _log.warning("clock_stopped", error=f"{type(error).__name__}: {error}")
            is_away = True
            shutdown.wait(next(waits))
            continue
        if is_away:
            _log.info("clock_recovered")
            is_away, waits = False, pauses()
        shutdown.wait(config.guv_clock_beat)


def mend(engine: Engine, now: datetime) -> None:
    """Make roles due that a wrong clock had delayed."""
    with engine.begin() as connection:
        roles = tick_schedule.mend(connection, now)
    if roles:
        _log.warning("roles_delayed", roles=roles)


def _measure(engine: Engine, queued: int, now: datetime) -> None:
    """Measure how many roles were queued, and how late the latest is."""
    if agent.is_watched():
        agent.measure("Clock/queued", queued)
        with engine.connect() as connection:
            agent.measure("Clock/lag", tick_schedule.lag(connection, now))


def main() -> None:
    """Run the clock process until SIGTERM or SIGINT."""
    argparse.ArgumentParser(
        prog="python -m worker.clock", description="Queues the ticks, until SIGTERM or SIGINT."
    ).parse_args()
    shutdown = Shutdown()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: shutdown.set())
    agent.start()
    config = config_of_process()
    configure_logs(config.guv_log_level, json=config.guv_log_json)
    tell_ends()
    engine = make_engine(config.sqlalchemy_url, pool_size=1, application="guv clock")
    _log.info("clock_started", beat=config.guv_clock_beat)
    agent.connect()
    run(config, engine, tick_queue(connect_redis(config, timeout=5.0)), shutdown)
    agent.end()


if __name__ == "__main__":
    main()
