"""Requests whose body is passed on as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from endsession.front.upstream import Outgoing
from tests.kit.fronted import HELLO, Conversation, provider, saying

from .exchanges import HOST, fetch, reaching


@pytest.fixture(scope="module")
def anyio_backend(each_loop: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    """Event loops differ in how connections end."""
    return each_loop


async def _pieces(*parts: bytes | Exception) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(0)
        if isinstance(part, Exception):
            raise part
        yield part


async def test_a_body_is_streamed() -> None:
    """With its length, or in chunks where nobody knows it; empty pieces end nothing."""
    async with provider(saying(HELLO)) as op:
        upstream = reaching(op.port)
        with_length = [HOST, (b"content-length", b"4")]
        await fetch(upstream, Outgoing("POST", b"/", with_length, _pieces(b"ab", b"", b"cd")))
        await fetch(upstream, Outgoing("POST", b"/", [HOST], _pieces(b"ab", b"", b"cd")))
        await upstream.close()
    assert [seen.body for seen in op.requests] == [b"abcd", b"abcd"]
    assert [seen.all("transfer-encoding") for seen in op.requests] == [[], ["chunked"]]
    assert op.connections == 1


@pytest.mark.parametrize("parts", [(b"abc",), (b"abcde",), (b"ab", RuntimeError("the client went away"))])
async def test_a_body_that_is_not_what_was_said_is_given_up(parts: tuple[bytes | Exception, ...]) -> None:
    """Too short, too long, or its source fails: the provider gets no whole request, and the caller the reason."""

    async def hold(conversation: Conversation) -> None:
        await conversation.left()

    async with provider(hold) as op:
        upstream = reaching(op.port)
        with pytest.raises((ValueError, RuntimeError), match=r"Content-Length|went away"):
            await fetch(upstream, Outgoing("POST", b"/", [HOST, (b"content-length", b"4")], _pieces(*parts)))
    assert op.requests == []


async def test_a_response_before_the_whole_request() -> None:
    """Is taken, the rest is not sent, and the connection not used again."""
    never = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"ab"
        await never.wait()

    async with provider(saying(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"), whole=False) as op:
        upstream = reaching(op.port)
        for _ in range(2):
            assert await fetch(upstream, Outgoing("POST", b"/", [HOST], body())) == (413, b"no")
        await upstream.close()
    assert op.connections == 2
