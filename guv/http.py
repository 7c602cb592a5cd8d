"""How do we talk to the outside? Pooled, kept-alive connections that give up in time."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import httpx

from guv.clock import steady_seconds
from guv.deadline import PatientBackend, until
from guv.ssrf import Fence, FencedBackend

KEEPALIVE_S = 120.0  # longer than most intervals, else every tick pays a TLS handshake
CONNECT_S = 1.0
MOST_BYTES = 8_000_000  # unpacked; a list of 2,000 queues takes 0.5 MB


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its status, its unpacked body, and its headers by any case of their names."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return httpx.codes.is_success(self.status)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: It is no JSON, or nested too deeply to be meant.
        """
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None


@cache
def shared_ssl_context() -> ssl.SSLContext:
    """The one TLS context of this process; building one per client costs 17 ms each."""
    return ssl.create_default_context()


def new_client(
    timeout: float,
    *,
    auth: httpx.Auth | None = None,
    headers: dict[str, str] | None = None,
    fence: Fence | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client for one outside system; one for many hosts would search all their connections.

    It follows no redirects: they would carry credentials to where nobody said.

    Args:
        timeout: Seconds that each read or write may take; connecting gets at most 1 second.
        auth: Goes with every request.
        headers: Go with every request.
        fence: Where it may connect to, for an address that a tenant gave; None: anywhere, for
            one that the operator gave.
        transport: Replaces the network, for tests.
    """
    return httpx.Client(
        auth=auth,
        headers=headers,
        timeout=httpx.Timeout(timeout, connect=min(CONNECT_S, timeout)),
        follow_redirects=False,
        transport=transport or _patient_transport(fence),
        trust_env=False,  # a proxy of ours is no business of the tenants' brokers
    )


def _patient_transport(fence: Fence | None) -> httpx.HTTPTransport:
    """A pool of connections that keep to a request's total time."""
    limits = httpx.Limits(keepalive_expiry=KEEPALIVE_S)
    transport = httpx.HTTPTransport(verify=shared_ssl_context(), limits=limits)
    # httpx lets nobody pass a network backend to its pool.
    backend = PatientBackend() if fence is None else FencedBackend(fence)
    transport._pool._network_backend = backend  # noqa: SLF001
    return transport


@lru_cache(maxsize=10_000)
def parse_url(url: str) -> httpx.URL:
    """The address as httpx takes it; a tick asks for the same ones again, and parsing is slow.

    Raises:
        httpx.InvalidURL: It is no address, or its host can be nobody's name.
    """
    found = httpx.URL(url)
    try:
        is_named = bool(found.host)  # looks only now at what a name that begins with xn-- means
    except UnicodeError:
        is_named = False
    if not is_named:
        raise httpx.InvalidURL("no host that can be looked up")
    return found


def fetch(client: httpx.Client, method: str, url: str, seconds: float, **options: Any) -> Answer:
    """The whole answer, read within `seconds` in all and no larger than `MOST_BYTES`.

    A client's own timeout starts again with every byte, so a slow or an endless answer would
    hold a tick for as long as the other side likes.

    Args:
        client: From `new_client`.
        method: HTTP method.
        url: Where to.
        seconds: How long all of it may take.
        **options: As for `httpx.Client.request`.

    Raises:
        httpx.HTTPError: No connection, no answer in time, or one that is too large.
        httpx.InvalidURL: It is no address.
        AddressRefused: The client's fence admits none of the host's addresses.
    """
    end = steady_seconds() + seconds
    body = bytearray()
    with until(end), client.stream(method, parse_url(url), **options) as answer:
        for chunk in answer.iter_bytes():
            body += chunk
            if steady_seconds() > end:
                raise httpx.ReadTimeout("the answer takes too long")
            if len(body) > MOST_BYTES:
                raise httpx.ReadError("the answer is too large")
    return Answer(answer.status_code, bytes(body), answer.headers)
