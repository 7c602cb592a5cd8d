import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlmodel import Session, select

from guv.apps.models import App
from guv.clock import from_unix, unix_seconds
from guv.crypto import Sealer
from guv.tenants.models import Tenant
from guv.web_metrics.delivery_queue import Delivery, DrainQueue
from guv.web_metrics.drains import remove_drain, renew_drain
from guv.web_metrics.log_lines import join_frames
from guv.web_metrics.models import Drain, DynoEvent, WebBucket
from guv.web_metrics.sketch import percentile, unpacked
from tests.builders import NOON, a_tenant, an_app
from worker.clock import enqueue_drains
from worker.jobs import read_drains
from worker.maintenance.log_deliveries import MOST_DELIVERIES, SUMS_KEPT, read_drain
from worker.process.job_queue import drains_queue


@pytest.fixture
def queue(redis_url: str) -> Iterator[DrainQueue]:
    with Redis.from_url(redis_url) as redis:
        yield DrainQueue(redis)


@pytest.fixture
def app(session: Session, sealer: Sealer) -> App:
    stored = an_app(session, a_tenant(session), sealer)
    session.commit()
    return stored


@pytest.fixture
def drain(session: Session, app: App) -> UUID:
    made, _ = renew_drain(session, _tenant(session, app), app, NOON)
    session.commit()
    return made.id


def _tenant(session: Session, app: App) -> Tenant:
    return session.get_one(Tenant, app.tenant_id)


def line(seconds: float = 0, dyno: str = "web.1", service: int = 100) -> bytes:
    at = (NOON + timedelta(seconds=seconds)).isoformat()
    text = f"at=info dyno={dyno} connect=1ms service={service}ms status=200"
    return f"<158>1 {at} host heroku router - {text}\n".encode()


def put(queue: DrainQueue, drain: UUID, *lines: bytes, now: datetime = NOON, lost: int = 0) -> None:
    queue.put(drain, uuid4().hex, lines, now, lost)


def buckets(session: Session) -> dict[tuple[int, str], WebBucket]:
    session.expire_all()
    rows = session.exec(select(WebBucket)).all()
    return {(round((row.at - NOON).total_seconds()), row.dyno): row for row in rows}


def test_log_lines_become_sums_of_ten_seconds_and_dyno(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID
) -> None:
    put(queue, drain, line(), line(3, service=300), line(12), line(5, "web.2"))
    assert read_drain(engine, queue, drain, NOON) == 4
    stored = buckets(session)
    counts = {place: row.requests for place, row in stored.items()}
    assert counts == {(0, "web.1"): 2, (10, "web.1"): 1, (0, "web.2"): 1}
    row = stored[0, "web.1"]
    assert (row.statuses, row.errors, row.service_seconds) == ({"2": 2}, {}, 0.4)
    assert percentile(unpacked(row.service), 100) == pytest.approx(0.3, rel=0.02)
    assert session.exec(select(Drain)).one().seen_at == NOON


def test_later_log_lines_are_added_to_the_same_ten_seconds(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID
) -> None:
    for service in (100, 200, 900):
        put(queue, drain, *[line(service=service)] * 10)
        read_drain(engine, queue, drain, NOON)
    row = buckets(session)[0, "web.1"]
    assert (row.requests, row.statuses) == (30, {"2": 30})
    assert percentile(unpacked(row.service), 50) == pytest.approx(0.2, rel=0.02)
    assert percentile(unpacked(row.service), 95) == pytest.approx(0.9, rel=0.02)


def test_a_worker_that_dies_before_deleting_the_lines_counts_no_line_twice(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID
) -> None:
    put(queue, drain, line())
    put(queue, drain, line())
    waiting = queue.read(drain, "", 10)
    read_drain(engine, queue, drain, NOON)
    wait_again(queue, drain, waiting[0])
    assert len(queue.read(drain, "", 10)) == 1
    assert read_drain(engine, queue, drain, NOON) == 0
    assert buckets(session)[0, "web.1"].requests == 2
    assert queue.read(drain, "", 10) == []


def wait_again(queue: DrainQueue, drain: UUID, delivery: Delivery) -> None:
    """Put a delivery back at its place, as if it had never been deleted."""
    key = f"guv:drain:lines:{drain}"
    queue._redis.delete(key)
    lines = zlib.compress(join_frames(delivery.lines))
    queue._redis.xadd(key, {"lines": lines, "lost": 0}, id=delivery.id)


