"""Where do jobs wait? RQ's queue in Redis, and how our processes reach it."""

import random
import time
from collections.abc import Iterator
from typing import Any

import structlog
from redis import BlockingConnectionPool, Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from guv.config import Config

QUEUE = "ticks"
DRAINS = "drains"  # what can wait while a tick is due
CONNECT_S = 2.0

_log = structlog.get_logger(__name__)


def connect_redis(config: Config, timeout: float | None = None, most: int | None = None) -> Redis:
    """A client that connects when it is used.

    Args:
        config: Our configuration.
        timeout: Seconds that an answer may take; None: as long as it likes, as RQ's workers need.
        most: Connections; who finds all of them in use waits for one. None: as many as are used.
    """
    url = config.redis_url.get_secret_value()
    # Heroku's Redis shows a certificate that it signed itself.
    options: dict[str, Any] = {"ssl_cert_reqs": "none"} if url.startswith("rediss:") else {}
    options |= {"socket_timeout": timeout, "socket_connect_timeout": CONNECT_S}
    if most is None:
        return Redis.from_url(url, **options)
    limits = {"max_connections": most, "timeout": timeout}
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **limits, **options))


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
