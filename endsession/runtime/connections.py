"""How many connections there are, in all and of one address: each holds a file descriptor, and memory."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from ..limiter import network_of

log = logging.getLogger(__name__)

QUIET = 60.0
"""Seconds between two warnings about the same bound."""


class Connections:
    """Counts the connections of a listener's clients. Of a trusted proxy there may be as many as in all."""

    def __init__(
        self,
        most: int,
        most_per_address: int,
        proxies: Sequence[str] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`proxies` are addresses or networks. `clock` gives seconds since any moment."""
        self._most, self._most_per_address, self._clock = most, most_per_address, clock
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]
        self._count = 0
        self._by_address: Counter[str] = Counter()
        self._warned_at: dict[str, float] = {}

    def add(self, peer: str) -> bool:
        """Count a connection from an address; False, and nothing is counted, if there are as many as there may be."""
        address = network_of(peer)
        if self._count >= self._most:
            self._warn("limits.connections", f"there are {self._most} connections already, and no more are taken")
            return False
        if self._by_address[address] >= self._most_per_address and not self._is_proxy(peer):
            self._warn(
                "limits.connections_per_address",
                f"{peer} has {self._most_per_address} connections already, and gets no more"
                " (if it is a proxy: name it in server.trusted_proxies)",
            )
            return False
        self._count += 1
        self._by_address[address] += 1
        return True

    def remove(self, peer: str) -> None:
        """A connection that was counted has ended."""
        address = network_of(peer)
        self._count -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def _is_proxy(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address.version == proxy.version and address in proxy for proxy in self._proxies)

    def _warn(self, setting: str, message: str) -> None:
        now = self._clock()
        if now - self._warned_at.get(setting, float("-inf")) >= QUIET:
            self._warned_at[setting] = now
            log.warning("%s: %s", setting, message)
