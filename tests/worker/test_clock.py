import json
import zlib
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import Engine
from sqlmodel import Session

from guv.crypto import Sealer
from guv.roles.models import Role, TickSchedule
from guv.roles.tick_schedule import LEASE_S
from tests.api.rows import an_incident
from tests.builders import NOON, a_level, a_role, a_tenant, an_app
from worker.clock import HEARTBEAT, JOB, beat
from worker.process.job_queue import pauses, tick_queue

SOON = NOON + timedelta(seconds=1)


@pytest.fixture
def queue(redis_url: str) -> Iterator[Queue]:
    with Redis.from_url(redis_url) as redis:
        yield tick_queue(redis)


@pytest.fixture
def away() -> Iterator[Queue]:
    """Return a queue in a Redis that does not listen."""
    with Redis.from_url("redis://127.0.0.1:9", retry=None) as redis:
        yield tick_queue(redis)


@pytest.fixture
def roles(session: Session, sealer: Sealer) -> list[UUID]:
    app = an_app(session, a_tenant(session), sealer)
    made = [a_role(session, app, f"role-{number}") for number in range(5)]
    session.commit()
    return [role.id for role in made]


def test_each_due_role_gets_its_own_job(engine: Engine, queue: Queue, roles: list[UUID]) -> None:
    assert beat(engine, queue, SOON) == 5
    asked = sorted(job.args[0] for job in queue.jobs)
    assert asked == sorted([str(role)] for role in roles)
    assert {job.func_name for job in queue.jobs} == {JOB}


def test_several_roles_may_share_a_job(engine: Engine, queue: Queue, roles: list[UUID]) -> None:
    beat(engine, queue, SOON, roles_per_job=2)
    jobs = [job.args[0] for job in queue.jobs]
    assert [len(job) for job in jobs] == [2, 2, 1]
    carried = [role for job in jobs for role in job]
    assert sorted(carried) == sorted(str(role) for role in roles)


@pytest.mark.usefixtures("roles")
def test_a_queued_role_is_not_queued_again(engine: Engine, queue: Queue) -> None:
    beat(engine, queue, SOON)
    assert beat(engine, queue, SOON + timedelta(seconds=1)) == 0
    assert queue.count == 5


@pytest.mark.usefixtures("roles")
def test_two_clocks_queue_each_role_once(engine: Engine, queue: Queue) -> None:
    assert beat(engine, queue, SOON) + beat(engine, queue, SOON) == 5


@pytest.mark.usefixtures("roles")
def test_a_job_does_not_outlive_its_lease(engine: Engine, queue: Queue) -> None:
    beat(engine, queue, SOON)
    job = queue.jobs[0]
    assert (job.timeout, job.result_ttl, job.failure_ttl) == (60, 60, 3600)
    assert 0 < queue.connection.ttl(job.key) <= LEASE_S


@pytest.mark.usefixtures("roles")
def test_an_emptied_redis_costs_one_lease(engine: Engine, queue: Queue) -> None:
    beat(engine, queue, SOON)
    queue.connection.flushall()
    assert beat(engine, queue, SOON + timedelta(seconds=LEASE_S)) == 5


@pytest.mark.usefixtures("roles")
def test_roles_stay_due_while_redis_is_away(engine: Engine, queue: Queue, away: Queue) -> None:
    with pytest.raises(RedisError):
        beat(engine, away, SOON)
    assert beat(engine, queue, SOON) == 5


def test_every_good_beat_is_recorded_in_redis(engine: Engine, queue: Queue) -> None:
    beat(engine, queue, SOON)
    recorded = queue.connection.get(HEARTBEAT)
    assert isinstance(recorded, bytes)
    assert float(recorded) == SOON.timestamp()
    assert queue.connection.ttl(HEARTBEAT) == 3600


@pytest.mark.usefixtures("roles")
def test_a_job_carries_ids_only_and_runs_no_foreign_code(engine: Engine, queue: Queue) -> None:
    beat(engine, queue, SOON)
    raw = queue.connection.hget(queue.jobs[0].key, "data")
    assert isinstance(raw, bytes)
    assert json.loads(zlib.decompress(raw))[0] == JOB


def test_a_beat_without_due_roles_enqueues_nothing(engine: Engine, queue: Queue) -> None:
    assert (beat(engine, queue, SOON), queue.count) == (0, 0)


def test_a_stopped_schedule_is_not_queued(
    engine: Engine, queue: Queue, roles: list[UUID], session: Session
) -> None:
    for role in roles[1:]:
        session.get_one(TickSchedule, role).enabled = False
    session.commit()
    assert beat(engine, queue, SOON) == 1


def test_pauses_after_failed_beats_grow_up_to_ten_seconds() -> None:
    waits = pauses()
    first = [next(waits) for _ in range(20)]
    assert first[0] <= 0.5
    assert all(7.5 <= wait <= 10.0 for wait in first[8:])


def test_due_notifications_are_queued_once_and_before_all_ticks(
    engine: Engine, queue: Queue, session: Session, roles: list[UUID]
) -> None:
    role = session.get_one(Role, roles[0])
    incident = an_incident(session, role, opened_at=NOON, notify_at=NOON)
    beat(engine, queue, SOON)
    names = [job.func_name for job in queue.jobs]
    assert (names[0], names.count(JOB)) == ("worker.jobs.deliver_notifications", 5)
    assert queue.jobs[0].args == [[str(incident.id)]]
    queue.delete(delete_jobs=True)
    beat(engine, queue, SOON)
    assert queue.jobs == []


def test_a_feed_that_is_due_is_sent_once(engine: Engine, queue: Queue, session: Session) -> None:
    tenant = a_tenant(session)
    a_level(session, tenant.id, tenant.id, level="global", feed_at=NOON)
    session.commit()
    for _ in range(2):
        beat(engine, queue, SOON)
    assert [(job.func_name, job.args) for job in queue.jobs] == [
        ("worker.jobs.send_feed", [str(tenant.id)])
    ]
