"""Keys at a `jwks_uri`: fetched rarely, kept while the provider is unavailable, never a way to make us fetch (T22)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from endsession.network.lookup import Lookups
from endsession.protocol.errors import ServiceUnavailable
from endsession.provider.fetch import Fetcher
from endsession.tokens.keyring import KeyRing
from endsession.tokens.sources import RemoteKeys
from tests.kit.provider import Provider, provider
from tests.tokens.reading import public

K1, K2 = public("RS256"), public("RS256", "k2")
KID1, KID2 = K1["kid"], K2["kid"]


class Clock:
    """A time that passes only when a test says so."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def web() -> AsyncIterator[Provider]:
    """A provider that publishes one key."""
    async with provider() as server:
        server.publish(K1)
        yield server


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """The gateway's own."""
    one = Fetcher(Lookups(), timeout=10)
    yield one
    await one.close()


@pytest.fixture
def clock() -> Clock:
    """The time of the key source."""
    return Clock()


@pytest.fixture
def keys(web: Provider, fetcher: Fetcher, clock: Clock) -> RemoteKeys:
    """A key source that has fetched nothing yet."""
    return RemoteKeys(web.url, fetcher.get, KeyRing(clock, retention=0), clock)


async def kids(keys: RemoteKeys, kid: str | None, issued_at: float = 0) -> list[str | None]:
    """The kids of the candidates for a token with this `kid`."""
    return [key.kid for key in await keys.candidates("RS256", kid, issued_at)]


async def settled(keys: RemoteKeys) -> None:
    """Return once no refresh is under way."""
    while (task := keys._remote._refreshing) is not None:
        await asyncio.wait([task])


async def test_keys_are_fetched_when_they_are_first_needed(keys: RemoteKeys, web: Provider) -> None:
    """And not before: an unavailable provider does not stop the gateway from starting."""
    assert web.requests == []
    assert await kids(keys, KID1) == [KID1]
    assert web.requests[0][""] == "GET /jwks.json HTTP/1.1"
    assert web.requests[0]["accept"] == "application/json"


async def test_known_keys_are_not_fetched_again(keys: RemoteKeys, web: Provider, clock: Clock) -> None:
    """Within their lifetime: an hour, unless the provider says otherwise."""
    for _ in range(5):
        assert await kids(keys, KID1) == [KID1]
        clock.now += 700
    await settled(keys)
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 3600),
        ("max-age=600", 600),
        ("public, Max-Age=600, must-revalidate", 600),
        ("max-age=0", 60),
        ("max-age=59", 60),
        ("no-store", 3600),
        ("max-age=31536000", 86_400),
        ("max-age=" + "9" * 400, 86_400),
        ("max-age=-1", 3600),
        ("max-age=soon", 3600),
        ("max-age=\xb2", 3600),
        ("max-age", 3600),
    ],
)
async def test_the_lifetime_is_the_providers_within_bounds(
    keys: RemoteKeys, web: Provider, clock: Clock, header: str, seconds: int
) -> None:
    """A minute at least, a day at most."""
    web.publish(K1, cache_control=header)
    await kids(keys, KID1)
    clock.now += seconds - 1
    await kids(keys, KID1)
    await settled(keys)
    assert len(web.requests) == 1
    clock.now += 1
    await kids(keys, KID1)
    await settled(keys)
    assert len(web.requests) == 2


async def test_stale_keys_answer_at_once(keys: RemoteKeys, web: Provider, clock: Clock) -> None:
    """The refresh runs in the background; nobody waits for a slow provider."""
    await kids(keys, KID1)
    web.open.clear()
    web.publish(K2)
    clock.now += 3600
    assert await asyncio.wait_for(kids(keys, KID1), 1) == [KID1]
    await web.wait_for(2)
    assert await asyncio.wait_for(kids(keys, KID1), 1) == [KID1]
    web.open.set()
    await settled(keys)
    assert await kids(keys, KID2) == [KID2]
    assert len(web.requests) == 2


async def test_a_withdrawn_key_is_gone_after_the_refresh(keys: RemoteKeys, web: Provider, clock: Clock) -> None:
    """A key that the provider takes back verifies nothing any more."""
    await kids(keys, KID1)
    web.publish(K2)
    clock.now += 3600
    await kids(keys, KID1)
    await settled(keys)
    assert await kids(keys, KID1) == []


