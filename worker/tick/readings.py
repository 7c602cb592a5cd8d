"""What do roles of an app that tick together share? Looks at broker and formation, and a change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from threading import Lock
from uuid import UUID

from guv.apps.models import Broker
from guv.errors import BrokerRefused, BrokerUnreachable, QueueMissing
from guv.heroku.formation_cache import Seen, Shelf
from guv.rabbitmq.client import QueueCounts, counts_of
from worker.process.changes import SharedChanges
from worker.process.runtime import BrokerClients, Runtime

Look = Mapping[str, QueueCounts | QueueMissing]


def together(runtime: Runtime, queues: Iterable[str]) -> Runtime:
    """The same, for one round of ticks of an app's roles, which are fed by those queues."""
    brokers = SharedBroker(runtime.brokers, sorted(set(queues)))
    return replace(runtime, brokers=brokers, shelf=NearShelf(runtime.shelf))


def at_once(runtime: Runtime, roles: int) -> Runtime:
    """The same, for so many roles of an app that tick at the same time."""
    return replace(runtime, changes=SharedChanges(runtime.heroku, roles))


class SharedBroker(BrokerClients):
    """The app's broker, asked once for all queues of the round.

    Args:
        clients: Of the process.
        queues: Of all roles of the round.
    """

    def __init__(self, clients: BrokerClients, queues: Sequence[str]) -> None:
        self._of_process = clients
        self._queues = queues
        self._turn = Lock()
        self._look: Look | BrokerUnreachable | BrokerRefused | QueueMissing | None = None

    def read_queues(self, broker: Broker, names: Sequence[str]) -> dict[str, QueueCounts]:
        """The counts of those queues, or what the broker said instead to all of the round."""
        with self._turn:
            if self._look is None:
                self._look = self._looked(broker)
        if isinstance(self._look, Exception):
            raise self._look.with_traceback(None)
        return counts_of(self._look, names)

    def _looked(self, broker: Broker) -> Look | BrokerUnreachable | BrokerRefused | QueueMissing:
        try:
            return self._of_process.client_of(broker).look(self._queues)
        except (BrokerUnreachable, BrokerRefused, QueueMissing) as failure:
            return failure


class NearShelf(Shelf):
    """What this round knows of its app's formation; Redis is asked once.

    Args:
        shelf: Where all processes look.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._far = shelf
        self._near: dict[UUID, Seen] = {}

    def find(self, app_id: UUID) -> Seen | None:
        """What was read last."""
        seen = self._near.get(app_id) or self._far.find(app_id)
        if seen is not None:
            self._near[app_id] = seen
        return seen

    def put(self, app_id: UUID, seen: Seen) -> None:
        """Nothing; the round and all others find it."""
        self._near[app_id] = seen
        self._far.put(app_id, seen)

    def note_change(self, app_id: UUID, process_type: str, quantity: int) -> None:
        """Nothing; the round and all others find the new quantity."""
        self._far.note_change(app_id, process_type, quantity)
        self._near.pop(app_id, None)

    @contextmanager
    def turn(self, app_id: UUID, now: datetime) -> Iterator[Seen | None]:
        """What was read last, once it is the caller's turn among all processes."""
        with self._far.turn(app_id, now) as seen:
            yield seen
