"""SSRF guard for tenant-supplied URLs: which addresses guv may call.

Ranges come from IANA's special-purpose registries as Python's `ipaddress` knows them, and from what
wraps or hides such an address. `guv.http.FencedBackend` applies them to every connection.
"""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all of IPv6 that IANA has assigned
_NAT64 = IPv6Network("64:ff9b::/96")  # the last four bytes are an IPv4 address
_SPECIAL = (  # ranges that Python's list lacks
    IPv4Network("192.0.0.0/24"),  # before Python 3.11.10; holds Oracle's metadata service
    IPv4Network("168.63.129.16/32"),  # on Azure the host of the virtual machine
)


@dataclass(frozen=True, slots=True)
class Fence:
    """The addresses that a tenant's URL may lead to: public ones, and those of some networks.

    Attributes:
        besides: Networks that are allowed although they are not public.
    """

    besides: tuple[Network, ...] = ()

    def admits(self, text: str) -> bool:
        """Whether guv may connect to an address."""
        address = _unwrapped(ip_address(text))
        return is_public(address) or any(address in network for network in self.besides)


ANYWHERE = Fence((IPv4Network("0.0.0.0/0"), IPv6Network("::/0")))  # for one's own brokers


def is_public(address: Address) -> bool:
    """Whether an address is routed on the internet and reserved for no special purpose."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def read_networks(text: str) -> tuple[Network, ...]:
    """Parse a list of networks such as "10.0.0.0/8, ::1/128".

    Raises:
        ValueError: An entry is not a network.
    """
    try:
        return tuple(ip_network(entry.strip()) for entry in text.split(",") if entry.strip())
    except ValueError:
        raise ValueError("must be networks such as 10.0.0.0/8, separated by commas") from None


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 address, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
