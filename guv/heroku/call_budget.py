"""Budget of calls to Heroku, counted for all of guv's processes.

Heroku allows an account 4,500 calls, of which 75 come back a minute, and all partner tokens share
one account. When few are left, reads of a formation that was read just now go first, then those of
older ones, then scaling down; scaling up goes on to the last call.
"""

from contextlib import suppress
from datetime import datetime
from enum import IntEnum
from typing import Any, Protocol

from redis import Redis
from redis.exceptions import RedisError

from guv.apps.models import App
from guv.clock import unix_seconds
from guv.errors import HerokuLimited

CALLS = 4500
CALLS_PER_SECOND = 75 / 60
PARTNER = "partner"
KEPT_S = 7200  # By then the bucket is full again.

_TAKE = """
local kept = redis.call('hmget', KEYS[1], 'left', 'at')
local now, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local left, at = tonumber(kept[1]) or most, tonumber(kept[2]) or now
if now > at then
  left, at = math.min(most, left + (now - at) * tonumber(ARGV[3])), now
end
local taken = 0
if left - 1 >= tonumber(ARGV[4]) then
  left, taken = left - 1, 1
end
redis.call('hset', KEYS[1], 'left', tostring(left), 'at', tostring(at))
redis.call('expire', KEYS[1], ARGV[5])
return taken
"""


class Need(IntEnum):
    """Purpose of a call; its number is how many calls it leaves for what is more important."""

    READ = 1125
    LATE_READ = 675  # The known formation is older than a minute.
    OLD_READ = 450  # It is older than five minutes.
    SCALE_DOWN = 225
    BLIND_READ = 100  # No formation is known, so that not even scaling up is possible.
    SCALE_UP = 0


class CallsSpent(HerokuLimited):
    """The call is not made: the account's last calls are reserved for something more important."""


class CallBudget(Protocol):
    """Counter of an account's calls to Heroku."""

    def take(self, account: str, need: Need, now: datetime) -> None:
        """Spend one call of the account.

        Raises:
            CallsSpent: The calls left are reserved for something more important.
        """

    def learn(self, account: str, remaining: int, now: datetime) -> None:
        """Set the account's calls left to the number that Heroku states."""


class RedisCallBudget:
    """Calls left in Redis; while Redis is away every call is made and Heroku refuses by itself."""

    def __init__(self, redis: Redis) -> None:
        self._take = redis.register_script(_TAKE)
        self._redis = redis

    def take(self, account: str, need: Need, now: datetime) -> None:
        """Spend one call of the account, as `CallBudget` says."""
        at = f"{unix_seconds(now):.3f}"
        values: list[str | float] = [at, CALLS, CALLS_PER_SECOND, int(need), KEPT_S]
        with suppress(RedisError):
            if not self._take(keys=[_key(account)], args=values):
                raise CallsSpent("the account's calls to Heroku run out; scaling up goes first")

    def learn(self, account: str, remaining: int, now: datetime) -> None:
        """Set the account's calls left to the number that Heroku states."""
        values: dict[Any, Any] = {"left": remaining, "at": f"{unix_seconds(now):.3f}"}
        with suppress(RedisError), self._redis.pipeline() as both:
            both.hset(_key(account), mapping=values)
            both.expire(_key(account), KEPT_S)
            both.execute()


class UnlimitedCalls:
    """Budget of a process without Redis: every call is made, and Heroku refuses by itself."""

    def take(self, account: str, need: Need, now: datetime) -> None:
        """Allow the call."""

    def learn(self, account: str, remaining: int, now: datetime) -> None:
        """Ignore the number."""


def account_of(app: App) -> str:
    """Return the account whose calls are spent for the app.

    All partner tokens share one account. Two apps of one user share that user's calls without our
    knowing; the number that Heroku states after each read corrects the count.
    """
    return PARTNER if app.credential == PARTNER else str(app.id)


def _key(account: str) -> str:
    return f"guv:heroku:calls:{account}"
