"""The SSRF guard: refused addresses, resolution and redirects."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import httpcore
import httpx
import pytest

from guv.clock import steady_seconds
from guv.errors import AddressRefused, BrokerUnreachable
from guv.http import FencedBackend, addresses_of, deadline, fetch, new_client
from guv.rabbitmq.client import BrokerClient, parse_broker_url
from guv.ssrf import Fence, read_networks
from tests.builders import LOOPBACK

CLOSED = Fence()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104  # this machine, for a client
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # metadata of most clouds
        "168.63.129.16",  # Azure's
        "100.100.100.200",  # Alibaba's, in the range of carriers' address translation
        "192.0.0.192",  # Oracle's
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",  # IPv4-compatible
        "::ffff:127.0.0.1",  # IPv4-mapped
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::1",  # 6to4 of 127.0.0.1
        "2002:a9fe:a9fe::1",
        "2001:0:7f00:1::1",  # Teredo
        "2001:db8::1",
        "100::1",
        "fc00::1",
        "fd00:ec2::254",  # Amazon's metadata
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    ],
)
def test_no_address_of_a_private_or_special_network_is_admitted(address: str) -> None:
    assert not CLOSED.admits(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "34.23.1.2",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2002:101:101::1",
        "2606:4700::1111",
    ],
)
def test_every_address_of_the_internet_is_admitted(address: str) -> None:
    assert CLOSED.admits(address)


def test_the_operator_can_allow_single_private_networks() -> None:
    fence = Fence(read_networks("10.1.0.0/16, fd12::/16,"))

    assert fence.admits("10.1.2.3")
    assert fence.admits("::ffff:10.1.2.3")
    assert fence.admits("fd12::1")
    assert not fence.admits("10.2.0.1")
    assert not fence.admits("127.0.0.1")


@pytest.mark.parametrize("text", ["10.0.0.0/33", "home", "10.0.0.1/8"])
def test_an_invalid_allowed_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/8, separated by commas"):
        read_networks(text)


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[tuple[int, list[str]]]:
    """Yield a port and the local addresses at which it was connected to.

    The addresses are complete when the block has ended.
    """
    seen: list[str] = []
    with socket.create_server((address, 0)) as listener:
        listener.settimeout(0.1)
        is_over = Event()

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    if is_over.is_set():  # and nobody waits any more
                        return
                    continue
                seen.append(connection.getsockname()[0])
                connection.close()

        thread = Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1], seen
        is_over.set()
        thread.join()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:7f00:1]"]
)
def test_no_spelling_of_a_private_address_is_connected_to(host: str) -> None:
    with listening() as (port, seen):
        client = BrokerClient(
            parse_broker_url(f"http://me:pw@{host}:{port}"), timeout=1.0, fence=CLOSED
        )
        with pytest.raises(BrokerUnreachable, match="reached from the internet") as refused:
            client.list_queues()
        client.close()

    assert seen == []
    assert "127.0.0.1" not in str(refused.value)


def test_dns_rebinding_does_not_reach_a_private_address() -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    with listening() as (port, seen):
        backend = FencedBackend(LOOPBACK, rebinding)
        backend.connect_tcp("rebinding.example", port, timeout=1.0).close()
        with pytest.raises(AddressRefused):
            backend.connect_tcp("rebinding.example", port, timeout=1.0)

    assert seen == ["127.0.0.1"]  # the address that was judged, not what the name means by then
    assert asked == ["rebinding.example"] * 2


def test_a_host_with_mixed_addresses_is_connected_to_at_public_addresses() -> None:
    with listening("127.0.0.2") as (port, seen):
        both = FencedBackend(
            Fence(read_networks("127.0.0.2/32")), lambda *_: ["10.0.0.1", "127.0.0.2"]
        )
        both.connect_tcp("both.example", port, timeout=1.0).close()

    assert seen == ["127.0.0.2"]


def test_the_next_address_of_a_host_is_tried_after_a_refusal() -> None:
    with listening("127.0.0.2") as (port, seen):
        two = FencedBackend(LOOPBACK, lambda *_: ["127.0.0.9", "127.0.0.2"])
        two.connect_tcp("two.example", port, timeout=1.0).close()

    assert seen == ["127.0.0.2"]


def test_a_silent_resolver_times_out() -> None:
    answered = Event()

    def silent(_host: str, _port: int) -> list[str]:
        answered.wait(10)
        return ["127.0.0.1"]

    start = steady_seconds()
    with deadline(start + 0.2), pytest.raises(httpcore.ConnectTimeout, match="resolved in time"):
        FencedBackend(LOOPBACK, silent).connect_tcp("silent.example", 1, timeout=5.0)
    answered.set()
    assert steady_seconds() - start < 2.0


@pytest.mark.parametrize("host", ["nobody.invalid", "a" * 70 + ".example"])
def test_an_unresolvable_host_is_a_connection_error(host: str) -> None:
    with new_client(2.0, fence=CLOSED) as client, pytest.raises(httpx.ConnectError):
        fetch(client, "GET", f"http://{host}/", 2.0)


def test_repeated_addresses_of_a_host_are_listed_once() -> None:
    assert addresses_of("127.0.0.1", 80) == ["127.0.0.1"]


def test_a_redirect_is_not_followed() -> None:
    moved = httpx.MockTransport(
        lambda request: httpx.Response(
            302 if request.url.host == "public.example" else 200,
            headers={"Location": "http://169.254.169.254/latest/meta-data/"},
        )
    )
    with new_client(1.0, fence=CLOSED, transport=moved) as client:
        assert fetch(client, "GET", "http://public.example/", 1.0).status == 302


def test_a_host_in_an_allowed_private_network_is_connected_to() -> None:
    with (
        listening() as (port, seen),
        new_client(1.0) as client,
        pytest.raises(httpx.HTTPError),
    ):
        fetch(client, "GET", f"http://127.0.0.1:{port}/", 1.0)
    assert seen == ["127.0.0.1"]
