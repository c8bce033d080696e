"""Keys that the provider takes back, and keys that it keeps: what a look at its `jwks_uri` says of each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from endsession.network.lookup import Lookups
from endsession.provider.fetch import Fetcher
from endsession.store.provider_keys import ProviderKeys
from endsession.store.script import Database
from endsession.tokens.keyring import KeyRing
from endsession.tokens.sources import RemoteKeys
from tests.kit.provider import Provider, provider

from .test_remote_keys import K1, K2, KID1, KID2, Clock, kids, settled


@pytest.fixture
async def provider_and_fetcher() -> AsyncIterator[tuple[Provider, Fetcher]]:
    """A provider that publishes one key, and the gateway's own fetcher."""
    fetcher = Fetcher(Lookups(), timeout=10)
    async with provider() as web:
        web.publish(K1, etag='"first"')
        yield web, fetcher
    await fetcher.close()


async def test_a_newer_token_of_a_withdrawn_key_is_looked_into(provider_and_fetcher: tuple[Provider, Fetcher]) -> None:
    """The provider may have the key again: it is asked before the token is refused."""
    (web, fetcher), clock = provider_and_fetcher, Clock()
    keys = RemoteKeys(web.url, fetcher.get, KeyRing(clock), clock)
    await kids(keys, KID1)
    web.publish(K2)
    clock.now += 3600
    await kids(keys, KID2)
    gone = clock.now
    clock.now += 3600
    assert await kids(keys, KID1, gone) == [KID1]
    await settled(keys)
    clock.now += 30
    assert await kids(keys, KID1, clock.now) == []
    web.publish(K1, K2)
    clock.now += 30
    assert await kids(keys, KID1, clock.now) == [KID1]


async def test_a_304_says_that_the_keys_are_still_there(
    store: Database, provider_and_fetcher: tuple[Provider, Fetcher]
) -> None:
    """It counts as seen: what is remembered for a restart does not grow old meanwhile."""
    (web, fetcher), clock = provider_and_fetcher, Clock()
    keys = RemoteKeys(web.url, fetcher.get, KeyRing(clock, memory=ProviderKeys(store, "acme")), clock)
    await kids(keys, KID1)
    web.status, web.body, web.headers = "304 Not Modified", b"", {}
    clock.now += 100 * 86_400
    await kids(keys, KID1)
    await settled(keys)
    ((_, seen_at, gone_at),) = await ProviderKeys(store, "acme").load()
    assert (seen_at, gone_at) == (clock.now, None)
