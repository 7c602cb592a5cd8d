"""Chores: done once per interval, however many clocks run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import Engine

from tests.builders import NOON
from worker import jobs
from worker.clock import CHORE_JOB, enqueue_chores
from worker.maintenance.tasks import CHORES, take_due
from worker.process.job_queue import tick_queue


@pytest.fixture
def queue(redis_url: str) -> Iterator[Queue]:
    with Redis.from_url(redis_url) as redis:
        yield tick_queue(redis)


def taken(engine: Engine, now: datetime) -> list[str]:
    with engine.begin() as connection:
        return take_due(connection, now)


def test_all_chores_are_due_at_first(engine: Engine) -> None:
    assert sorted(taken(engine, NOON)) == sorted(CHORES)


def test_each_chore_is_due_again_after_its_interval(engine: Engine) -> None:
    taken(engine, NOON)
    assert taken(engine, NOON + timedelta(seconds=59)) == []
    assert taken(engine, NOON + timedelta(seconds=60)) == ["roll_up"]
    hourly = [name for name, chore in CHORES.items() if chore.period <= timedelta(hours=1)]
    assert sorted(taken(engine, NOON + timedelta(hours=1))) == sorted(hourly)
    assert sorted(taken(engine, NOON + timedelta(days=1))) == sorted(CHORES)


def test_two_clocks_share_the_chores(engine: Engine) -> None:
    beats = [NOON + timedelta(seconds=minute * 60) for minute in range(20)]

    def clock(_: int) -> list[str]:
        return [name for now in beats for name in taken(engine, now)]

    with ThreadPoolExecutor(4) as clocks:
        names_taken = [name for names in clocks.map(clock, range(4)) for name in names]
    assert names_taken.count("roll_up") <= len(beats)
    assert names_taken.count("partitions") == 1


def test_two_clocks_at_one_instant_take_each_chore_once(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as clocks:
        names_taken = [
            name for names in clocks.map(lambda _: taken(engine, NOON), range(8)) for name in names
        ]
    assert sorted(names_taken) == sorted(CHORES)


def test_due_chores_wait_in_the_job_queue(engine: Engine, queue: Queue) -> None:
    enqueue_chores(engine, queue, NOON)
    asked = sorted((job.func_name, job.args[0]) for job in queue.jobs)
    assert asked == [(CHORE_JOB, name) for name in sorted(CHORES)]
    assert f"{jobs.__name__}.{jobs.do_chore.__name__}" == CHORE_JOB