def test_a_worker_that_dies_before_storing_the_sums_loses_no_line(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID
) -> None:
    put(queue, drain, line())
    queue.read(drain, "", 10)  # and then died
    assert read_drain(engine, queue, drain, NOON) == 1
    assert buckets(session)[0, "web.1"].requests == 1


def test_many_workers_at_once_count_each_line_once(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID
) -> None:
    for _ in range(200):
        put(queue, drain, line(), line(dyno="web.2"))
    with ThreadPoolExecutor(8) as threads:
        work = lambda _: read_drain(engine, queue, drain, NOON)  # noqa: E731
        read = sum(threads.map(work, range(60)))
    read += sum(read_drain(engine, queue, drain, NOON) for _ in range(5))
    assert read == 400
    stored = buckets(session)
    assert (stored[0, "web.1"].requests, stored[0, "web.2"].requests) == (200, 200)


def test_one_job_reads_a_bounded_number_of_deliveries(
    engine: Engine, queue: DrainQueue, drain: UUID
) -> None:
    for _ in range(MOST_DELIVERIES + 1):
        put(queue, drain, line())
    assert read_drain(engine, queue, drain, NOON) == MOST_DELIVERIES
    assert queue.take_waiting(NOON, 9) == [drain]
    assert read_drain(engine, queue, drain, NOON) == 1
    assert queue.take_waiting(NOON + timedelta(hours=1), 9) == []


def test_two_clocks_queue_a_drain_that_waits_once(redis_url: str, drain: UUID) -> None:
    with Redis.from_url(redis_url) as redis:
        jobs = drains_queue(redis)
        put(DrainQueue(redis), drain, line())
        for clock in range(4):
            enqueue_drains(jobs, NOON + timedelta(seconds=clock))
        assert [job.args for job in jobs.jobs] == [[[str(drain)]]]
        assert jobs.jobs[0].func_name == f"{read_drains.__module__}.{read_drains.__name__}"


def test_lost_log_lines_are_counted(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID
) -> None:
    text = f"<172>1 {NOON.isoformat()} host heroku logplex - Error L10 (output buffer overflow):"
    put(queue, drain, f"{text} 40 messages dropped since x".encode(), lost=2)
    read_drain(engine, queue, drain, NOON)
    row = buckets(session)[0, ""]
    assert (row.requests, row.lost) == (0, 42)


def test_starts_crashes_and_scalings_of_dynos_are_kept_once(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID
) -> None:
    at = NOON.isoformat()
    for _ in range(2):
        put(
            queue,
            drain,
            f"<1>1 {at} host heroku web.1 - State changed from starting to up".encode(),
            f"<1>1 {at} host app api - Scaled to web@2:Basic worker@3:Basic by user a@b.c".encode(),
        )
    read_drain(engine, queue, drain, NOON)
    events = session.exec(select(DynoEvent)).all()
    assert sorted((event.dyno, event.state, event.quantity) for event in events) == [
        ("web", "scaled", 2),
        ("web.1", "up", None),
        ("worker", "scaled", 3),
    ]


def test_old_web_sums_are_deleted_for_their_own_app_only(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID, app: App, sealer: Sealer
) -> None:
    other = an_app(session, a_tenant(session), sealer)
    old = from_unix(unix_seconds(NOON)) - SUMS_KEPT - timedelta(seconds=10)
    for owner in (app, other):
        session.add(WebBucket(app_id=owner.id, at=old, dyno="web.1"))
    session.commit()
    put(queue, drain, line())
    read_drain(engine, queue, drain, NOON)
    rows = session.exec(select(WebBucket)).all()
    assert {(row.app_id, row.at) for row in rows} == {(app.id, NOON), (other.id, old)}


def test_deliveries_for_a_removed_drain_are_dropped(
    engine: Engine, session: Session, queue: DrainQueue, drain: UUID, app: App
) -> None:
    put(queue, drain, line())
    remove_drain(session, _tenant(session, app), app)
    session.commit()
    assert read_drain(engine, queue, drain, NOON) == 0
    assert queue.read(drain, "", 9) == []
    assert queue.take_waiting(NOON + timedelta(hours=1), 9) == []
    assert buckets(session) == {}
