"""How do we talk to the outside? Pooled, kept-alive connections that give up in time."""

import ssl
from functools import cache

import httpx

KEEPALIVE_S = 120.0  # longer than most intervals, else every tick pays a TLS handshake
CONNECT_S = 1.0


@cache
def shared_ssl_context() -> ssl.SSLContext:
    """The one TLS context of this process; building one per client costs 17 ms each."""
    return ssl.create_default_context()


def new_client(
    timeout: float,
    *,
    auth: httpx.Auth | None = None,
    headers: dict[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client for one outside system; one for many hosts would search all their connections.

    Args:
        timeout: Seconds that each read or write may take; connecting gets at most 1 second.
        auth: Goes with every request.
        headers: Go with every request.
        transport: Replaces the network, for tests.
    """
    return httpx.Client(
        auth=auth,
        headers=headers,
        timeout=httpx.Timeout(timeout, connect=min(CONNECT_S, timeout)),
        limits=httpx.Limits(keepalive_expiry=KEEPALIVE_S),
        verify=shared_ssl_context(),
        transport=transport,
    )
