"""Connections to the provider: used again, not for long, and never so many that they stand in the way."""

from __future__ import annotations

import asyncio

import pytest

from endsession.front import upstream as module
from endsession.front.upstream import Outgoing, ProviderFailed
from tests.kit.fronted import HELLO, Conversation, provider, saying, until

from .exchanges import GET, POST, fetch, reaching


@pytest.fixture(scope="module")
def anyio_backend(each_loop: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    """Event loops differ in how connections end."""
    return each_loop


async def test_connections_are_used_again() -> None:
    """One after another on one connection, whatever the framing of the bodies."""
    chunked = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nx-trailer: 1\r\n\r\n"
    )
    early = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    answers = [
        HELLO,
        chunked,
        early + HELLO,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ]

    async def answer(conversation: Conversation) -> None:
        await conversation.say(answers[(len(op.requests) - 1) % len(answers)])

    async with provider(answer) as op:
        upstream = reaching(op.port)
        bodies = [(await fetch(upstream))[1] for _ in range(10)]
        await upstream.close()
    assert bodies == [b"hello", b"hello", b"hello", b"", b""] * 2
    assert op.connections == 1


async def test_a_connection_that_the_provider_has_closed_costs_no_request() -> None:
    """Closed while it was idle: the next POST goes over another, and is sent once."""
    async with provider(saying(HELLO, close=True)) as op:
        upstream = reaching(op.port)
        assert [await fetch(upstream, POST) for _ in range(5)] == [(200, b"hello")] * 5
        await upstream.close()
    assert len(op.requests) == 5


async def test_a_connection_is_kept_no_longer_than_the_provider_keeps_it() -> None:
    """As its `Keep-Alive` says, less a second, else for less than any server does; then it is closed."""
    said = [HELLO, b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=9\r\nContent-Length: 5\r\n\r\nhello"]

    async def answer(conversation: Conversation) -> None:
        await conversation.say(said[(len(op.requests) - 1) % 2])

    async with provider(answer) as op:
        upstream = reaching(op.port)
        loop = asyncio.get_running_loop()
        for seconds in (1.5, 4.0):
            before = loop.time()
            await fetch(upstream)
            (kept,) = upstream._idle
            assert before + seconds <= kept.idle_until <= loop.time() + seconds
        kept.idle_until = 0
        await fetch(upstream)
        assert op.connections == 2
        upstream._idle[0].idle_until = 0
        upstream._close_idle()
        assert upstream._idle == []
        await upstream.close()


@pytest.mark.parametrize(("request_", "sent"), [(POST, 2), (GET, 3)])
async def test_a_post_is_never_sent_twice(request_: Outgoing, sent: int) -> None:
    """A provider that takes a request on a kept connection and closes it: the code may be used up by then."""

    async def answer(conversation: Conversation) -> None:
        if len(op.requests) == 2:
            conversation.close()
        else:
            await conversation.say(HELLO)

    async with provider(answer) as op:
        upstream = reaching(op.port)
        await fetch(upstream)
        if request_ is POST:
            with pytest.raises(ProviderFailed) as failed:
                await fetch(upstream, request_)
            assert failed.value.kind == "unreachable"
        else:
            assert await fetch(upstream, request_) == (200, b"hello")
        await upstream.close()
    assert len(op.requests) == sent


async def test_connections_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it a request waits a moment for its turn, and is refused then; so are very many at once."""
    monkeypatch.setattr(module, "QUEUE", 0.2)
    let_go = asyncio.Event()

    async def hold(conversation: Conversation) -> None:
        await let_go.wait()
        await conversation.say(HELLO)

    async with provider(hold) as op:
        upstream = reaching(op.port, connections=2)
        under_way = [asyncio.create_task(fetch(upstream)) for _ in range(2)]
        await until(lambda: len(op.requests) == 2)
        results = await asyncio.gather(*(fetch(upstream) for _ in range(5)), return_exceptions=True)
        assert [error.kind for error in results if isinstance(error, ProviderFailed)] == ["busy"] * 5
        waiting = asyncio.create_task(fetch(upstream))
        await asyncio.sleep(0)
        let_go.set()
        assert await asyncio.gather(*under_way, waiting) == [(200, b"hello")] * 3
        assert len(await asyncio.gather(*(fetch(upstream) for _ in range(4)))) == 4
        await upstream.close()
    assert op.connections == 2


async def test_a_place_is_never_lost() -> None:
    """Requests that are cancelled while they wait, connect or read give their place back, at whatever moment."""

    async def answer(conversation: Conversation) -> None:
        await asyncio.sleep(0.001)
        await conversation.say(HELLO)

    async with provider(answer) as op:
        upstream = reaching(op.port, connections=2)
        for turns in range(60):
            tasks = [asyncio.create_task(fetch(upstream)) for _ in range(4)]
            for _ in range(turns % 20):
                await asyncio.sleep(0)
            for task in tasks[:: 1 + turns % 3]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert upstream._busy == 0
        assert await asyncio.gather(*(fetch(upstream) for _ in range(4))) == [(200, b"hello")] * 4
        await upstream.close()
