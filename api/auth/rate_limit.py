"""Rate limit for API keys, counted in Redis and reported in the headers of every response.

Without Redis no request is refused: settings can be read and changed without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis, RedisError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guv.clock import unix_seconds
from guv.errors import TooMany


@dataclass(frozen=True, slots=True)
class Rate:
    """What an API key may still do.

    Attributes:
        limit: Requests per minute.
        remaining: Requests left now.
        reset: Seconds until more are allowed.
    """

    limit: int
    remaining: int
    reset: int


class RateLimit:
    """Counts requests of API keys over a sliding minute.

    Args:
        redis: Where they are counted; nothing connects before the first request.
        per_minute: Requests that a key may make in a minute.
    """

    def __init__(self, redis: Redis, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute, namespace="guv:rate")
        storage = RedisStorage("redis://", connection_pool=redis.connection_pool)
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    def count(self, key: UUID, now: datetime, tell: Callable[[Rate], None]) -> None:
        """Count a request of a key, and report what the key may still do through `tell`.

        Raises:
            TooMany: The key has none left.
        """
        try:
            is_allowed = self._limiter.hit(self._item, str(key))
            window = self._limiter.get_window_stats(self._item, str(key))
        except RedisError:
            return
        reset = max(1, ceil(window.reset_time - unix_seconds(now)))
        rate = Rate(self._item.amount, window.remaining, min(reset, self._item.get_expiry()))
        tell(rate)
        if not is_allowed:
            raise TooMany(
                f"A key may make {rate.limit} requests per minute. Try again in {rate.reset} s."
            )


class RateHeaders:
    """Adds the key's rate limit to the headers of the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request through the app behind."""

        async def send_with_rate(message: Message) -> None:
            rate = scope.get("state", {}).get("rate")
            if message["type"] == "http.response.start" and rate is not None:
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Limit"] = str(rate.limit)
                headers["RateLimit-Remaining"] = str(rate.remaining)
                headers["RateLimit-Reset"] = str(rate.reset)
                if message["status"] == TooMany.status:
                    headers["Retry-After"] = str(rate.reset)
            await send(message)

        await self._app(scope, receive, send_with_rate)
