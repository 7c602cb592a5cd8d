"""Virtual hosts, users, queues and messages; what consumers hold comes back when they go."""

import itertools
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import quote


class UnknownQueue(Exception):
    """There is no such virtual host, or no such queue in it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `number` tells it from all others of the broker."""

    number: int
    body: bytes
    redelivered: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What the broker says of a queue at one moment; the last four count since its start."""

    messages_ready: int = 0
    messages_unacknowledged: int = 0
    consumers: int = 0
    publish: int = 0
    deliver: int = 0
    redeliver: int = 0
    ack: int = 0


@dataclass(slots=True)
class Queue:
    """One queue, and what its statistics showed at the beginning of this slot of time."""

    name: str
    ready: deque[Message] = field(default_factory=deque)
    unacked: dict[int, Message] = field(default_factory=dict)
    now: Counts = Counts()
    slot: int = 0
    shown: Counts | None = None

    def live(self) -> Counts:
        """Return the current counts."""
        return replace(
            self.now,
            messages_ready=len(self.ready),
            messages_unacknowledged=len(self.unacked),
        )


@dataclass(frozen=True, slots=True)
class MemoryAccess:
    """A user of one virtual host; never printed with the password."""

    vhost: str
    user: str
    password: str

    def management_url(self, base: str) -> str:
        """Return the broker's URL as guv takes it, for a sandbox at `base`."""
        scheme, _, host = base.partition("://")
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"{scheme}://{login}@{host}?vhost={quote(self.vhost, safe='')}"

    def __repr__(self) -> str:
        return f"MemoryAccess({self.vhost}, {self.user})"


class Consumer(Protocol):
    """One subscriber of a queue who holds at most one message."""

    def take(self, seconds: float) -> Message | None:
        """Return the next message, or None when none comes in time."""

    def ack(self, message: Message) -> None:
        """Acknowledge the message."""

    def close(self) -> None:
        """Unsubscribe; an unacknowledged message becomes ready again."""


class MemoryBroker:
    """The broker; every method may be called from any thread.

    Args:
        slot: Seconds for which statistics stay as they are, as RabbitMQ's do for 5; 0: they
            are always fresh.
        clock: Seconds that only grow.
    """

    def __init__(self, slot: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.slot = slot
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        self._numbers = itertools.count(1)
        self._queues: dict[str, dict[str, Queue]] = {}
        self._users: dict[str, MemoryAccess] = {}

    def new_vhost(self, name: str) -> MemoryAccess:
        """Create an empty virtual host and a user who may watch it."""
        access = MemoryAccess(name, f"{name}-watcher", secrets.token_urlsafe(12))
        with self._changed:
            self._queues[name] = {}
            self._users[access.user] = access
        return access

    def who(self, user: str, password: str) -> MemoryAccess | None:
        """Return the user with that name and password."""
        with self._changed:
            access = self._users.get(user)
        if access is None or not secrets.compare_digest(
            access.password.encode(), password.encode()
        ):
            return None
        return access

    def has_vhost(self, name: str) -> bool:
        """Check that there is such a virtual host."""
        with self._changed:
            return name in self._queues

    def declare(self, vhost: str, name: str) -> None:
        """Create the queue unless it exists.

        Raises:
            UnknownQueue: There is no such virtual host.
        """
        with self._changed:
            if vhost not in self._queues:
                raise UnknownQueue(vhost)
            queue = Queue(name, slot=self._slot_now())
            self._queues[vhost].setdefault(name, queue)

    def delete(self, vhost: str, name: str) -> None:
        """Delete the queue and its messages."""
        with self._changed:
            self._queues[vhost].pop(name, None)

    def publish(self, vhost: str, name: str, body: bytes) -> None:
        """Append a message; errors as in `counts`."""
        with self._changed:
            queue = self._to_change(vhost, name)
            queue.ready.append(Message(next(self._numbers), body))
            queue.now = replace(queue.now, publish=queue.now.publish + 1)
            self._changed.notify_all()

    def consume(self, vhost: str, name: str) -> Consumer:
        """Subscribe to the queue; errors as in `counts`."""
        with self._changed:
            queue = self._to_change(vhost, name)
            queue.now = replace(queue.now, consumers=queue.now.consumers + 1)
        return _MemoryConsumer(self, vhost, name)

    def counts(self, vhost: str, name: str, *, live: bool) -> Counts:
        """Return what the queue's statistics show, or its current counts where `live`.

        Raises:
            UnknownQueue: It is not there.
        """
        with self._changed:
            queue = self._to_change(vhost, name)
            return queue.live() if live or queue.shown is None else queue.shown

    def names(self, vhost: str) -> list[str]:
        """List the queues of a virtual host; errors as in `counts`."""
        with self._changed:
            if vhost not in self._queues:
                raise UnknownQueue(vhost)
            return sorted(self._queues[vhost])

    def take(self, vhost: str, name: str, seconds: float) -> Message | None:
        """Deliver the next message, unacknowledged, or return None when none comes in time."""
        end = self._clock() + seconds
        with self._changed:
            while not (queue := self._to_change(vhost, name)).ready:
                left = end - self._clock()
                if left <= 0 or not self._changed.wait(left):
                    return None
            message = queue.ready.popleft()
            queue.unacked[message.number] = message
            queue.now = replace(
                queue.now,
                deliver=queue.now.deliver + 1,
                redeliver=queue.now.redeliver + message.redelivered,
            )
            return message

    def ack(self, vhost: str, name: str, message: Message) -> None:
        """Acknowledge the message, which is gone then."""
        with self._changed:
            queue = self._to_change(vhost, name)
            if queue.unacked.pop(message.number, None) is not None:
                queue.now = replace(queue.now, ack=queue.now.ack + 1)

    def leave(self, vhost: str, name: str, held: Message | None) -> None:
        """Remove a consumer, and put the message that it held back at the front."""
        with self._changed:
            queue = self._to_change(vhost, name)
            queue.now = replace(queue.now, consumers=queue.now.consumers - 1)
            if held is not None and queue.unacked.pop(held.number, None) is not None:
                queue.ready.appendleft(replace(held, redelivered=True))
                self._changed.notify_all()

    def _to_change(self, vhost: str, name: str) -> Queue:
        """Return the queue, with its statistics brought to the beginning of this slot."""
        queue = self._queues.get(vhost, {}).get(name)
        if queue is None:
            raise UnknownQueue(name)
        slot = self._slot_now()
        if slot != queue.slot:
            queue.slot, queue.shown = slot, queue.live()
        return queue

    def _slot_now(self) -> int:
        return int(self._clock() / self.slot) if self.slot else 0


class _MemoryConsumer:
    def __init__(self, broker: MemoryBroker, vhost: str, name: str) -> None:
        self._broker = broker
        self._where = (vhost, name)
        self._held: Message | None = None

    def take(self, seconds: float) -> Message | None:
        self._held = self._broker.take(*self._where, seconds)
        return self._held

    def ack(self, message: Message) -> None:
        self._broker.ack(*self._where, message)
        self._held = None

    def close(self) -> None:
        self._broker.leave(*self._where, self._held)
