"""Where do jobs wait? RQ's queue in Redis, and how our processes reach it."""

import random
import time
from collections.abc import Iterator

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "ticks"
DRAINS = "drains"  # what can wait while a tick is due

_log = structlog.get_logger(__name__)


def tick_queue(redis: Redis) -> Queue:
    """The queue of ticks; its jobs are JSON, so that whoever writes to Redis runs no code here."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def drains_queue(redis: Redis) -> Queue:
    """The queue of log lines that are to be read; workers look here when no tick waits."""
    return Queue(DRAINS, connection=redis, serializer=JSONSerializer)


def wait_for_redis(redis: Redis) -> None:
    """Nothing; Redis answers. While it does not, that is logged once."""
    is_told = False
    for pause in pauses():
        try:
            redis.ping()
        except RedisError as error:
            if not is_told:
                _log.warning("redis_away", error=str(error))
                is_told = True
            time.sleep(pause)
        else:
            if is_told:
                _log.info("redis_back")
            return


def pauses() -> Iterator[float]:
    """Seconds to wait after each failure in a row: growing, jittered, at most 10."""
    pause = 0.5
    while True:
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - jitter, no secret
        pause = min(10.0, pause * 2)
