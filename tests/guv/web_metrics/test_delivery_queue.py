"""The queue of log deliveries in Redis: order, repeats, shares and bounds."""

import os
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from redis import Redis

from guv.web_metrics.delivery_queue import LEASE_S, OVERHEAD, DrainQueue, Put
from tests.builders import NOON

LATER = NOON + timedelta(seconds=2)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as redis:
        yield redis


def filled(queue: DrainQueue, drain: UUID) -> int:
    """Fill the drain with deliveries of 10,000 random bytes and return their number."""
    for count in range(1000):
        if queue.put(drain, uuid4().hex, [os.urandom(10_000)], NOON) is Put.FULL:
            return count
    raise AssertionError("it is never full")


def test_deliveries_are_read_in_order_and_kept_until_deleted(redis: Redis) -> None:
    queue, drain = DrainQueue(redis), uuid4()
    for text in (b"first\n", b"second"):
        assert queue.put(drain, uuid4().hex, [text, b"x"], NOON) is Put.QUEUED
    batch = queue.read(drain, "", 10)
    assert [delivery.lines for delivery in batch] == [[b"first\n", b"x"], [b"second", b"x"]]
    assert queue.read(drain, "", 10) == batch
    queue.forget(drain, batch[:1], NOON)
    assert queue.read(drain, "", 10) == batch[1:]
    assert queue.read(drain, batch[1].id, 10) == []


def test_a_repeated_delivery_counts_once_even_after_reading(redis: Redis) -> None:
    queue, drain, other = DrainQueue(redis), uuid4(), uuid4()
    assert queue.put(drain, "a" * 32, [b"x"], NOON) is Put.QUEUED
    queue.forget(drain, queue.read(drain, "", 10), NOON)
    soon = NOON + timedelta(seconds=59)
    assert queue.put(drain, "a" * 32, [b"x"], soon) is Put.REPEATED
    assert queue.put(other, "a" * 32, [b"x"], soon) is Put.QUEUED
    assert queue.read(drain, "", 10) == []


def test_a_refused_delivery_counts_when_sent_again(redis: Redis) -> None:
    queue, drain = DrainQueue(redis, of_one=300), uuid4()
    queue.put(drain, "a", [os.urandom(100)], NOON)
    assert queue.put(drain, "b", [os.urandom(100)], NOON) is Put.FULL
    queue.forget(drain, queue.read(drain, "", 10), NOON)
    assert queue.put(drain, "b", [os.urandom(100)], NOON) is Put.QUEUED


def test_a_drain_that_is_full_leaves_room_for_others(redis: Redis) -> None:
    queue, flood = DrainQueue(redis, of_one=100_000), uuid4()
    assert filled(queue, flood) == 9
    assert queue.put(uuid4(), "a", [os.urandom(10_000)], NOON) is Put.QUEUED


def test_a_full_queue_refuses_only_drains_above_their_share(redis: Redis) -> None:
    queue = DrainQueue(redis, of_one=100_000, of_all=100_000)
    first, second = uuid4(), uuid4()
    queue.put(second, "a", [b"x"], NOON)
    assert filled(queue, first) == 9
    assert 3 <= filled(queue, second) <= 5
    assert queue.put(uuid4(), "a", [os.urandom(10_000)], NOON) is Put.QUEUED


def test_deleted_deliveries_take_no_room(redis: Redis) -> None:
    queue, drain = DrainQueue(redis, of_one=100_000, of_all=100_000), uuid4()
    for _ in range(3):
        assert filled(queue, drain) == 9
        batch = queue.read(drain, "", 5)
        queue.forget(drain, batch, NOON)
        assert filled(queue, drain) == 5
        queue.forget(drain, queue.read(drain, "", 100), NOON)
    assert redis.hgetall("guv:drain:sizes") == {}
    assert redis.zcard("guv:drain:waiting") == 0


def test_memory_of_the_delivery_queue_is_bounded(redis: Redis) -> None:
    queue, before = DrainQueue(redis), int(redis.info("memory")["used_memory"])
    assert filled(queue, uuid4()) * (10_000 + OVERHEAD) <= 1_000_000
    assert int(redis.info("memory")["used_memory"]) - before < 1_500_000


def test_waiting_drains_are_leased_to_a_single_reader(redis: Redis) -> None:
    queue, drain = DrainQueue(redis), uuid4()
    queue.put(drain, "a", [b"x"], NOON)
    assert queue.take_waiting(NOON, 10) == []
    assert queue.take_waiting(LATER, 10) == [drain]
    queue.put(drain, "b", [b"x"], LATER)
    assert queue.take_waiting(LATER, 10) == []
    assert queue.take_waiting(LATER + timedelta(seconds=LEASE_S), 10) == [drain]


def test_deliveries_behind_a_read_batch_are_due_at_once(redis: Redis) -> None:
    queue, drain = DrainQueue(redis), uuid4()
    for frame in "ab":
        queue.put(drain, frame, [b"x"], NOON)
    queue.take_waiting(LATER, 10)
    queue.forget(drain, queue.read(drain, "", 1), LATER)
    assert queue.take_waiting(LATER, 10) == [drain]
    queue.forget(drain, queue.read(drain, "", 10), LATER)
    assert queue.take_waiting(LATER + timedelta(hours=1), 10) == []
