"""A provider that is slow, broken or hostile: what comes of it is a failure with a name, in bounded time and memory."""

from __future__ import annotations

import asyncio
import socket

import pytest

from endsession.front.upstream import ProviderFailed, Upstream
from tests.kit.fronted import HELLO, Conversation, provider, saying

from .exchanges import GET, OK, fetch, reaching, streamed


@pytest.fixture(scope="module")
def anyio_backend(each_loop: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    """Event loops differ in how connections end."""
    return each_loop


@pytest.mark.parametrize(
    "rest",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        HELLO + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nforged",
        HELLO + b"x",
        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_a_connection_that_is_done_is_not_used_again(rest: bytes) -> None:
    """Nor one on which something came behind the response, which another request would take for its own."""
    async with provider(saying(rest)) as op:
        upstream = reaching(op.port)
        assert [await fetch(upstream) for _ in range(3)] == [(200, b"hello")] * 3
        await upstream.close()
    assert op.connections == 3


async def test_an_idle_connection_on_which_something_comes_is_not_used_again() -> None:
    """A response that nobody has asked for yet."""
    conversation: list[Conversation] = []

    async def answer(now: Conversation) -> None:
        conversation.append(now)
        await now.say(HELLO)

    async with provider(answer) as op:
        upstream = reaching(op.port)
        await fetch(upstream)
        await conversation[0].say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
        assert await fetch(upstream) == (200, b"hello")
        await upstream.close()
    assert op.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\0" * 5000,
        b"<html>" * 100,
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        OK + b"a b: c\r\nContent-Length: 0\r\n\r\n",
        OK + b": c\r\nContent-Length: 0\r\n\r\n",
        OK + b"a: b\0c\r\nContent-Length: 0\r\n\r\n",
        OK + b"a: b\rc\r\nContent-Length: 0\r\n\r\n",
        OK + b"a: b\x1b[31m\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: +1\r\n\r\nx",
        OK + b"Content-Length: 99999999999999999999999\r\n\r\nx",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 000 Low\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        OK + b"a: b\r\n" * 200 + b"\r\n",
        OK + b"".join(b"a%d: %b\r\n" % (n, b"x" * 4000) for n in range(40)) + b"\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    ],
)
async def test_what_is_not_http_is_not_passed_on(answer: bytes) -> None:
    """Nor what two readers could understand differently, nor a head that is too long."""
    async with provider(saying(answer)) as op:
        upstream = reaching(op.port)
        with pytest.raises(ProviderFailed) as failed:
            await fetch(upstream)
        assert failed.value.kind == "hostile"
        op.answer = saying(HELLO)
        assert await fetch(upstream) == (200, b"hello"), "the next request has a connection of its own"
        await upstream.close()


@pytest.mark.parametrize(
    "start",
    [
        OK + b"a: ",
        OK + b"a",
        b"HTTP/1.1 200 ",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1;",
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\na: ",
    ],
)
async def test_a_head_without_end_is_cut_short(start: bytes) -> None:
    """An endless header, reason, chunk extension and trailer: neither memory nor the whole time-out."""

    async def answer(conversation: Conversation) -> None:
        await conversation.say(start)
        while True:
            await conversation.say(b"x" * 65_536)

    async with provider(answer) as op:
        upstream = reaching(op.port)
        with pytest.raises(ProviderFailed) as failed:
            await fetch(upstream)
        assert failed.value.kind == "hostile"


@pytest.mark.parametrize(
    "head", [OK + b"Content-Length: 9999999999\r\n\r\n", OK + b"\r\n", OK + b"transfer-encoding: chunked\r\n\r\n"]
)
async def test_a_body_that_is_read_has_a_limit(head: bytes) -> None:
    """By its Content-Length, or as soon as it exceeds the limit."""
    piece = b"1000\r\n" + b"x" * 4096 + b"\r\n" if b"chunked" in head else b"x" * 4096

    async def answer(conversation: Conversation) -> None:
        await conversation.say(head)
        while True:
            await conversation.say(piece)

    async with provider(answer) as op:
        upstream = reaching(op.port)
        with pytest.raises(ProviderFailed, match="longer than 10000 bytes") as failed:
            await fetch(upstream, limit=10_000)
        assert failed.value.kind == "hostile"


async def test_a_body_of_just_the_limit() -> None:
    """Is read; one byte more is not."""
    async with provider(saying(HELLO)) as op:
        upstream = reaching(op.port)
        assert await fetch(upstream, limit=5) == (200, b"hello")
        with pytest.raises(ProviderFailed):
            await fetch(upstream, limit=4)
        await upstream.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        OK + b"a: b\r\n",
        OK + b"Content-Length: 6\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ],
)
@pytest.mark.parametrize("ending", ["close", "reset", "silence"])
async def test_a_response_that_is_not_whole_is_no_response(said: bytes, ending: str) -> None:
    """Broken off or never ended: nobody gets a part of it for all, in one piece or streamed."""

    async def answer(conversation: Conversation) -> None:
        await conversation.say(said)
        if ending == "silence":
            await conversation.left()
        else:
            getattr(conversation, ending)()

    async with provider(answer) as op:
        upstream = reaching(op.port, timeout=0.3 if ending == "silence" else 20)
        for work in (fetch, streamed):
            with pytest.raises(ProviderFailed) as failed:
                await work(upstream)
            assert failed.value.kind == ("slow" if ending == "silence" else "unreachable")
        await upstream.close()


