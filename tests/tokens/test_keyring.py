"""Keys over time: retired ones verify for a retention, compromised ones never, and a restart forgets none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from endsession.protocol.decide import CLOCK_SKEW
from endsession.store.provider_keys import ProviderKeys
from endsession.store.script import Database
from endsession.tokens.keyring import KeyRing, Remembered
from endsession.tokens.keys import KeySet

from .reading import public, ring

K1, K2 = public("RS256"), public("RS256", "k2")
DAY = 86_400.0


class Clock:
    """The time, set by hand."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def thumbprint(key: Mapping[str, Any]) -> str:
    """By another library (RFC 7638)."""
    return RSAKey.import_key({name: key[name] for name in ("kty", "n", "e")}).thumbprint()


def replace(keys: KeyRing, *members: Mapping[str, Any]) -> None:
    """The provider publishes these now."""
    keys.replace(KeySet.load({"keys": list(members)}))


def kids(keys: KeyRing, kid: str | None = None, *, issued_at: float = Clock.now) -> list[str | None]:
    """The keys that may have signed a token that was issued then; as time began, if it is not said."""
    return [key.kid for key in keys.candidates("RS256", kid, issued_at)]


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


def test_a_withdrawn_key_verifies_only_what_was_issued_before() -> None:
    """Not what is made with it afterwards: the provider signs with others now. A minute is allowed for the clocks."""
    clock = Clock()
    keys = ring({"keys": [K1]}, clock)
    clock.now += DAY
    replace(keys, K2)
    gone = clock.now
    clock.now += DAY
    assert kids(keys, K1["kid"], issued_at=gone - DAY) == [K1["kid"]]
    assert kids(keys, K1["kid"], issued_at=gone + CLOCK_SKEW) == [K1["kid"]]
    assert kids(keys, K1["kid"], issued_at=gone + CLOCK_SKEW + 1) == []
    assert kids(keys, issued_at=gone + CLOCK_SKEW + 1) == [K2["kid"]]
    assert kids(keys, K2["kid"], issued_at=clock.now) == [K2["kid"]]


async def test_a_restart_withdraws_no_key(store: Database) -> None:
    """The keys of the last look are the provider's, as far as anybody knows; those that were gone then are not."""
    clock = Clock()
    first = KeyRing(clock, memory=ProviderKeys(store, "acme"))
    replace(first, K1)
    await first.save()
    clock.now += DAY
    replace(first, K2)
    await first.save()
    gone = clock.now
    clock.now += DAY
    again = KeyRing(clock, memory=ProviderKeys(store, "acme"))
    await again.recall()
    assert kids(again, K2["kid"], issued_at=clock.now) == [K2["kid"]]
    assert kids(again, K1["kid"], issued_at=gone) == [K1["kid"]]
    assert kids(again, K1["kid"], issued_at=gone + CLOCK_SKEW + 1) == []
    assert [key["kid"] for key in again.public()] == [K2["kid"]]
    # One that comes back is the provider's again, also after the next restart.
    replace(again, K1, K2)
    await again.save()
    third = KeyRing(clock, memory=ProviderKeys(store, "acme"))
    await third.recall()
    assert kids(third, K1["kid"], issued_at=clock.now) == [K1["kid"]]


async def test_a_key_that_is_still_there_is_remembered_as_seen_now(store: Database) -> None:
    """However long it has not changed: a restart counts the retention from the last look, not from the first."""
    clock = Clock()
    first = KeyRing(clock, retention=DAY, memory=ProviderKeys(store, "acme"))
    replace(first, K1)
    await first.save()
    clock.now += 10 * DAY
    await first.still_there()
    again = KeyRing(clock, retention=DAY, memory=ProviderKeys(store, "acme"))
    await again.recall()
    replace(again, K2)
    assert kids(again, K1["kid"]) == [K1["kid"]]


@pytest.mark.parametrize(
    "key", [K1, {**K1, "kid": None}, {**K1, "kid": "another", "use": None}], ids=["kid", "none", "new"]
)
def test_a_compromised_key_is_named_by_its_thumbprint(key: dict[str, Any]) -> None:
    """RFC 7638: it stays the same, whichever `kid` the key is published under, and if there is none."""
    published = {name: value for name, value in key.items() if value is not None}
    keys = ring({"keys": [published, K2]}, compromised=[thumbprint(K1)])
    assert kids(keys) == [K2["kid"]]
    assert kids(keys, published.get("kid", "k")) == []
    replace(keys, K2)
    assert kids(keys) == [K2["kid"]]


def test_a_compromised_key_is_not_published_either() -> None:
    """An issuer that publishes the provider's keys must not vouch for this one."""
    for name in (K1["kid"], thumbprint(K1)):
        assert [key["kid"] for key in ring({"keys": [K1, K2]}, compromised=[name]).public()] == [K2["kid"]]


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
        async def load(self) -> list[Remembered]:
            return []

        async def save(self, keys: Iterable[Mapping[str, Any]], now: float) -> None:
            saved.extend(dict(key) for key in keys)

    keys = KeyRing(Clock(), memory=Memory())
    replace(keys, K1, {"kty": "oct", "k": "c2VjcmV0", "kid": "s"})
    await keys.save()
    assert [key["kid"] for key in saved] == [K1["kid"]]
    assert "d" not in saved[0]
