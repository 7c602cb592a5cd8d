"""Where may a tenant's URL lead? Onto the internet, and into no network of ours.

Every address that a host's name stands for is judged, and the one that was judged is connected to:
a name that means something else a moment later (DNS rebinding) gains nothing. Ranges: the special
registries of IANA as Python's `ipaddress` knows them, and what wraps or hides such an address.
"""

import socket
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from threading import Thread
from typing import Any

import httpcore

from guv.deadline import PatientBackend, time_left
from guv.errors import AddressRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Iterable[str]]

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA has given out of IPv6
_NAT64 = IPv6Network("64:ff9b::/96")  # the last four bytes are an IPv4 address
_SPECIAL = (  # that Python's list lacks
    IPv4Network("192.0.0.0/24"),  # before Python 3.11.10; Oracle's metadata are in it
    IPv4Network("168.63.129.16/32"),  # on Azure: the machine's own host
)


@dataclass(frozen=True, slots=True)
class Fence:
    """The addresses that a tenant's URL may lead to.

    Attributes:
        besides: Networks that are allowed although they are not public.
    """

    besides: tuple[Network, ...] = ()

    def admits(self, text: str) -> bool:
        """Whether an address, as text, may be called."""
        address = _unwrapped(ip_address(text))
        return is_public(address) or any(address in network for network in self.besides)


def is_public(address: Address) -> bool:
    """Whether the internet knows the address, and nobody else has another meaning for it."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address wraps; itself where it wraps none."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def read_networks(text: str) -> tuple[Network, ...]:
    """The networks of a list such as "10.0.0.0/8, ::1/128".

    Raises:
        ValueError: One of them is no network.
    """
    try:
        return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError:
        raise ValueError("must be networks such as 10.0.0.0/8, separated by commas") from None


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses that a host's name stands for, in the order to try them.

    Raises:
        OSError: Nobody knows it.
        UnicodeError: It cannot be a host's name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


ANYWHERE = Fence((IPv4Network("0.0.0.0/0"), IPv6Network("::/0")))  # for one's own brokers


class FencedBackend(PatientBackend):
    """The network as far as a fence lets it be reached.

    Args:
        fence: What may be called.
        resolve: Says which addresses a host and a port stand for.
    """

    def __init__(self, fence: Fence, resolve: Resolve = addresses_of) -> None:
        self._fence = fence
        self._resolve = resolve

    def connect_tcp(
        self, host: str, port: int, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        """A stream connected to an address of the host that the fence admits.

        Raises:
            AddressRefused: It has none.
            httpcore.ConnectError: The host is unknown or refuses.
            httpcore.ConnectTimeout: No connection in time.
        """
        found = _resolved(self._resolve, host, port, options.get("timeout"))
        admitted = [address for address in found if self._fence.admits(address)]
        if not admitted:
            raise AddressRefused
        for address in admitted[:-1]:
            try:
                return super().connect_tcp(address, port, *args, **options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(admitted[-1], port, *args, **options)


def _resolved(resolve: Resolve, host: str, port: int, timeout: float | None) -> list[str]:
    """The host's addresses, within the time; the system's resolver takes its own time."""
    answer: Future[list[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(list(resolve(host, port)))
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)

    Thread(target=ask, daemon=True, name="resolver").start()
    try:
        return answer.result(time_left(timeout, httpcore.ConnectTimeout))
    except TimeoutError:
        raise httpcore.ConnectTimeout("the host's name was not resolved in time") from None
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from None