async def test_a_body_may_end_with_the_connection() -> None:
    """Without a length and chunks (RFC 9112, section 6.3); but not by a reset."""
    said = OK + b"\r\nhello"
    async with provider(saying(said, close=True)) as op:
        upstream = reaching(op.port)
        assert await fetch(upstream) == (200, b"hello")
        assert await streamed(upstream) == b"hello"

        async def reset(conversation: Conversation) -> None:
            await conversation.say(said)
            conversation.reset()

        op.answer = reset
        with pytest.raises(ProviderFailed):
            await fetch(upstream)


@pytest.mark.parametrize("start", [b"", OK, OK + b"Content-Length: 99999\r\n\r\n"])
async def test_a_response_that_drips_is_given_up(start: bytes) -> None:
    """The time is for all of it: a byte now and then wins none."""

    async def answer(conversation: Conversation) -> None:
        await conversation.say(start)
        while True:
            await conversation.say(b"H")
            await asyncio.sleep(0.01)

    async with provider(answer) as op:
        if not start:  # what drips is a whole head, byte by byte
            op.answer = _dripping
        upstream = reaching(op.port, timeout=0.4)
        for work in (fetch, streamed):
            with pytest.raises(ProviderFailed) as failed:
                await work(upstream)
            assert failed.value.kind == "slow"


async def _dripping(conversation: Conversation) -> None:
    for byte in OK + b"a: " + b"x" * 60_000:
        await conversation.say(bytes([byte]))
        await asyncio.sleep(0.01)


async def test_nothing_is_read_ahead_of_who_takes_it() -> None:
    """A body of 64 MB stays at the provider while its first piece is being looked at."""
    sent = 0

    async def answer(conversation: Conversation) -> None:
        nonlocal sent
        conversation.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        await conversation.say(OK + b"Content-Length: %d\r\n\r\n" % (64 << 20))
        for _ in range(1024):
            await conversation.say(b"x" * 65_536)
            sent += 65_536

    async with provider(answer) as op:
        upstream = reaching(op.port)
        async with upstream.send(GET) as response:
            size, stood = 0, False
            async for part in response.stream():
                size += len(part)
                if not stood:
                    for _ in range(200):
                        await asyncio.sleep(0.001)
                    assert sent < 32 << 20
                    stood = True
        await upstream.close()
    assert size == 64 << 20


async def test_a_provider_that_is_not_there() -> None:
    """A port on which nobody listens, and a host that has no address."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for base in (f"http://127.0.0.1:{nobody.getsockname()[1]}", "http://op.invalid:80"):
            with pytest.raises(ProviderFailed) as failed:
                await fetch(Upstream(base, timeout=20, connections=2))
            assert failed.value.kind == "unreachable"
