"""What did Heroku say a moment ago? Remembered in Redis, so that not every tick asks."""

from collections.abc import Callable
from contextlib import suppress

from redis.exceptions import RedisError

from worker.process.runtime import Runtime


def remembered(runtime: Runtime, key: str, seconds: int, ask: Callable[[], bool]) -> bool:
    """What was said under that key in the last seconds, or else now; without Redis always now."""
    if runtime.redis is None:
        return ask()
    with suppress(RedisError):
        found = runtime.redis.get(key)
        if found is not None:
            return found == b"1"
    said = ask()
    with suppress(RedisError):
        runtime.redis.set(key, b"1" if said else b"0", ex=seconds)
    return said
