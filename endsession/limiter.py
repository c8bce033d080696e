"""Rate limits: how many logout requests are taken from one address, of a client's user, or for an issuer.

Each process counts for itself (`OwnCounter`) or, for several nodes, a library does (`limits`) in a shared Redis or
Valkey. What is counted, and when, is decided by the steps of a logout. When the shared counter is unavailable, each
node counts for itself, says so in the log, and tries it again after a while: a logout never fails with it.
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from redis.exceptions import AuthenticationError, ResponseError

from .protocol.errors import RateLimited

log = logging.getLogger(__name__)

LOOK_AGAIN = 10.0
"""Seconds for which a shared counter that failed is left alone."""

COMMANDS = "EVALSHA, SCRIPT LOAD, INCRBY, EXPIRE, GET and TTL on keys LIMITS:*"
"""What a user of the shared counter has to be allowed."""

MOST = 100_000
"""Windows of one kind that are remembered: with more, the oldest is forgotten before it ends."""


class Limiter:
    """Counts requests. A rate is `60/minute`; an empty string is no limit."""

    def __init__(
        self,
        *,
        per_address: str,
        per_client: str,
        per_issuer: str,
        storage: str = "memory://",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`storage` is `memory://`, or the URL of a Redis or Valkey. `clock` gives seconds since any moment."""
        self._clock = clock
        self._own = OwnCounter()
        self._storage = None if storage == "memory://" else _shared_storage(storage)
        self._shared = FixedWindowRateLimiter(self._storage) if self._storage else None
        self._shared_away_until = 0.0
        self.fallbacks = 0
        """How many requests were counted by this node alone because the shared counter was unavailable."""
        self._per_address, self._per_client, self._per_issuer = map(_rate, (per_address, per_client, per_issuer))

    async def take_from_address(self, address: str) -> None:
        """Count a request of a client address, before anything is spent on it. Raises RateLimited."""
        if self._per_address:
            await self._take(self._per_address, "address", network_of(address))

    async def take_from_client(self, issuer_id: str, client_id: str, sub: str) -> None:
        """Count a request with a verified hint. Raises RateLimited.

        Each user of a client has an allowance: with one for all of them, a single user with many addresses could keep
        everybody else from logging out.
        """
        if self._per_client:
            await self._take(self._per_client, "client", issuer_id, client_id, sub)

    async def take_from_issuer(self, issuer_id: str) -> None:
        """Count a request at an issuer. Raises RateLimited."""
        if self._per_issuer:
            await self._take(self._per_issuer, "issuer", issuer_id)

    async def close(self) -> None:
        """Let go of the shared counter."""
        if self._storage is not None:
            await _close(self._storage)

    async def _take(self, rate: RateLimitItem, *key: str) -> None:
        if self._shared is not None:
            if self._clock() >= self._shared_away_until:
                try:
                    wait = await _wait_of(self._shared, rate, key)
                except StorageError as error:
                    self._shared_away_until = self._clock() + LOOK_AGAIN
                    log.warning("shared rate-limit storage unavailable; each process counts by itself: %s", error)
                else:
                    return _check(wait, key)
            self.fallbacks += 1
        return _check(self._own.count(rate, key, self._clock()), key)


class OwnCounter:
    """Counts in this process, in windows that begin with the first request of a key.

    Not with `limits.aio.storage.MemoryStorage`, which looks through all of its keys at nearly every request: a client
    with many addresses could make it busy with that alone.
    """

    def __init__(self) -> None:
        self._windows: defaultdict[str, OrderedDict[tuple[str, ...], _Window]] = defaultdict(OrderedDict)
        """By what is limited. The windows of one rate are equally long, so the oldest stand in front."""

    def __len__(self) -> int:
        """How many windows are remembered."""
        return sum(map(len, self._windows.values()))

    def count(self, rate: RateLimitItem, key: tuple[str, ...], now: float) -> float:
        """Count a request; `key` begins with what is limited. The result is how long to wait (seconds), or 0."""
        windows = self._windows[key[0]]
        for _ in range(2):  # one may be added, so with two there are ever fewer, and never much to do at once
            if windows and windows[oldest := next(iter(windows))].until <= now:
                del windows[oldest]
        window = windows.get(key)
        if window is None or window.until <= now:
            windows.pop(key, None)
            window = windows[key] = _Window(now + rate.get_expiry())
            if len(windows) > MOST:
                windows.popitem(last=False)
        window.requests += 1
        return 0.0 if window.requests <= rate.amount else window.until - now

    def wait(self, rate: RateLimitItem, key: tuple[str, ...], now: float) -> float:
        """How long (seconds) a further request would have to wait, or 0. Counts nothing."""
        window = self._windows[key[0]].get(key)
        over = window is not None and window.requests >= rate.amount and window.until > now
        return window.until - now if window is not None and over else 0.0


@dataclass(slots=True)
class _Window:
    until: float
    requests: int = 0


async def _wait_of(counter: FixedWindowRateLimiter, rate: RateLimitItem, key: tuple[str, ...]) -> float:
    if await counter.hit(rate, *key):
        return 0.0
    reset_at, _ = await counter.get_window_stats(rate, *key)
    return max(reset_at - time.time(), 0.001)


class CannotCount(Exception):
    """The shared counter cannot be used, and why. `certain` is whether it refused, and so would from any machine."""

    def __init__(self, reason: str, *, certain: bool) -> None:
        super().__init__(reason)
        self.certain = certain


async def try_shared(url: str) -> None:
    """Count once as a limiter does, for `endsession check`; what is counted is gone after a second.

    Raises CannotCount.
    """
    storage = _shared_storage(url)
    counter, rate, key = FixedWindowRateLimiter(storage), parse("1/second"), ("check", secrets.token_hex(8))
    try:
        await counter.hit(rate, *key)
        await counter.get_window_stats(rate, *key)
    except StorageError as error:
        refused = isinstance(error.storage_error, AuthenticationError | ResponseError)
        raise CannotCount(str(error).rstrip("."), certain=refused) from None
    finally:
        await _close(storage)


async def _close(storage: RedisStorage) -> None:
    bridge: Any = storage.bridge
    await bridge.get_connection().aclose()


def _check(wait: float, key: tuple[str, ...]) -> None:
    if wait:
        raise RateLimited(int(wait) + 1, detail=f"over the limit per {key[0]}")


def _shared_storage(url: str) -> RedisStorage:
    valkey = url.startswith("valkey")
    return RedisStorage(
        f"async+redis{url.removeprefix('valkey')}" if valkey else f"async+{url}",
        wrap_exceptions=True,
        implementation="redispy",
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
    )


def _rate(text: str) -> RateLimitItem | None:
    return parse(text) if text else None


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 network that an IPv6 subscriber has to himself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""  # whatever a proxy makes of it: what is no address is no key that somebody could choose
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
