"""Redis: one client a process, made only here."""

from typing import Any

from redis import BlockingConnectionPool, Redis

from guv.config import Config

CONNECT_S = 2.0


def connect_redis(config: Config, timeout: float | None = None, most: int | None = None) -> Redis:
    """Make a client, which connects when it is used.

    Args:
        config: Configuration of guv's processes.
        timeout: Seconds for an answer; None: unlimited, as RQ's workers need.
        most: Connections, beyond which callers wait for a free one; None: unlimited.
    """
    url = config.redis_url.get_secret_value()
    # Heroku's Redis has a self-signed certificate.
    options: dict[str, Any] = {"ssl_cert_reqs": "none"} if url.startswith("rediss:") else {}
    options |= {
        "socket_timeout": timeout,
        "socket_connect_timeout": min(CONNECT_S, timeout or CONNECT_S),
    }
    if most is None:
        return Redis.from_url(url, **options)
    limits = {"max_connections": most, "timeout": timeout}
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **limits, **options))
