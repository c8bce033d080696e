"""The keys of a provider over time: those that it has, those that it used to have, and those that are compromised.

A hint outlives the key that signed it: it is sent back weeks after its `exp`, when the provider has rotated its keys.
So a key that vanished from the provider's set goes on verifying for a retention that the issuer sets, but only what was
issued before it vanished. A compromised key never verifies, wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..protocol.decide import CLOCK_SKEW
from .keys import MAX_TRIES, Key, KeySet, UnusableKey

DEFAULT_RETENTION = 45 * 86_400.0
SAVE_EVERY = 3600
"""Seconds after which keys that did not change are remembered as seen once more."""


Remembered = tuple[Mapping[str, Any], float, float | None]
"""A public JWK that the provider has had, when it was last seen, and when it was found to be withdrawn, which is None
while it is not. Times are in seconds since 1970."""


class KeyMemory(Protocol):
    """Where keys are remembered, so that a restart forgets none."""

    async def load(self) -> list[Remembered]:
        """The keys that the provider has had."""
        ...

    async def save(self, keys: Iterable[Mapping[str, Any]], now: float) -> None:
        """The provider has these now, and none of the others that are remembered."""
        ...


@dataclass(frozen=True, slots=True)
class _Retired:
    key: Key
    seen_at: float
    gone_at: float


class KeyRing:
    """Current, retired and compromised keys of one issuer.

    `retention` is in seconds; `compromised` has kids and RFC 7638 thumbprints (SHA-256, base64url).
    """

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
        self._retired: dict[str, _Retired] = {}
        """By thumbprint."""
        self._saved_at = float("-inf")

    @property
    def empty(self) -> bool:
        """Whether the provider's keys have never been seen."""
        return self._current is None and not self._retired

    async def recall(self) -> None:
        """Take in what was remembered before this process began.

        Keys that were there at the last look count as the provider's until the next one: a restart withdraws none.
        """
        if self._memory is None:
            return
        current: list[Key] = []
        for jwk, seen_at, gone_at in await self._memory.load():
            try:
                key = Key.load(jwk)
            except UnusableKey:
                continue
            if gone_at is None and seen_at > self._clock() - self._retention:
                current.append(key)
            else:
                self._retired[_thumbprint(key)] = _Retired(key, seen_at, seen_at if gone_at is None else gone_at)
        if current:
            self.replace(KeySet(current))

    def replace(self, keys: KeySet) -> None:
        """The provider has these keys now; those that it had before and has not any more are retired."""
        now = self._clock()
        if self._current is not None:
            for key in self._current.keys:
                self._retired[_thumbprint(key)] = _Retired(key, now, now)
        self._current = keys
        for key in keys.keys:
            self._retired.pop(_thumbprint(key), None)

    async def save(self) -> None:
        """Remember the current keys."""
        if self._memory is not None and self._current is not None:
            self._saved_at = self._clock()
            await self._memory.save(self._current.public(), self._saved_at)

    async def still_there(self) -> None:
        """The provider still has the current keys: remember that they were seen, once in a while."""
        if abs(self._clock() - self._saved_at) >= SAVE_EVERY:
            await self.save()

    def candidates(self, alg: str, kid: str | None, issued_at: float) -> list[Key]:
        """The keys that may have made the signature of a token with this `iat`: current ones first."""
        found = self._current.candidates(alg, kid) if self._current is not None else []
        if not found or kid is None:
            found = found + self._retired_candidates(alg, kid, issued_at)
        return [key for key in found if not self._is_compromised(key)][:MAX_TRIES]

    def _retired_candidates(self, alg: str, kid: str | None, issued_at: float) -> list[Key]:
        oldest = self._clock() - self._retention
        return [
            retired.key
            for retired in self._retired.values()
            if retired.seen_at > oldest
            and issued_at <= retired.gone_at + CLOCK_SKEW
            and kid in (None, retired.key.kid)
            and retired.key.kty != "oct"
            and retired.key.fits(alg, "verify")
        ]

    def _is_compromised(self, key: Key) -> bool:
        return bool(self._compromised) and not self._compromised.isdisjoint((key.kid, _thumbprint(key)))

    def passes(self, jwk: Mapping[str, Any]) -> bool:
        """Whether a published JWK is none of the compromised keys. What cannot be read here has no thumbprint."""
        if not self._compromised:
            return True
        try:
            return not self._is_compromised(Key.load(jwk))
        except (UnusableKey, TypeError):
            return jwk.get("kid") not in self._compromised

    def public(self) -> list[dict[str, Any]]:
        """The public parts of the current keys, without compromised ones."""
        if self._current is None:
            return []
        return KeySet(key for key in self._current.keys if not self._is_compromised(key)).public()


def _thumbprint(key: Key) -> str:
    """RFC 7638, with SHA-256."""
    return str(key.jwk.thumbprint())
