"""Formation cache shared through Redis: one read serves all roles of an app.

Entries have the app's own id as key, so that equal names or a shared Heroku app never mix tenants.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any, Protocol, Self
from uuid import UUID

from redis import Redis
from redis import lock as redis_lock
from redis.exceptions import RedisError

from guv.clock import steady_seconds, unix_seconds
from guv.errors import HerokuUnavailable
from guv.heroku.client import Formation

FRESH_S = 4.0  # Below the shortest interval, so that every tick of a role reads anew.
REFUSED_S = 60.0  # An app that is gone or suspended is not asked for at every tick.
USABLE_S = 900.0  # While calls are scarce, a formation may be used up to this age.
KEPT_S = 3600
POLL_S = 0.03


@dataclass(frozen=True, slots=True)
class CachedFormation:
    """Last reading of an app's formation.

    Attributes:
        asked_at: When Heroku was asked last, Unix seconds.
        read_at: When it last showed the formation; None: never.
        formation: The formation it showed then, with the changes that guv has made since.
        failure: Why the last request failed; None: it succeeded.
        lasting: Seconds for which the reading is fresh.
    """

    asked_at: float
    read_at: float | None = None
    formation: Formation | None = None
    failure: str | None = None
    lasting: float = FRESH_S

    def is_fresh(self, now: datetime) -> bool:
        """Return whether Heroku need not be asked again yet."""
        return abs(unix_seconds(now) - self.asked_at) < self.lasting

    def age(self, now: datetime) -> float:
        """Return the seconds since Heroku showed the formation; infinite if it never did."""
        return float("inf") if self.read_at is None else unix_seconds(now) - self.read_at

    def result(self) -> Formation:
        """Return the formation.

        Raises:
            HerokuUnavailable: The last request failed. Also a refusal becomes this error: only the
                tick that was refused may judge it, since the app may be authorized anew by now.
        """
        if self.failure is not None:
            raise HerokuUnavailable(self.failure)
        return self.formation or Formation()

    def changed(self, quantities: Mapping[str, int]) -> Self:
        """Return the reading as it is after guv changed those process types."""
        if self.formation is None:
            return self
        changed = {**self.formation.quantities, **quantities}
        return replace(self, formation=replace(self.formation, quantities=changed, etag=None))

    def dump(self) -> str:
        """Return the reading as JSON."""
        formation = asdict(self.formation) if self.formation else None
        return json.dumps([self.asked_at, self.read_at, formation, self.failure, self.lasting])

    @classmethod
    def load(cls, text: str | bytes) -> Self:
        """Return the reading that `dump` wrote."""
        asked_at, read_at, formation, *failure = json.loads(text)
        return cls(asked_at, read_at, Formation(**formation) if formation else None, *failure)


class FormationCache(Protocol):
    """Latest reading of each app's formation."""

    def find(self, app_id: UUID) -> CachedFormation | None:
        """Return the latest reading that is still kept."""

    def put(self, app_id: UUID, reading: CachedFormation) -> None:
        """Keep the reading for all roles of the app."""

    def turn(self, app_id: UUID, now: datetime) -> AbstractContextManager[CachedFormation | None]:
        """Yield the latest reading once it is the caller's turn to ask Heroku.

        The reading is fresh where somebody else has just read.

        Raises:
            HerokuUnavailable: Somebody else asks Heroku, and it takes too long.
        """


class RedisFormationCache:
    """Readings in Redis; while Redis is away the cache is empty and everybody reads.

    Args:
        redis: Shared by all processes.
        patience: Seconds that one reading may take, with a refresh of its token before it.
    """

    def __init__(self, redis: Redis, patience: float) -> None:
        self._redis = redis
        self._patience = patience

    def find(self, app_id: UUID) -> CachedFormation | None:
        """Return the latest reading that is still kept."""
        with suppress(RedisError, ValueError, TypeError):
            kept: Any = self._redis.get(_key(app_id))
            return None if kept is None else CachedFormation.load(kept)
        return None

    def put(self, app_id: UUID, reading: CachedFormation) -> None:
        """Keep the reading for all processes."""
        with suppress(RedisError):
            self._redis.set(_key(app_id), reading.dump(), ex=KEPT_S)

    @contextmanager
    def turn(self, app_id: UUID, now: datetime) -> Iterator[CachedFormation | None]:
        """Yield the latest reading once it is the caller's turn, as `FormationCache` says."""
        lock = self._redis.lock(f"{_key(app_id)}:lock", timeout=self._patience + 1)
        try:
            with suppress(RedisError):
                self._wait(lock, app_id, now)
            yield self.find(app_id)
        finally:
            with suppress(RedisError):
                if lock.local.token is not None:
                    lock.release()

    def _wait(self, lock: redis_lock.Lock, app_id: UUID, now: datetime) -> None:
        end = steady_seconds() + self._patience
        while not lock.acquire(blocking=False):
            time.sleep(POLL_S)
            reading = self.find(app_id)
            if reading is not None and reading.is_fresh(now):
                return
            if steady_seconds() > end:
                raise HerokuUnavailable("its answer to another role of the app takes too long")


class InMemoryFormationCache:
    """Readings in the memory of a process without Redis."""

    def __init__(self) -> None:
        self._readings: dict[UUID, CachedFormation] = {}
        self._turns: dict[UUID, Lock] = {}

    def find(self, app_id: UUID) -> CachedFormation | None:
        """Return the latest reading."""
        return self._readings.get(app_id)

    def put(self, app_id: UUID, reading: CachedFormation) -> None:
        """Keep the reading for the other roles of the app."""
        self._readings[app_id] = reading

    @contextmanager
    def turn(self, app_id: UUID, now: datetime) -> Iterator[CachedFormation | None]:  # noqa: ARG002 - the Protocol's
        """Yield the latest reading once it is the caller's turn."""
        with self._turns.setdefault(app_id, Lock()):
            yield self.find(app_id)


def note_changes(cache: FormationCache, app_id: UUID, quantities: Mapping[str, int]) -> None:
    """Tell all roles of the app the quantities that Heroku runs after a change of guv's."""
    reading = cache.find(app_id)
    if reading is not None:
        cache.put(app_id, reading.changed(quantities))


def _key(app_id: UUID) -> str:
    return f"guv:heroku:formation:{app_id}"
