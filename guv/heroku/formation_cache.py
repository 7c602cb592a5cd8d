"""What did any process of ours read of a formation just now? One read serves all roles of an app.

Kept in Redis under the app's own id, so that equal names or a shared Heroku app never mix tenants.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError
from redis.lock import Lock

from guv.clock import steady_seconds, unix_seconds
from guv.errors import HerokuUnavailable
from guv.heroku.client import Formation

FRESH_S = 4.0  # below the shortest interval, so that a role's every tick looks anew
REFUSED_S = 60.0  # an app that is gone or suspended is not asked for at every tick
USABLE_S = 900.0  # while calls are scarce, what was read before stands in for so long
KEPT_S = 3600
POLL_S = 0.03


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of an app.

    Attributes:
        asked_at: When Heroku was asked last, Unix seconds.
        read_at: When it last showed the formation; None: never.
        formation: What it showed then, and what guv has changed since.
        failure: What it said instead when it was asked last.
        lasting: For how many seconds nobody needs to ask again.
    """

    asked_at: float
    read_at: float | None = None
    formation: Formation | None = None
    failure: str | None = None
    lasting: float = FRESH_S

    def is_fresh(self, now: datetime) -> bool:
        """Whether it was asked for so recently that nobody needs to ask again."""
        return abs(unix_seconds(now) - self.asked_at) < self.lasting

    def age(self, now: datetime) -> float:
        """Seconds since Heroku showed the formation; infinite if it never did."""
        return float("inf") if self.read_at is None else unix_seconds(now) - self.read_at

    def told(self) -> Formation:
        """The formation.

        Raises:
            HerokuUnavailable: With what Heroku said instead. That it refused is for the tick that
                asked: the app may have been authorized anew since.
        """
        if self.failure is not None:
            raise HerokuUnavailable(self.failure)
        return self.formation or Formation()

    def dumped(self) -> str:
        """As JSON."""
        formation = asdict(self.formation) if self.formation else None
        return json.dumps([self.asked_at, self.read_at, formation, self.failure, self.lasting])

    @classmethod
    def loaded(cls, text: str | bytes) -> Self:
        """From JSON."""
        asked_at, read_at, formation, *failure = json.loads(text)
        return cls(asked_at, read_at, Formation(**formation) if formation else None, *failure)


class Shelf:
    """The latest reading of each app; without Redis it is empty and everybody reads.

    Args:
        redis: Where all processes look.
        patience: Seconds that one reading may take, with a refresh of its token before it.
    """

    def __init__(self, redis: Redis, patience: float) -> None:
        self._redis = redis
        self._patience = patience

    def find(self, app_id: UUID) -> Seen | None:
        """What was read last; None: nothing that is still kept."""
        with suppress(RedisError, ValueError, TypeError):
            kept: Any = self._redis.get(_key(app_id))
            return None if kept is None else Seen.loaded(kept)
        return None

    def put(self, app_id: UUID, seen: Seen) -> None:
        """Nothing; others find it."""
        with suppress(RedisError):
            self._redis.set(_key(app_id), seen.dumped(), ex=KEPT_S)

    def note_change(self, app_id: UUID, process_type: str, quantity: int) -> None:
        """Nothing; others find that the process type has so many dynos since guv asked for them."""
        seen = self.find(app_id)
        if seen is None or seen.formation is None:
            return
        quantities = {**seen.formation.quantities, process_type: quantity}
        changed = replace(seen.formation, quantities=quantities, etag=None)
        self.put(app_id, replace(seen, formation=changed))

    @contextmanager
    def turn(self, app_id: UUID, now: datetime) -> Iterator[Seen | None]:
        """What was read last, once it is the caller's turn; fresh, where somebody just read it.

        Raises:
            HerokuUnavailable: Somebody else asks Heroku, and it takes too long.
        """
        lock = self._redis.lock(f"{_key(app_id)}:lock", timeout=self._patience + 1)
        try:
            with suppress(RedisError):
                self._wait(lock, app_id, now)
            yield self.find(app_id)
        finally:
            with suppress(RedisError):
                if lock.local.token is not None:
                    lock.release()

    def _wait(self, lock: Lock, app_id: UUID, now: datetime) -> None:
        end = steady_seconds() + self._patience
        while not lock.acquire(blocking=False):
            time.sleep(POLL_S)
            seen = self.find(app_id)
            if seen is not None and seen.is_fresh(now):
                return
            if steady_seconds() > end:
                raise HerokuUnavailable("its answer to another role of the app takes too long")


def _key(app_id: UUID) -> str:
    return f"guv:heroku:formation:{app_id}"
