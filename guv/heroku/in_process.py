"""What stands for Redis where a process is alone? Its own memory, for as long as it lives."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from uuid import UUID

from guv.heroku.call_budget import Budget, Need
from guv.heroku.formation_cache import Seen, Shelf


class NoBudget(Budget):
    """Nobody's calls are counted: every call is made, and Heroku says no itself."""

    def __init__(self) -> None:
        pass

    def take(self, account: str, need: Need, now: datetime) -> None:
        """Nothing; the call may be made."""

    def learn(self, account: str, remaining: int, now: datetime) -> None:
        """Nothing."""


class OwnShelf(Shelf):
    """The latest reading of each app, for the roles of this process."""

    def __init__(self) -> None:
        self._seen: dict[UUID, Seen] = {}
        self._turns: dict[UUID, Lock] = {}

    def find(self, app_id: UUID) -> Seen | None:
        """What was read last; None: nothing yet."""
        return self._seen.get(app_id)

    def put(self, app_id: UUID, seen: Seen) -> None:
        """Nothing; the app's other roles find it."""
        self._seen[app_id] = seen

    @contextmanager
    def turn(self, app_id: UUID, now: datetime) -> Iterator[Seen | None]:  # noqa: ARG002 - as there
        """What was read last, once it is the caller's turn."""
        with self._turns.setdefault(app_id, Lock()):
            yield self.find(app_id)
