"""Where jobs wait: one queue of a RabbitMQ over AMQP, or of the broker in memory."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel

from sandbox.broker.memory import Consumer, MemoryBroker, UnknownQueue


class BrokerGone(Exception):
    """The broker or the queue is away; connecting again may help."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job in hand; `published` is the text that its producer sent."""

    published: str
    handle: Any


class Hands(Protocol):
    """A dyno's connection; it holds at most one job, which goes back unless acknowledged."""

    def take(self, seconds: float) -> Job | None:
        """Return the next job, or None when none comes in time."""

    def ack(self, job: Job) -> None:
        """Acknowledge the job."""


class Sender(Protocol):
    """A producer's connection."""

    def send(self, text: str) -> None:
        """Publish a job."""


class JobQueue(Protocol):
    """One queue; every use connects anew. All methods, and what they return, raise BrokerGone."""

    def consuming(self) -> contextlib.AbstractContextManager[Hands]:
        """Subscribe until the block ends."""

    def producing(self) -> contextlib.AbstractContextManager[Sender]:
        """Open a sender until the block ends."""


@dataclass(frozen=True, slots=True)
class AmqpQueue:
    """A durable queue of a RabbitMQ; declared by whoever connects first."""

    url: str
    name: str

    @contextmanager
    def consuming(self) -> Iterator[Hands]:
        """Subscribe with a connection of its own and one message in advance."""
        with self._channel() as channel:
            channel.basic_qos(prefetch_count=1)
            yield _AmqpHands(self.name, channel)

    @contextmanager
    def producing(self) -> Iterator[Sender]:
        """Open a sender with a connection of its own."""
        with self._channel() as channel:
            yield _AmqpSender(self.name, channel)

    @contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        parameters = pika.URLParameters(self.url)
        parameters.heartbeat = 0  # nobody answers any while a job runs
        try:
            connection = pika.BlockingConnection(parameters)
            try:
                channel = connection.channel()
                channel.queue_declare(self.name, durable=True)
                yield channel
            finally:
                with contextlib.suppress(pika.exceptions.AMQPError):
                    connection.close()
        except (pika.exceptions.AMQPError, OSError) as error:
            raise BrokerGone(type(error).__name__) from None

    def __repr__(self) -> str:
        return f"AmqpQueue({self.name})"


@dataclass(frozen=True, slots=True)
class _AmqpHands:
    queue: str
    channel: BlockingChannel

    def take(self, seconds: float) -> Job | None:
        method, _, body = next(self.channel.consume(self.queue, inactivity_timeout=seconds))
        return None if method is None else Job(body.decode(), method.delivery_tag)

    def ack(self, job: Job) -> None:
        self.channel.basic_ack(job.handle)


@dataclass(frozen=True, slots=True)
class _AmqpSender:
    queue: str
    channel: BlockingChannel

    def send(self, text: str) -> None:
        persistent = pika.BasicProperties(delivery_mode=2)
        self.channel.basic_publish("", self.queue, text.encode(), persistent)


@dataclass(frozen=True, slots=True)
class MemoryQueue:
    """A queue of the broker in memory."""

    broker: MemoryBroker
    vhost: str
    name: str

    @contextmanager
    def consuming(self) -> Iterator[Hands]:
        """Subscribe to the queue in memory."""
        with _gone_for_unknown():
            self.broker.declare(self.vhost, self.name)
            consumer = self.broker.consume(self.vhost, self.name)
            try:
                yield _MemoryHands(consumer)
            finally:
                consumer.close()

    @contextmanager
    def producing(self) -> Iterator[Sender]:
        """Open a sender to the queue in memory."""
        with _gone_for_unknown():
            self.broker.declare(self.vhost, self.name)
            yield _MemorySender(self)


@dataclass(frozen=True, slots=True)
class _MemoryHands:
    consumer: Consumer

    def take(self, seconds: float) -> Job | None:
        message = self.consumer.take(seconds)
        return None if message is None else Job(message.body.decode(), message)

    def ack(self, job: Job) -> None:
        self.consumer.ack(job.handle)


@dataclass(frozen=True, slots=True)
class _MemorySender:
    queue: MemoryQueue

    def send(self, text: str) -> None:
        self.queue.broker.publish(self.queue.vhost, self.queue.name, text.encode())


@contextmanager
def _gone_for_unknown() -> Iterator[None]:
    try:
        yield
    except UnknownQueue as error:
        raise BrokerGone(f"no queue {error}") from None
