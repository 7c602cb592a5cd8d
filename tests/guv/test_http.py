"""Limits of HTTP answers in time, size and nesting."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import create_server, socket
from threading import Thread

import httpx
import pytest

from guv import http
from guv.clock import steady_seconds
from guv.http import fetch, new_client


@contextmanager
def server(serve: Callable[[socket], None]) -> Iterator[str]:
    """Answer a single connection on a thread with `serve`."""
    with create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                serve(connection)

        thread = Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def dribble_a_body(connection: socket) -> None:
    """Send a byte every 50 ms, which no timeout of a single read notices."""
    dribble(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")


def dribble_a_header(connection: socket) -> None:
    dribble(connection, b"HTTP/1.1 200 OK\r\nX-Endless: ")


def dribble(connection: socket, beginning: bytes) -> None:
    try:
        connection.sendall(beginning)
        for _ in range(1000):
            connection.sendall(b" ")
            connection.settimeout(0.05)
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue
    except OSError:
        return


def say_nothing(connection: socket) -> None:
    connection.recv(1)


@pytest.mark.parametrize("serve", [dribble_a_body, dribble_a_header])
def test_a_slow_http_answer_times_out(serve: Callable[[socket], None]) -> None:
    start = steady_seconds()
    with new_client(0.5) as client, server(serve) as url, pytest.raises(httpx.TimeoutException):
        fetch(client, "GET", url, 0.4)
    assert steady_seconds() - start < 2.0


def test_a_silent_http_server_times_out() -> None:
    with (
        new_client(0.3) as client,
        server(say_nothing) as url,
        pytest.raises(httpx.TimeoutException),
    ):
        fetch(client, "GET", url, 0.3)


def test_an_endless_http_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 1000)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"x" * 1001))
    with new_client(1.0, transport=transport) as client, pytest.raises(httpx.ReadError):
        fetch(client, "GET", "http://host/", 1.0)


def test_a_compressed_http_answer_is_decompressed() -> None:
    packed = httpx.MockTransport(
        lambda _: httpx.Response(
            200,
            headers={"Content-Encoding": "gzip"},
            content=gzip.compress(b"[]"),
        )
    )
    with new_client(1.0, transport=packed) as client:
        assert fetch(client, "GET", "http://host/", 1.0).json() == []


def test_an_answer_nested_too_deeply_is_not_json() -> None:
    with pytest.raises(ValueError, match=r"deeply|Expecting"):
        http.Answer(200, b"[" * 1_000_000).json()
