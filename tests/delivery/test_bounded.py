"""What an app may make the gateway read, and parse (T14): against servers that write bytes and no HTTP of a library."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import chain, repeat

import httpcore2
import pytest

from endsession.delivery.bounded import MAX_BODY, MAX_HEAD, MAX_INTERIM, MAX_LINES, AnswerTooLong, BoundedStream
from endsession.delivery.http import GuardedClient
from endsession.delivery.ssrf import LOOPBACK
from endsession.network.lookup import Lookups

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class App:
    """Answers every request with the same bytes, and knows on how many connections it was asked."""

    def __init__(self, answer: Callable[[], Iterator[bytes]]) -> None:
        self.connections, self.url = 0, ""
        self._answer = answer
        self._writers: list[asyncio.StreamWriter] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the other side goes away."""
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                await reader.readuntil(b"form=x")
                for part in self._answer():
                    writer.write(part)
                    await writer.drain()
        writer.close()

    async def stop(self) -> None:
        """Let go of every connection."""
        for writer in self._writers:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def answering(answer: Callable[[], Iterator[bytes]]) -> AsyncIterator[tuple[App, GuardedClient]]:
    """An app, and a client that may reach it."""
    app = App(answer)
    http = GuardedClient(timeout=20, allowed=LOOPBACK, resolve=Lookups())
    async with await asyncio.start_server(app.take, "127.0.0.1", 0) as server:
        app.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        yield app, http
        await http.close()
        await app.stop()


class Endless(httpcore2.AsyncNetworkStream):
    """A connection from which bytes come for as long as anybody reads."""

    def __init__(self, data: Iterator[bytes]) -> None:
        self.read_bytes = self.reads = 0
        self._data = data

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's
        part = next(self._data)[:max_bytes]
        self.read_bytes += len(part)
        self.reads += 1
        return part


TOO_LONG: dict[str, Callable[[], Iterator[bytes]]] = {
    "interim responses without end": lambda: repeat(HINTS * 100),
    "interim responses without end, one at a time": lambda: repeat(HINTS),
    "a line without end": lambda: chain([b"HTTP/1.1 200 OK\r\nA: "], repeat(b"x" * 4096)),
    "lines without end": lambda: chain([b"HTTP/1.1 200 OK\r\n"], repeat(b"a: b\r\n" * 600)),
    "more lines than there are": lambda: chain([b"HTTP/1.1 200 OK\r\n", b"a:b\n" * MAX_LINES, b"\r\n"], repeat(b"")),
    "byte after byte": lambda: chain([b"HTTP/1.1 200 OK\r\nA: "], repeat(b"x")),
}


@pytest.mark.parametrize("case", TOO_LONG)
async def test_a_head_without_end_is_hardly_read(case: str) -> None:
    """Little is read of it, in few pieces, and nothing of it is parsed."""
    endless = Endless(TOO_LONG[case]())
    with pytest.raises(AnswerTooLong):
        await BoundedStream(endless).read(65_536)
    assert endless.read_bytes <= MAX_HEAD + 4096
    assert endless.reads <= 64


@pytest.mark.parametrize("case", ["interim responses without end", "a line without end", "lines without end"])
async def test_an_app_that_answers_without_end_has_not_answered(case: str) -> None:
    """Eight at once: the attempt fails, and says so."""
    async with answering(TOO_LONG[case]) as (app, http):
        posts = [http.post_form(app.url, b"form=x") for _ in range(8)]
        results = await asyncio.gather(*posts, return_exceptions=True)
    assert [type(result) for result in results] == [AnswerTooLong] * 8


async def test_few_interim_responses_are_left_out() -> None:
    """What counts is the response that comes after them, also when they come in pieces."""
    for answer in ([HINTS * MAX_INTERIM + OK], [b"HTTP/1.1 100 Con", b"tinue\r\n", b"\r\n", OK[:10], OK[10:]], [OK]):
        async with answering(lambda answer=answer: iter(answer)) as (app, http):  # type: ignore[misc]
            for _ in range(3):
                assert (await http.post_form(app.url, b"form=x")).status == 200
            assert app.connections == 1


async def test_a_head_up_to_the_bound_is_read() -> None:
    """16 KiB and a hundred lines are more than an app needs."""
    lines = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 7\r\n" + b"X: y\r\n" * (MAX_LINES - 4)
    whole = lines + b"\r\n"
    async with answering(lambda: iter([whole])) as (app, http):
        answer = await http.post_form(app.url, b"form=x")
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    filled = b"HTTP/1.1 204 OK\r\nX: %s\r\n\r\n" % (b"y" * (MAX_HEAD - 24))
    assert len(filled) == MAX_HEAD
    async with answering(lambda: iter([filled])) as (app, http):
        assert (await http.post_form(app.url, b"form=x")).status == 204


BODIES: dict[str, Callable[[], Iterator[bytes]]] = {
    "sixty thousand chunks of one byte": lambda: iter([CHUNKED, b"1\r\nx\r\n" * 60_000, b"0\r\n\r\n"]),
    "chunks without end": lambda: chain([CHUNKED], repeat(b"1\r\nx\r\n" * 1000)),
    "a chunk without end": lambda: chain([CHUNKED, b"ffffffff\r\n"], repeat(b"x" * 1000)),
    "a chunk's extension without end": lambda: chain([CHUNKED, b"1;"], repeat(b"x" * 1000)),
    "trailers without end": lambda: chain([CHUNKED, b"0\r\n"], repeat(b"a:b\r\n" * 1000)),
    "more than is read": lambda: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x" * 900_000]),
    "less than is announced": lambda: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx"]),
    "no length": lambda: iter([b"HTTP/1.1 200 OK\r\n\r\n"]),
    "no HTTP": lambda: iter([CHUNKED, b"not a chunk\r\n" * 10]),
}


@pytest.mark.parametrize("case", BODIES)
async def test_what_follows_the_head_is_not_waited_for(case: str) -> None:
    """The app has answered: its status counts, whatever the body does. The connection is not used again."""
    async with answering(BODIES[case]) as (app, http):
        for _ in range(2):
            assert (await http.post_form(app.url, b"form=x")).status == 200
        assert app.connections == 2


async def test_a_body_without_end_is_hardly_read() -> None:
    """A few KiB, however fast it comes."""
    endless = Endless(chain([CHUNKED], repeat(b"1\r\nx\r\n" * 600)))
    stream = BoundedStream(endless)
    await stream.read(65_536)
    with pytest.raises(AnswerTooLong):  # noqa: PT012  # which read it is does not matter
        while True:
            await stream.read(65_536)
    assert endless.read_bytes <= len(CHUNKED) + MAX_BODY + 4096


_BEHIND = b"0\r\n\r\n" + OK
_SMUGGLED = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(_BEHIND)) + _BEHIND
"""Two lengths, one of which takes a second response for the body: that would answer the next app's token."""


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        (OK, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345" + b"x" * 3000, False),
        (OK + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", False),
        (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", False),
        (CHUNKED.replace(b"Tra", b"Content-Length: 2\r\nTra") + b"2\r\nok\r\n0\r\n\r\n", False),
        (_SMUGGLED, False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", False),
    ],
)
async def test_a_connection_is_used_again_if_nothing_came_behind_the_response(answer: bytes, again: bool) -> None:
    """A TLS handshake for every token would cost much. What is left over would answer the next token."""
    async with answering(lambda: iter([answer])) as (app, http):
        for _ in range(3):
            with contextlib.suppress(httpcore2.ProtocolError):
                await http.post_form(app.url, b"form=x")
        assert app.connections == (1 if again else 3)
