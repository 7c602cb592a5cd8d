"""Broker clients: connections do not pile up, whatever brokers answer (public case BC48)."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

import pytest

from guv.apps.models import Broker
from guv.crypto import Sealer
from guv.errors import BrokerUnreachable
from tests.builders import LOOPBACK, NOON
from worker.process.runtime import BrokerClients

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"
FAULT = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}"


class CountingBroker:
    """Broker that answers with a fault or a 404 in turn, and counts all connections."""

    def __init__(self) -> None:
        self.connections = 0
        self._answers = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65536):
                self._answers += 1
                connection.sendall(FAULT if self._answers % 5 == 0 else NOT_FOUND)


@contextmanager
def counting_broker() -> Iterator[CountingBroker]:
    broker = CountingBroker()
    try:
        yield broker
    finally:
        broker.close()


@pytest.fixture
def clients(sealer: Sealer) -> Iterator[BrokerClients]:
    clients = BrokerClients(sealer, timeout=3, fence=LOOPBACK)
    yield clients
    clients.close()


def a_row(sealer: Sealer, url: str) -> Broker:
    return Broker(
        id=uuid4(),
        tenant_id=uuid4(),
        app_id=uuid4(),
        url_sealed=sealer.seal(url),
        address="",
        updated_at=NOON,
    )


def test_fifty_polls_of_a_broker_in_trouble_use_one_connection(
    sealer: Sealer, clients: BrokerClients
) -> None:
    with counting_broker() as broker:
        row = a_row(sealer, f"http://u:p@127.0.0.1:{broker.port}?vhost=v")
        for _ in range(50):
            with suppress(Exception):
                clients.client_of(row).read_queues(["jobs"])
        assert broker.connections == 1


def test_a_changed_broker_url_gets_a_new_client_and_closes_the_old_client(
    sealer: Sealer, clients: BrokerClients
) -> None:
    row = a_row(sealer, "http://u:p@127.0.0.1:9")
    first = clients.client_of(row)
    row.url_sealed = sealer.seal("http://u:new@127.0.0.1:9")
    assert clients.client_of(row) is not first
    with pytest.raises((RuntimeError, BrokerUnreachable)):
        first.read_queues(["jobs"])


def test_an_unchanged_broker_url_keeps_its_client(sealer: Sealer, clients: BrokerClients) -> None:
    row = a_row(sealer, "http://u:p@127.0.0.1:9")
    assert clients.client_of(row) is clients.client_of(row)
