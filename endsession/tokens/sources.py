"""Where an issuer's keys come from: the settings, a file that may change, or the provider's `jwks_uri`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..protocol.errors import ServiceUnavailable
from .keyring import KeyRing
from .keys import Key, KeySet, UnusableKey

log = logging.getLogger(__name__)

_RETRY_WITHOUT_KEYS = 5
"""Seconds after which a provider is asked again while there are no keys of it at all."""


class InlineKeys:
    """Keys that stand in the settings."""

    def __init__(self, ring: KeyRing) -> None:
        """`ring` has the keys."""
        self._ring = ring

    async def candidates(self, alg: str, kid: str | None) -> list[Key]:
        """See KeySource."""
        return self._ring.candidates(alg, kid)

    def public(self) -> list[dict[str, Any]]:
        """See KeySource."""
        return self._ring.public()


class FileKeys:
    """Keys in a file. A changed file is read again, at most once a second; one that became unreadable is not."""

    def __init__(self, path: Path, ring: KeyRing, clock: Callable[[], float]) -> None:
        """Raises UnusableKey or OSError when the file cannot be read now."""
        self._path, self._ring, self._clock = path, ring, clock
        self._stamp = self._look()
        self._read()
        self._looked_at = clock()

    def _look(self) -> tuple[int, int, int]:
        status = os.stat(self._path)
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> None:
        self._ring.replace(parse_keys(self._path.read_bytes()))

    async def candidates(self, alg: str, kid: str | None) -> list[Key]:
        """See KeySource."""
        now = self._clock()
        if abs(now - self._looked_at) >= 1:  # whichever way the clock was set
            self._looked_at = now
            try:
                if (stamp := self._look()) != self._stamp:
                    self._read()
                    self._stamp = stamp
                    log.info("keys read again from %s", self._path)
                    await self._ring.save()
            except (OSError, UnusableKey, ServiceUnavailable) as error:
                log.warning("keys of %s stay as they were: %s", self._path, error)
        return self._ring.candidates(alg, kid)

    def public(self) -> list[dict[str, Any]]:
        """See KeySource."""
        return self._ring.public()


@dataclass(frozen=True, slots=True)
class Fetched:
    """An HTTP answer: status, headers with lower-case names, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Fetch = Callable[[str, Mapping[str, str]], Awaitable[Fetched]]
"""GET a URL with these headers, within a time-out and a size bound. Raises OSError when that does not work."""


class RemoteKeys:
    """Keys at the provider's `jwks_uri`.

    Known keys answer at once, also when they are stale or the provider is down: a refresh happens beside the request.
    Only a request for a key that is not known waits for a refresh, and refreshes for that reason are at least
    `min_interval` seconds apart however many such requests come (T22). One refresh is under way at a time.
    """

    def __init__(
        self,
        url: str,
        fetch: Fetch,
        ring: KeyRing,
        clock: Callable[[], float],
        *,
        min_interval: float = 30,
        lifetime: tuple[float, float] = (60, 86_400),
    ) -> None:
        """`lifetime` bounds, in seconds, what the provider's Cache-Control may ask for."""
        self._url, self._fetch, self._ring, self._clock = url, fetch, ring, clock
        self._min_interval, self._lifetime = min_interval, lifetime
        self._validators: dict[str, str] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lives = 0.0
        self._refreshing: asyncio.Task[None] | None = None

    async def candidates(self, alg: str, kid: str | None) -> list[Key]:
        """See KeySource."""
        found = self._ring.candidates(alg, kid)
        if found:
            if self._passed(self._lives, since=self._fetched_at) and self._may_ask():
                self._refresh()
            return found
        if self._may_ask() or self._refreshing:
            await asyncio.shield(self._refresh())
        if self._ring.empty:
            detail = f"the keys of {self._url} could not be fetched"
            raise ServiceUnavailable(detail=detail, retry_after=_RETRY_WITHOUT_KEYS)
        return self._ring.candidates(alg, kid)

    def public(self) -> list[dict[str, Any]]:
        """See KeySource."""
        return self._ring.public()

    def _may_ask(self) -> bool:
        interval = min(self._min_interval, _RETRY_WITHOUT_KEYS) if self._ring.empty else self._min_interval
        return self._passed(interval, since=self._tried_at)

    def _passed(self, seconds: float, *, since: float) -> bool:
        """Whether that much time has passed; a clock that was set back must not make anything wait for it."""
        return abs(self._clock() - since) >= seconds

    def _refresh(self) -> asyncio.Task[None]:
        if self._refreshing is None:
            self._tried_at = self._clock()
            self._refreshing = asyncio.create_task(self._load())
        return self._refreshing

    async def _load(self) -> None:
        try:
            answer = await self._fetch(self._url, self._validators)
            if answer.status == 200:
                self._ring.replace(parse_keys(answer.body))
                await self._ring.save()
                self._validators = _validators(answer.headers)
            elif answer.status != 304:
                raise UnusableKey(f"status {answer.status}")
            self._fetched_at, self._lives = self._clock(), self._lifetime_of(answer.headers)
        except (OSError, ValueError, ServiceUnavailable) as error:
            log.warning("the keys of %s could not be fetched: %s", self._url, error)
        finally:
            self._refreshing = None

    def _lifetime_of(self, headers: Mapping[str, str]) -> float:
        shortest, longest = self._lifetime
        for directive in headers.get("cache-control", "").split(","):
            key, _, value = directive.strip().partition("=")
            if key.lower() == "max-age" and value.isascii() and value.isdigit():
                return min(max(float(value), shortest), longest)
        return min(max(3600, shortest), longest)


def parse_keys(octets: bytes) -> KeySet:
    """A JWK Set. Raises UnusableKey for anything else, whatever it is that was sent in its place."""
    try:
        return KeySet.load(json.loads(octets))
    except UnusableKey:
        raise
    except (ValueError, RecursionError) as error:
        raise UnusableKey(f"it is no JWK Set ({type(error).__name__})") from None


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    """What a conditional request sends back (RFC 9110, section 13.1)."""
    pairs = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
    return {header: value for header, value in pairs.items() if value}
