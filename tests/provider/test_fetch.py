"""Fetching what a provider publishes, from servers that are slow, broken or hostile."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from endsession.network.lookup import Lookups
from endsession.provider.fetch import MAX_BYTES, Fetcher, fetch_behind
from endsession.provider.remote import Fetched
from tests.kit.deployment import cookie_of, deploy
from tests.kit.flow import HTML, PLAIN
from tests.kit.provider import Provider, provider
from tests.kit.tokens import id_token, jwks


@pytest.fixture
async def web() -> AsyncIterator[Provider]:
    """A provider that answers `hello`."""
    async with provider() as server:
        server.body = b"hello"
        yield server


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """One that does not wait long."""
    one = Fetcher(Lookups(), timeout=0.3)
    yield one
    await one.close()


async def get(fetcher: Fetcher, url: str) -> Fetched:
    """Fetch, with a limit that no fetch should ever reach."""
    async with asyncio.timeout(5):
        return await fetcher.get(url, {})


async def test_an_answer(fetcher: Fetcher, web: Provider) -> None:
    """Status, body, and headers by their lower-case names."""
    web.headers = {"ETag": '"one"'}
    answer = await fetcher.get(web.url, {"If-None-Match": '"zero"'})
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"hello", '"one"')
    assert web.requests[0]["if-none-match"] == '"zero"'


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirects_are_not_followed(fetcher: Fetcher, web: Provider, status: str) -> None:
    """The operator named an address; a provider that moves is to be named anew (T13)."""
    web.status, web.headers = status, {"location": web.url}
    assert (await get(fetcher, web.url)).status == int(status[:3])
    assert len(web.requests) == 1


async def test_a_proxy_of_the_environment_is_not_used(web: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where requests go is the operator's word in the settings, and nobody else's."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    fetcher = Fetcher(Lookups(), timeout=5)
    assert (await get(fetcher, web.url)).body == b"hello"
    await fetcher.close()


async def test_a_large_answer_is_refused(fetcher: Fetcher, web: Provider) -> None:
    """Up to a bound, which is far above any key set."""
    web.body = b"x" * MAX_BYTES
    assert len((await get(fetcher, web.url)).body) == MAX_BYTES
    web.body += b"x"
    with pytest.raises(OSError, match="longer than"):
        await get(fetcher, web.url)


async def test_an_endless_answer_is_refused(fetcher: Fetcher, web: Provider) -> None:
    """Without a Content-Length the octets are counted."""

    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    web.misbehave = pour
    with pytest.raises(OSError, match="longer than"):
        await get(fetcher, web.url)


async def test_a_compressed_answer_is_not_inflated(fetcher: Fetcher, web: Provider) -> None:
    """None is asked for, and one that comes all the same is not unpacked: it could be a bomb."""
    web.body = gzip.compress(b"x" * 50_000_000)
    web.headers = {"content-encoding": "gzip"}
    answer = await get(fetcher, web.url)
    assert web.requests[0]["accept-encoding"] == "identity"
    assert answer.body == web.body


async def test_a_server_that_hangs(fetcher: Fetcher, web: Provider) -> None:
    """It takes the connection and says nothing."""
    web.open.clear()
    with pytest.raises(OSError, match=r"."):
        await get(fetcher, web.url)


async def test_a_server_that_drips(fetcher: Fetcher, web: Provider) -> None:
    """An octet now and then keeps no fetch alive: the limit is for all of it."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    web.misbehave = drip
    with pytest.raises(OSError, match="no whole answer within"):
        await get(fetcher, web.url)


@pytest.mark.parametrize(
    "answer", [b"", b"hello", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"]
)
async def test_a_server_that_speaks_no_http(fetcher: Fetcher, web: Provider, answer: bytes) -> None:
    """Or stops in the middle."""

    async def babble(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    web.misbehave = babble
    with pytest.raises(OSError, match=r"."):
        await get(fetcher, web.url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/", "gopher://127.0.0.1/", "http://[", "nonsense", ""]
)
async def test_a_server_that_is_not_there(fetcher: Fetcher, url: str) -> None:
    """One kind of error, whatever is wrong with the address."""
    with pytest.raises(OSError, match=r"."):
        await get(fetcher, url)


async def test_a_fetch_that_is_under_way_at_the_end(web: Provider) -> None:
    """Closing ends it with the same kind of error, or lets it end: nothing else escapes."""
    fetcher = Fetcher(Lookups(), timeout=0.3)
    web.open.clear()
    fetch = asyncio.create_task(get(fetcher, web.url))
    await web.wait_for(1)
    await fetcher.close()
    with pytest.raises(OSError, match=r"."):
        await fetch
    with pytest.raises(OSError, match=r"."):
        await get(fetcher, web.url)


async def test_cookies_are_not_kept(fetcher: Fetcher, web: Provider) -> None:
    """A provider's cookie is a browser's business: the next fetch has none."""
    web.headers = {"set-cookie": "op_session=one; Path=/"}
    await get(fetcher, web.url)
    await get(fetcher, web.url)
    assert "cookie" not in web.requests[1]


async def test_a_provider_is_asked_behind_its_public_name(fetcher: Fetcher, web: Provider) -> None:
    """The request goes to the upstream, with the path, the query and the Host of the public URL."""
    fetch = fetch_behind(web.url.removesuffix("/jwks.json") + "/", fetcher.get)
    assert (await fetch("https://op.example:8443/a%2Fb?x=1", {"If-None-Match": '"a"'})).body == b"hello"
    (request,) = web.requests
    assert request[""] == "GET /a%2Fb?x=1 HTTP/1.1"
    assert request["host"] == request["x-forwarded-host"] == "op.example:8443"
    assert (request["x-forwarded-proto"], request["if-none-match"]) == ("https", '"a"')


async def test_names_are_looked_up_within_bounds(web: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the look-up that it is given, to the name's own `Host`; a name that nobody answers for keeps no fetch waiting.

    The event loop's resolver shares a few threads with everything else, and nothing ends a look-up there.
    """
    asleep, asked = threading.Event(), []

    def ask(host: str) -> list[str]:
        asked.append(host)
        if host == "slow.example":
            asleep.wait(30)
        return ["127.0.0.1"]

    async def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("asked the resolver of the event loop")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", refuse)
    lookups = Lookups(ask)
    fetcher = Fetcher(lookups, timeout=0.3)
    with pytest.raises(OSError, match="no whole answer within"):
        await get(fetcher, web.url.replace("127.0.0.1", "slow.example"))
    assert (await get(fetcher, web.url.replace("127.0.0.1", "op.example"))).body == b"hello"
    assert web.requests[-1]["host"].startswith("op.example:")
    assert asked == ["slow.example", "op.example"]
    asleep.set()
    await fetcher.close()
    await lookups.close()


@pytest.mark.usefixtures("backend")
async def test_the_gateway_looks_providers_up_within_bounds(
    tmp_path: Path, web: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys come from a name, and the event loop is not asked for it."""

    async def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("asked the resolver of the event loop")

    web.publish(*jwks("RS256")["keys"])
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", refuse)
    changes = {"issuers": {"acme": {"jwks": None, "jwks_uri": web.url.replace("127.0.0.1", "op.localhost")}}}
    async with deploy(tmp_path, changes) as gateway:
        await gateway.register()
        done = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of(), accept=HTML)
        assert (done.status_code, await gateway.state_of()) == (200, "ended")
    assert web.requests
