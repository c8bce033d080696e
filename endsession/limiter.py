"""Rate limits: how many logout requests are taken from one address, client or issuer.

Counting is a library's (`limits`); what is counted, and when, is decided by the steps of a logout.
"""

from __future__ import annotations

import ipaddress
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from .protocol.errors import RateLimited


class Limiter:
    """Counts requests. A rate is `60/minute`; the empty text is no limit."""

    def __init__(self, *, per_address: str, per_client: str, per_issuer: str) -> None:
        self._counter = FixedWindowRateLimiter(MemoryStorage())
        self._per_address, self._per_client, self._per_issuer = map(_rate, (per_address, per_client, per_issuer))

    async def take_from_address(self, address: str) -> None:
        """Count a request of a client address, before anything is spent on it. Raises RateLimited."""
        if self._per_address:
            await self._take(self._per_address, "address", network_of(address))

    async def take_from_client(self, issuer_id: str, client_id: str) -> None:
        """Count a request with a verified hint, so that nobody can use up another's allowance. Raises RateLimited."""
        if self._per_client:
            await self._take(self._per_client, "client", issuer_id, client_id)

    async def take_from_issuer(self, issuer_id: str) -> None:
        """Count a request at an issuer. Raises RateLimited."""
        if self._per_issuer:
            await self._take(self._per_issuer, "issuer", issuer_id)

    async def _take(self, rate: RateLimitItem, *key: str) -> None:
        if not await self._counter.hit(rate, *key):
            reset_at, _ = await self._counter.get_window_stats(rate, *key)
            raise RateLimited(int(reset_at - time.time()) + 1, detail=f"over the limit per {key[0]}")


def _rate(text: str) -> RateLimitItem | None:
    return parse(text) if text else None


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 network that an IPv6 subscriber has to himself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
