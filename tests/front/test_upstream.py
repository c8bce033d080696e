"""The connection to the provider: what is sent, what is taken, and what is kept to itself."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from endsession.front.upstream import Outgoing, ProviderFailed, Upstream
from tests.kit.fronted import HELLO, Conversation, provider, saying, self_signed, until
from tests.kit.logs import whole_log

from .exchanges import GET, HOST, OK, POST, fetch, reaching


@pytest.fixture(scope="module")
def anyio_backend(each_loop: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    """Event loops differ in how connections end."""
    return each_loop


async def test_what_is_sent_is_what_was_given() -> None:
    """Target, header names, order and body, byte for byte; nothing is added."""
    target = b"/a%2Fb/%7e/..//x?q=%zz&&=+%20\xc3\xa9;'\"<>|\\^`{}"
    headers = [
        (b"x-b", b"1"),
        (b"HOST", b"Login.Example:8443"),
        (b"x-A", b""),
        (b"x-b", b"\xe9,\t2"),
        (b"content-length", b"3"),
    ]
    async with provider(saying(HELLO)) as op:
        upstream = reaching(op.port)
        await fetch(upstream, Outgoing("POST", target, headers, b"\0\r\n"))
        await upstream.close()
    (seen,) = op.requests
    lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    assert seen.head == b"POST " + target + b" HTTP/1.1\r\n" + lines + b"\r\n"
    assert seen.body == b"\0\r\n"


async def test_what_comes_is_what_was_said() -> None:
    """Names in their case, order, repeated headers, and a body that nobody has unpacked."""
    head = (
        b"HTTP/1.1 207 Odd\r\nSET-cookie: a=1\r\nx-E:\r\nSet-Cookie:  b=\xe9 \r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 4 \r\n\r\n"
    )
    async with provider(saying(head + b"\x1f\x8b\0\xff")) as op:
        upstream = reaching(op.port)
        async with upstream.send(GET) as response:
            assert response.status == 207
            assert response.headers == [
                (b"SET-cookie", b"a=1"), (b"x-E", b""), (b"Set-Cookie", b"b=\xe9"),
                (b"Content-Encoding", b"gzip"), (b"Content-Length", b"4"),
            ]  # fmt: skip
            assert await response.read(4) == b"\x1f\x8b\0\xff"
        await upstream.close()


@pytest.mark.parametrize(
    ("name", "value", "target"),
    [
        (b"x", b"a\r\nx-injected: 1", b"/"),
        (b"x", b"a\nb", b"/"),
        (b"x", b"a\0b", b"/"),
        (b"x\r\ny", b"a", b"/"),
        (b"x", b"a", b"/ HTTP/1.1\r\nx: y"),
        (b"x", b"a", b"/a b"),
        (b"x", b"a", b""),
    ],
)
async def test_no_request_becomes_two(name: bytes, value: bytes, target: bytes) -> None:
    """What would end a line early is refused before anything is sent."""
    async with provider(saying(HELLO)) as op:
        upstream = reaching(op.port)
        with pytest.raises(ValueError, match="characters that none may have"):
            await fetch(upstream, Outgoing("GET", target, [HOST, (name, value)]))
    assert op.connections == 0


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("HEAD", OK + b"Content-Length: 5\r\n\r\n"),
        ("HEAD", OK + b"Transfer-Encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\nhello"),
    ],
)
async def test_responses_that_have_no_body(method: str, said: bytes) -> None:
    """Whatever their headers say: nobody waits for one, and what comes all the same is not taken."""
    async with provider(saying(said)) as op:
        upstream = reaching(op.port)
        for _ in range(3):
            async with upstream.send(Outgoing(method, b"/", [HOST])) as response:
                assert await response.read(1) == b""
        await upstream.close()
    assert op.connections >= 1


async def test_a_request_that_is_given_up_ends_at_the_provider() -> None:
    """Who is cancelled, or leaves without reading the body, closes the connection."""
    left: list[bool] = []

    async def hold(conversation: Conversation) -> None:
        if b"begin" in conversation.head:
            await conversation.say(OK + b"Content-Length: 9\r\n\r\n")
        await conversation.left()
        left.append(True)

    async with provider(hold) as op:
        upstream = reaching(op.port)
        task = asyncio.create_task(fetch(upstream))
        await until(lambda: op.requests != [])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with upstream.send(Outgoing("GET", b"/begin", [HOST])) as response:
            assert response.status == 200
        await until(lambda: len(left) == 2)


async def test_a_provider_with_tls(tmp_path: Path) -> None:
    """Is reached where its certificate is vouched for and names its host; else no request is sent."""
    async with provider(saying(HELLO), tls=self_signed(tmp_path, "127.0.0.1")) as op:
        base, ca_file = f"https://127.0.0.1:{op.port}", str(tmp_path / "certificate.pem")
        upstream = Upstream(base, timeout=20, connections=2, ca_file=ca_file)
        assert [await fetch(upstream, POST) for _ in range(3)] == [(200, b"hello")] * 3
        await upstream.close()
        assert op.connections == 1
        for other in (
            Upstream(base, timeout=20, connections=2),
            Upstream(base.replace("127.0.0.1", "localhost"), timeout=20, connections=2, ca_file=ca_file),
        ):
            with pytest.raises(ProviderFailed) as failed:
                await fetch(other)
            assert failed.value.kind == "unreachable"
    assert len(op.requests) == 3


async def test_no_cookie_is_kept() -> None:
    """What the provider sets for one request is in no other, nor is a redirect followed."""
    said = b"HTTP/1.1 302 Found\r\nSet-Cookie: session=first; Path=/\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
    async with provider(saying(said)) as op:
        upstream = reaching(op.port)
        assert await fetch(upstream) == (302, b"")
        assert await fetch(upstream) == (302, b"")
        await upstream.close()
    assert [seen.all("cookie") for seen in op.requests] == [[], []]


async def test_no_log_at_any_level_has_what_passes(caplog: pytest.LogCaptureFixture) -> None:
    """Neither of requests nor of responses, when they go well and when they fail; nor does a failure's detail."""
    caplog.set_level("DEBUG")
    details = []
    secret = [HOST, (b"authorization", b"Basic sEcReT-1"), (b"cookie", b"s=sEcReT-2"), (b"content-length", b"13")]
    request = Outgoing("POST", b"/token?code=sEcReT-3", secret, b"code=sEcReT-4")
    good = b"HTTP/1.1 302 Found\r\nSet-Cookie: s=sEcReT-5\r\nLocation: /?code=sEcReT-6\r\n"
    good += b"Content-Length: 8\r\n\r\nsEcReT-7"
    async with provider(saying(good)) as op:
        upstream = reaching(op.port)
        await fetch(upstream, request)
        for bad in (b"sEcReT-8\r\n\r\n", OK + b"sEcReT\x01: x\r\n\r\n", OK + b"Content-Length: sEcReT\r\n\r\n"):
            op.answer = saying(bad)
            with pytest.raises(ProviderFailed) as failed:
                await fetch(upstream, request)
            details += [failed.value.detail, str(failed.value)]
        op.answer = saying(good[:-3], close=True)
        with pytest.raises(ProviderFailed) as failed:
            await fetch(upstream, request)
        await upstream.close()
    gc.collect()
    assert "sEcReT" not in whole_log(caplog) + "".join([*details, str(failed.value)])
