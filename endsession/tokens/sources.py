"""Where an issuer's keys come from: the settings, a file that may change, or the provider's `jwks_uri`."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..protocol.errors import ProviderUnavailable, ServiceUnavailable
from ..provider.remote import Fetch, Remote
from .keyring import KeyRing
from .keys import Key, KeySet, UnusableKey, public_part

log = logging.getLogger(__name__)


class InlineKeys:
    """Keys that stand in the settings."""

    def __init__(self, ring: KeyRing) -> None:
        """`ring` has the keys."""
        self._ring = ring

    async def candidates(self, alg: str, kid: str | None, issued_at: float) -> list[Key]:
        """See KeySource."""
        return self._ring.candidates(alg, kid, issued_at)

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

    async def candidates(self, alg: str, kid: str | None, issued_at: float) -> list[Key]:
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
                else:
                    await self._ring.still_there()
            except (OSError, UnusableKey, ServiceUnavailable) as error:
                log.warning("could not reload keys from %s; keeping the previous ones: %s", self._path, error)
        return self._ring.candidates(alg, kid, issued_at)

    def public(self) -> list[dict[str, Any]]:
        """See KeySource."""
        return self._ring.public()


class RemoteKeys:
    """Keys at the provider's `jwks_uri`. Only a request for a key that is not known waits for them (see Remote)."""

    def __init__(
        self, url: str, fetch: Fetch, ring: KeyRing, clock: Callable[[], float], *, unsaid: float = 3600
    ) -> None:
        """`ring` keeps the keys, and may know some from before; `unsaid` is Remote's."""
        self._ring = ring
        self._published: list[dict[str, Any]] | None = None
        self._remote = Remote(
            url, fetch, self._take, lambda: not ring.empty, clock, unchanged=ring.still_there, unsaid=unsaid
        )

    async def candidates(self, alg: str, kid: str | None, issued_at: float) -> list[Key]:
        """See KeySource."""
        if found := self._ring.candidates(alg, kid, issued_at):
            self._remote.refresh_if_stale()
            return found
        await self._remote.look()
        self._refuse_unknown()
        return self._ring.candidates(alg, kid, issued_at)

    def _refuse_unknown(self) -> None:
        if self._ring.empty:
            raise ProviderUnavailable(detail=f"the keys of {self._remote.url} could not be fetched")

    def public(self) -> list[dict[str, Any]]:
        """See KeySource."""
        return self._ring.public()

    @property
    def remote(self) -> Remote:
        """What fetches them."""
        return self._remote

    async def published(self) -> list[dict[str, Any]]:
        """The JWKs as the provider publishes them, those of unknown types too, but for compromised ones.

        They are as new as its Cache-Control asks for, and the last known while it is unavailable; the list is the same
        until they change. Raises ProviderUnavailable while they have never been seen.
        """
        await self._remote.refresh()
        self._refuse_unknown()
        if self._published is None:  # of before this process began
            self._published = self._ring.public()
        return self._published

    async def _take(self, octets: bytes) -> None:
        self._ring.replace(parse_keys(octets))
        members = [key for key in json.loads(octets)["keys"] if isinstance(key, dict) and key.get("kty") != "oct"]
        published = [public_part(key) for key in members if self._ring.passes(key)]
        if published != self._published:
            self._published = published
        await self._ring.save()


def parse_keys(octets: bytes) -> KeySet:
    """A JWK Set. Raises UnusableKey for anything else, whatever it is that was sent in its place."""
    try:
        return KeySet.load(json.loads(octets))
    except UnusableKey:
        raise
    except (ValueError, RecursionError) as error:
        raise UnusableKey(f"it is not a JWK Set ({type(error).__name__})") from None
