"""Which addresses a delivery may go to (T13).

An app's URL is chosen by the person who registers it, so a delivery must not become a way to reach what only this
machine can reach. Private, loopback, link-local and other special addresses are refused, also when an IPv6 address
embeds one, unless the operator allows the network by name (`delivery.allow_networks`). Addresses at which a cloud gives
out credentials need more than a network that includes them: the operator has to name the very address.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from ..protocol.client import is_loopback

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_SPECIAL = (
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv6Network("fec0::/10"),
    ipaddress.IPv6Network("3fff::/20"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
)
"""What `is_global` takes for global, on some versions of Python: special addresses of IPv4 (RFC 6890), the former
site-local addresses, new ones for documentation, and a local NAT64's.

The last are never judged by the IPv4 address in them: where it stands depends on that NAT64's prefix (RFC 6052, section
2.2; RFC 8215, section 5).
"""
LOOPBACK: tuple[Network, ...] = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))


_METADATA: frozenset[Address] = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # AWS, Google, Azure, Oracle, DigitalOcean and others
            "169.254.170.2",  # AWS: credentials of ECS tasks
            "169.254.170.23",  # AWS: credentials of EKS pods
            "fd00:ec2::254",  # AWS, the same by IPv6
            "fd00:ec2::23",
            "fd20:ce::254",  # Google by IPv6
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle Classic
            "168.63.129.16",  # Azure's wire server: a public address that only its own machines reach
        ),
    )
)
"""Where clouds give machines their credentials. No app lives there, and networks that are often allowed have some."""


def refusal(address: str, allowed: Sequence[Network]) -> str | None:
    """Why `address` may not be connected to; None when it may. `allowed` are the operator's networks."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "it is not an IP address"
    for meaning in _meanings(parsed):
        if meaning in _METADATA:
            if any(meaning == network.network_address and network.num_addresses == 1 for network in allowed):
                continue
            return f"{parsed} is where a cloud gives out credentials; delivery.allow_networks has to name just it"
        if any(meaning.version == network.version and meaning in network for network in allowed):
            continue
        special = (
            meaning.is_multicast
            or meaning.is_reserved
            or meaning.is_unspecified
            or any(meaning in net for net in _SPECIAL)
        )
        if special or not meaning.is_global:
            return f"{parsed} is a private or special address; delivery.allow_networks can allow its network"
    return None


def unreachable(url: str, allowed: Sequence[Network]) -> str | None:
    """Why a delivery to `url` is refused, as far as the URL itself tells; None where only looking its name up does.

    A host in numbers is read as the system's resolver reads it: `127.1` and `0x7f000001` are 127.0.0.1.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "its host or port is malformed"
    if parts.scheme not in ("http", "https"):
        return "it is neither an https nor an http URL"
    if port == 0:
        return "nothing can listen at port 0"
    if is_loopback(host) and not host[:1].isdigit() and ":" not in host:
        return refusal("127.0.0.1", allowed) and refusal("::1", allowed)
    try:
        return refusal(host if ":" in host else socket.inet_ntoa(socket.inet_aton(host)), allowed)
    except OSError:
        return None


def _meanings(address: Address) -> Iterator[Address]:
    """The address, and every IPv4 address that a network on the way may take it for."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    embedded = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    found = [inner for inner in embedded if inner is not None]
    # An address that stands for an IPv4 one is judged by that one; is_global says too much of NAT64 and 6to4.
    yield from found or [address]