async def test_keys_are_asked_for_conditionally(keys: RemoteKeys, web: Provider, clock: Clock) -> None:
    """304 keeps them and starts their lifetime anew (RFC 9110, section 13.1)."""
    modified = "Sat, 01 Nov 2025 00:00:00 GMT"
    web.publish(K1, etag='"one"', last_modified=modified)
    await kids(keys, KID1)
    assert "if-none-match" not in web.requests[0]
    web.status, web.body, web.headers = "304 Not Modified", b"", {"cache-control": "max-age=7200"}
    clock.now += 3600
    await kids(keys, KID1)
    await settled(keys)
    assert (web.requests[1]["if-none-match"], web.requests[1]["if-modified-since"]) == ('"one"', modified)
    clock.now += 7199
    assert await kids(keys, KID1) == [KID1]
    await settled(keys)
    assert len(web.requests) == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("500 Internal Server Error", b""),
        ("404 Not Found", b'{"keys": []}'),
        ("204 No Content", b""),
        ("200 OK", b"<html>maintenance</html>"),
        ("200 OK", b'{"error": "busy"}'),
        ("200 OK", b"[" * 100_000),
        ("200 OK", b'{"keys": ' + b"9" * 10_000 + b"}"),
        ("200 OK", b"\xff\xfe\x00"),
        ("200 OK", b""),
        ("200 OK", b" " * 300_000),
    ],
    ids=lambda part: str(part)[:24],
)
async def test_a_provider_in_trouble_takes_no_keys_away(
    keys: RemoteKeys, web: Provider, clock: Clock, status: str, body: bytes
) -> None:
    """Whatever it answers instead of keys; it is asked again after a while, and no sooner."""
    await kids(keys, KID1)
    web.break_down(status, body)
    clock.now += 3600
    for _ in range(3):
        assert await kids(keys, KID1) == [KID1]
        await settled(keys)
    assert len(web.requests) == 2
    clock.now += 30
    assert await kids(keys, KID1) == [KID1]
    await settled(keys)
    assert len(web.requests) == 3
    web.publish(K1, K2)
    clock.now += 30
    assert await kids(keys, KID2) == [KID2]


async def test_what_is_published_is_what_is_known(keys: RemoteKeys) -> None:
    """For the JWK Set of an issuer that publishes the provider's keys as well."""
    assert keys.public() == []
    await kids(keys, KID1)
    assert [key["kid"] for key in keys.public()] == [KID1]


async def test_rubbish_beside_the_keys_does_no_harm(keys: RemoteKeys, web: Provider) -> None:
    """One broken key is no reason to refuse the others."""
    web.publish({**K2, "kid": ["a", "list"]}, {"kty": "new"}, K1)
    assert await kids(keys, KID1) == [KID1]


async def test_an_unknown_kid_is_looked_for_once_in_a_while(keys: RemoteKeys, web: Provider, clock: Clock) -> None:
    """However many tokens come with however many names (T22)."""
    await kids(keys, KID1)
    for number in range(50):
        assert await kids(keys, f"made-up-{number}") == []
    clock.now += 29
    assert await kids(keys, "made-up") == []
    assert len(web.requests) == 1
    clock.now += 1
    for number in range(50):
        assert await kids(keys, f"made-up-{number}") == []
    assert len(web.requests) == 2


async def test_a_new_key_is_found_at_once(keys: RemoteKeys, web: Provider, clock: Clock) -> None:
    """A provider that has rotated its keys: the first token waits for the refresh, and verifies."""
    await kids(keys, KID1)
    web.publish(K1, K2)
    clock.now += 30
    assert await kids(keys, KID2) == [KID2]


async def test_many_requests_share_one_fetch(keys: RemoteKeys, web: Provider) -> None:
    """One refresh is under way at a time, whatever is asked for meanwhile."""
    web.open.clear()
    waiting = [asyncio.create_task(kids(keys, kid)) for kid in (KID1, KID1, "made-up", None) for _ in range(5)]
    await web.wait_for(1)
    web.open.set()
    answers = await asyncio.gather(*waiting)
    assert len(web.requests) == 1
    assert answers == [[KID1]] * 10 + [[]] * 5 + [[KID1]] * 5


async def test_a_waiting_request_that_goes_away_does_not_spoil_it_for_others(keys: RemoteKeys, web: Provider) -> None:
    """The fetch goes on when the browser that started it hangs up."""
    web.open.clear()
    first = asyncio.create_task(kids(keys, KID1))
    await web.wait_for(1)
    second = asyncio.create_task(kids(keys, KID1))
    first.cancel()
    await asyncio.wait([first])
    web.open.set()
    assert await second == [KID1]


async def test_without_any_keys_the_service_is_unavailable(keys: RemoteKeys, web: Provider, clock: Clock) -> None:
    """Not the hint's fault: 503, and a new attempt when the answer said that one may come back."""
    web.break_down()
    for _ in range(3):
        with pytest.raises(ServiceUnavailable) as refusal:
            await kids(keys, KID1)
    assert len(web.requests) == 1
    web.publish(K1)
    clock.now += int(refusal.value.headers["Retry-After"])
    assert await kids(keys, KID1) == [KID1]


async def test_a_clock_that_is_set_back_stops_nothing(keys: RemoteKeys, web: Provider, clock: Clock) -> None:
    """Neither the lifetime nor the interval waits until the clock has caught up."""
    await kids(keys, KID1)
    clock.now -= 1_000_000
    web.publish(K1, K2)
    assert await kids(keys, KID2) == [KID2]
    clock.now -= 1_000_000
    web.publish(K1)
    await kids(keys, KID1)
    await settled(keys)
    assert await kids(keys, KID2) == []
