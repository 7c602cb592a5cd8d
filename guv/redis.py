"""How do we reach Redis? One client a process, made here and nowhere else."""

from typing import Any

from redis import BlockingConnectionPool, Redis

from guv.config import Config

CONNECT_S = 2.0


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
    options |= {
        "socket_timeout": timeout,
        "socket_connect_timeout": min(CONNECT_S, timeout or CONNECT_S),
    }
    if most is None:
        return Redis.from_url(url, **options)
    limits = {"max_connections": most, "timeout": timeout}
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **limits, **options))
