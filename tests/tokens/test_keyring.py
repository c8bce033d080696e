"""Keys over time: retired ones verify for a retention, compromised ones never, and a restart forgets none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from endsession.store.provider_keys import ProviderKeys
from endsession.store.script import Database
from endsession.tokens.keyring import KeyRing
from endsession.tokens.keys import KeySet

from .reading import public, ring

K1, K2 = public("RS256"), public("RS256", "k2")
DAY = 86_400.0


class Clock:
    """The time, set by hand."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def replace(keys: KeyRing, *members: Mapping[str, Any]) -> None:
    """The provider publishes these now."""
    keys.replace(KeySet.load({"keys": list(members)}))


def kids(keys: KeyRing, kid: str | None = None) -> list[str | None]:
    """The keys that may have signed."""
    return [key.kid for key in keys.candidates("RS256", kid)]


def test_a_retired_key_verifies_for_its_retention() -> None:
    """It vanished from the set at most 45 days ago; after that it is gone. Current ones come first."""
    clock = Clock()
    keys = ring({"keys": [K1]}, clock, retention=45 * DAY)
    replace(keys, K2)
    assert kids(keys, K1["kid"]) == [K1["kid"]]
    assert kids(keys) == [K2["kid"], K1["kid"]]
    clock.now += 45 * DAY - 1
    assert kids(keys, K1["kid"]) == [K1["kid"]]
    clock.now += 1
    assert kids(keys, K1["kid"]) == []
    assert [key["kid"] for key in keys.public()] == [K2["kid"]]


def test_the_retention_begins_when_the_key_was_seen_last() -> None:
    """A key that comes back is current again, and its retention begins anew when it goes."""
    clock = Clock()
    keys = ring({"keys": [K1]}, clock, retention=DAY)
    replace(keys, K2)
    clock.now += DAY - 1
    replace(keys, K1, K2)
    clock.now += 10 * DAY
    assert kids(keys, K1["kid"]) == [K1["kid"]]
    replace(keys, K2)
    clock.now += DAY - 1
    assert kids(keys, K1["kid"]) == [K1["kid"]]


def test_a_compromised_key_never_verifies() -> None:
    """Neither while it is published, nor when it is retired, nor without a kid in the token."""
    keys = ring({"keys": [K1, K2]}, compromised=[K1["kid"]])
    assert kids(keys) == [K2["kid"]]
    assert kids(keys, K1["kid"]) == []
    replace(keys, K2)
    assert kids(keys, K1["kid"]) == []
    assert kids(keys) == [K2["kid"]]


async def test_a_restart_forgets_no_key(store: Database) -> None:
    """What the provider was seen to have is remembered, by issuer, with the time at which it was seen last."""
    clock = Clock()
    first = KeyRing(clock, memory=ProviderKeys(store, "acme"))
    replace(first, K1)
    await first.save()
    clock.now += 10 * DAY
    replace(first, K2)
    await first.save()
    clock.now += 20 * DAY
    again = KeyRing(clock, memory=ProviderKeys(store, "acme"))
    assert again.empty
    await again.recall()
    assert set(kids(again)) == {K1["kid"], K2["kid"]}
    replace(again, K2)
    clock.now += 15 * DAY
    assert kids(again, K1["kid"]) == []
    other = KeyRing(clock, memory=ProviderKeys(store, "globex"))
    await other.recall()
    assert other.empty


async def test_what_is_remembered_is_public() -> None:
    """No private part, and no symmetric key, goes into the memory."""
    saved: list[dict[str, Any]] = []

    class Memory:
        async def load(self) -> list[tuple[Mapping[str, Any], float]]:
            return []

        async def save(self, keys: Iterable[Mapping[str, Any]], now: float) -> None:
            saved.extend(dict(key) for key in keys)

    keys = KeyRing(Clock(), memory=Memory())
    replace(keys, K1, {"kty": "oct", "k": "c2VjcmV0", "kid": "s"})
    await keys.save()
    assert [key["kid"] for key in saved] == [K1["kid"]]
    assert "d" not in saved[0]
