"""The keys of a provider over time: those that it has, those that it used to have, and those that are compromised.

A hint outlives the key that signed it: it is sent back weeks after its `exp`, when the provider has rotated its keys.
So a key that vanished from the provider's set goes on verifying for a retention that the issuer sets. A compromised key
never verifies, wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from .keys import MAX_TRIES, Key, KeySet, UnusableKey

DEFAULT_RETENTION = 45 * 86_400.0


class KeyMemory(Protocol):
    """Where keys are remembered, so that a restart forgets none."""

    async def load(self) -> list[tuple[Mapping[str, Any], float]]:
        """Public JWKs that the provider has had, and when it was last seen to have each (seconds since 1970)."""
        ...

    async def save(self, keys: Iterable[Mapping[str, Any]], now: float) -> None:
        """The provider has these now."""
        ...


class KeyRing:
    """Current, retired and compromised keys of one issuer. `retention` is in seconds; `compromised` are kids."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        retention: float = DEFAULT_RETENTION,
        compromised: Iterable[str] = (),
        memory: KeyMemory | None = None,
    ) -> None:
        self._clock, self._retention, self._memory = clock, retention, memory
        self._compromised = frozenset(compromised)
        self._current: KeySet | None = None
        self._retired: dict[str, tuple[Key, float]] = {}
        """By thumbprint, with the time at which each was last seen."""

    @property
    def empty(self) -> bool:
        """Whether the provider's keys have never been seen."""
        return self._current is None and not self._retired

    async def recall(self) -> None:
        """Take in what was remembered before this process began."""
        if self._memory is None:
            return
        for jwk, seen_at in await self._memory.load():
            try:
                key = Key.load(jwk)
            except UnusableKey:
                continue
            self._retired[_thumbprint(key)] = (key, seen_at)

    def replace(self, keys: KeySet) -> None:
        """The provider has these keys now; those that it had before and has not any more are retired."""
        now = self._clock()
        if self._current is not None:
            for key in self._current.keys:
                self._retired[_thumbprint(key)] = (key, now)
        self._current = keys
        for key in keys.keys:
            self._retired.pop(_thumbprint(key), None)

    async def save(self) -> None:
        """Remember the current keys."""
        if self._memory is not None:
            await self._memory.save(self.public(), self._clock())

    def candidates(self, alg: str, kid: str | None) -> list[Key]:
        """The keys that may have made a signature: current ones first."""
        found = self._current.candidates(alg, kid) if self._current is not None else []
        if not found or kid is None:
            found = found + self._retired_candidates(alg, kid)
        return [key for key in found if key.kid not in self._compromised][:MAX_TRIES]

    def _retired_candidates(self, alg: str, kid: str | None) -> list[Key]:
        oldest = self._clock() - self._retention
        return [
            key
            for key, seen_at in self._retired.values()
            if seen_at > oldest and kid in (None, key.kid) and key.kty != "oct" and key.fits(alg, "verify")
        ]

    def public(self) -> list[dict[str, Any]]:
        """The public parts of the current keys."""
        return self._current.public() if self._current is not None else []


def _thumbprint(key: Key) -> str:
    return str(key.jwk.thumbprint())
