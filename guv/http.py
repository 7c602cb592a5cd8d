"""HTTP clients: pooled connections with one deadline for a whole response.

httpx starts its timeouts anew for every piece that arrives, so a server that sends a byte a second
could hold a thread for hours. The network backends here end all waits of a request at one time.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, cast

import httpcore
import httpx

from guv.clock import steady_seconds
from guv.errors import AddressRefused
from guv.ssrf import Fence

KEEPALIVE_S = 120.0  # longer than most intervals, else every tick would pay for a TLS handshake
CONNECT_S = 1.0  # longest wait for a connection
MOST_BYTES = 8_000_000  # of an unpacked body; a list of 2,000 queues takes 0.5 MB
MOST_URLS = 10_000  # parsed URLs kept by a process; a tick asks for the same ones again

Resolve = Callable[[str, int], Iterable[str]]
_deadline = threading.local()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response: status, unpacked body, and headers by their names in any case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return httpx.codes.is_success(self.status)

    def json(self) -> Any:
        """Parse the body as JSON.

        Raises:
            ValueError: The body is not valid JSON, or is nested too deeply.
        """
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None


@cache
def shared_ssl_context() -> ssl.SSLContext:
    """Return the one TLS context of this process; building one per client costs 17 ms each."""
    return ssl.create_default_context()


def new_client(
    timeout: float,
    *,
    auth: httpx.Auth | None = None,
    headers: dict[str, str] | None = None,
    fence: Fence | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """Make a client for one outside system; a shared one would search the pools of all hosts.

    It follows no redirects, which would carry credentials to another host.

    Args:
        timeout: Seconds that each read or write may take; connecting gets at most `CONNECT_S`.
        auth: Goes with every request.
        headers: Go with every request.
        fence: The addresses it may connect to, for a URL from a tenant; None: all, for a URL
            from the operator.
        transport: Replaces the network, for tests.
    """
    return httpx.Client(
        auth=auth,
        headers=headers,
        timeout=httpx.Timeout(timeout, connect=min(CONNECT_S, timeout)),
        follow_redirects=False,
        transport=transport or PooledTransport(fence),
        trust_env=False,  # the operator's proxy is not for the tenants' brokers
    )


@lru_cache(maxsize=MOST_URLS)
def parse_url(url: str) -> httpx.URL:
    """Parse a URL; results are cached, since parsing is slow.

    Raises:
        httpx.InvalidURL: The URL is malformed, or its host cannot be looked up.
    """
    parsed = httpx.URL(url)
    try:
        has_host = bool(parsed.host)  # httpx decodes a name that begins with xn-- only here
    except UnicodeError:
        has_host = False
    if not has_host:
        raise httpx.InvalidURL("no host that can be looked up")
    return parsed


def fetch(client: httpx.Client, method: str, url: str, seconds: float, **options: Any) -> Answer:
    """Send a request and read the whole response, within `seconds` in all.

    Args:
        client: From `new_client`.
        method: HTTP method.
        url: Absolute URL.
        seconds: Limit for connecting, sending and reading together.
        **options: As for `httpx.Client.request`.

    Raises:
        httpx.HTTPError: No connection, no response in time, or a body above `MOST_BYTES`.
        httpx.InvalidURL: The URL is malformed.
        AddressRefused: The client's fence admits none of the host's addresses.
    """
    end = steady_seconds() + seconds
    body = bytearray()
    with deadline(end), client.stream(method, parse_url(url), **options) as response:
        for chunk in response.iter_bytes():
            body += chunk
            if steady_seconds() > end:
                raise httpx.ReadTimeout("the response takes too long")
            if len(body) > MOST_BYTES:
                raise httpx.ReadError("the response is too large")
    return Answer(response.status_code, bytes(body), response.headers)


@contextmanager
def deadline(end: float) -> Iterator[None]:
    """End the reads, writes and connects of this thread by `end` at the latest.

    Args:
        end: As `guv.clock.steady_seconds` counts.
    """
    _deadline.end = end
    try:
        yield
    finally:
        _deadline.end = None


def time_left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """Return the seconds that a wait may take: `timeout`, or less before the thread's deadline.

    Raises:
        httpcore.TimeoutException: The deadline is over; as the `error` given.
    """
    end: float | None = getattr(_deadline, "end", None)
    if end is None:
        return timeout
    left = end - steady_seconds()
    if left <= 0:
        raise error("no time is left")
    return left if timeout is None else min(timeout, left)


class DeadlineBackend(httpcore.SyncBackend):
    """The network, with streams that keep to the thread's `deadline`."""

    def connect_tcp(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        """Connect a stream."""
        left = time_left(options.get("timeout"), httpcore.ConnectTimeout)
        return _DeadlineStream(super().connect_tcp(*args, **{**options, "timeout": left}))


class FencedBackend(DeadlineBackend):
    """The network as far as a fence admits its addresses.

    A host's addresses are judged and then connected to as they were judged, so a name that
    resolves to something else a moment later (DNS rebinding) gains nothing.

    Args:
        fence: The addresses that may be called.
        resolve: Looks up the addresses of a host and a port.
    """

    def __init__(self, fence: Fence, resolve: Resolve | None = None) -> None:
        self._fence = fence
        self._resolve = resolve or addresses_of

    def connect_tcp(
        self, host: str, port: int, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        """Connect a stream to an address of the host that the fence admits.

        Raises:
            AddressRefused: The host has no such address.
            httpcore.ConnectError: The host is unknown or refuses the connection.
            httpcore.ConnectTimeout: No connection in time.
        """
        addresses = _resolve_in_time(self._resolve, host, port, options.get("timeout"))
        admitted = [address for address in addresses if self._fence.admits(address)]
        if not admitted:
            raise AddressRefused
        for address in admitted[:-1]:
            try:
                return super().connect_tcp(address, port, *args, **options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(admitted[-1], port, *args, **options)


class PooledTransport(httpx.BaseTransport):
    """httpx's transport over a pool whose network backend is given, as httpx itself cannot.

    Args:
        fence: The addresses that may be called; None: all.
    """

    def __init__(self, fence: Fence | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=shared_ssl_context(),
            keepalive_expiry=KEEPALIVE_S,
            network_backend=DeadlineBackend() if fence is None else FencedBackend(fence),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return its response, the body still to be read."""
        url = request.url
        with _httpx_errors():
            response = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(cast("Iterable[bytes]", response.stream)),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class _DeadlineStream(httpcore.NetworkStream):
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
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """Raise httpcore's errors as httpx's, which have the same names."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error


def addresses_of(host: str, port: int) -> list[str]:
    """Look up the addresses of a host, in the order to try them.

    Raises:
        OSError: The name cannot be resolved.
        UnicodeError: The text cannot be a host name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _resolve_in_time(resolve: Resolve, host: str, port: int, timeout: float | None) -> list[str]:
    """Resolve on a thread, since the system's resolver knows no timeout."""
    result: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            result.set_result(list(resolve(host, port)))
        except (OSError, UnicodeError) as error:
            result.set_exception(error)

    threading.Thread(target=look_up, daemon=True, name="resolver").start()
    try:
        return result.result(time_left(timeout, httpcore.ConnectTimeout))
    except TimeoutError:
        raise httpcore.ConnectTimeout("the host's name was not resolved in time") from None
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from None
