"""RQ's queues in Redis, and how processes wait for Redis."""

import random
import time
from collections.abc import Iterator

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "ticks"
DRAINS = "drains"  # Jobs that can wait while a tick is due.

_log = structlog.get_logger(__name__)


def tick_queue(redis: Redis) -> Queue:
    """Return the queue of ticks; its jobs are JSON, so that nobody runs code here through Redis."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def drains_queue(redis: Redis) -> Queue:
    """Return the queue of log drains to read; workers look here when no tick waits."""
    return Queue(DRAINS, connection=redis, serializer=JSONSerializer)


def wait_for_redis(redis: Redis) -> None:
    """Wait until Redis answers, and log once that it does not."""
    is_logged = False
    for pause in pauses():
        try:
            redis.ping()
        except RedisError as error:
            if not is_logged:
                _log.warning("redis_unavailable", error=str(error))
                is_logged = True
            time.sleep(pause)
        else:
            if is_logged:
                _log.info("redis_recovered")
            return


def pauses() -> Iterator[float]:
    """Yield seconds to wait after each failure in a row: growing, with jitter, at most 10."""
    pause = 0.5
    while True:
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - jitter, no secret
        pause = min(10.0, pause * 2)
