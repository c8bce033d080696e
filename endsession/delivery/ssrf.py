"""Which addresses a delivery may go to (T13).

An app's URL is chosen by the person who registers it, so a delivery must not become a way to reach what only this
machine can reach. Private, loopback, link-local and other special addresses are refused, also when an IPv6 address
embeds one, unless the operator allows the network by name (`delivery.allow_networks`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_SPECIAL = (
    ipaddress.IPv6Network("fec0::/10"),
    ipaddress.IPv6Network("3fff::/20"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
)
"""What `is_global` takes for global: the former site-local addresses, new ones for documentation, and a local NAT64's.

The last are never judged by the IPv4 address in them: where it stands depends on that NAT64's prefix (RFC 6052, section
2.2; RFC 8215, section 5).
"""
LOOPBACK: tuple[Network, ...] = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))


def refusal(address: str, allowed: Sequence[Network]) -> str | None:
    """Why `address` may not be connected to; None when it may. `allowed` are the operator's networks."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "it is not an IP address"
    for meaning in _meanings(parsed):
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
