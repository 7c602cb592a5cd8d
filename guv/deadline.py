"""How long may an answer take in all? Connections whose waits end at one common instant.

httpx counts its timeouts anew for every piece that arrives: a server that sends a byte a second
would hold a thread for hours.
"""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from guv.clock import steady_seconds

_local = threading.local()


@contextmanager
def until(end: float) -> Iterator[None]:
    """A block in which this thread's reads, writes and connects end at that instant at the latest.

    Args:
        end: As `guv.moment.steady_seconds` counts.
    """
    _local.end = end
    try:
        yield
    finally:
        _local.end = None


class PatientBackend(httpcore.SyncBackend):
    """The usual network, whose streams keep to `until`."""

    def connect_tcp(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        """A connected stream."""
        return _Stream(super().connect_tcp(*args, **_shortened(options)))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, time_left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, time_left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = time_left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _shortened(options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "timeout": time_left(options.get("timeout"), httpcore.ConnectTimeout)}


def time_left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """The seconds that a wait may take: its own timeout, or what is left of all."""
    end: float | None = getattr(_local, "end", None)
    if end is None:
        return timeout
    left = end - steady_seconds()
    if left <= 0:
        raise error("no time is left")
    return left if timeout is None else min(timeout, left)
