"""What passes through the front, over real sockets on both sides: all that is end-to-end, byte for byte."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.fronted import HELLO, Conversation, RawProvider, exchange, saying, until
from tests.kit.logs import whole_log
from tests.kit.properties import tried

from .fronts import CLOSE, fronted, get, lines_of

Standing = tuple[asyncio.Runner, tuple[str, int], RawProvider]


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    """A front that stands for all examples of a property, and the event loop that it runs on."""
    with asyncio.Runner() as runner:
        context = fronted(saying(HELLO))
        address, op, _ = runner.run(context.__aenter__())
        yield runner, address, op
        runner.run(context.__aexit__(None, None, None))


NAMES = st.from_regex(r"\A[A-Za-z][A-Za-z0-9_.!-]{0,20}\Z").filter(
    lambda name: (
        name.lower()
        not in {"connection", "keep-alive", "te", "trailer", "upgrade", "date", "content-length", "transfer-encoding"}
        and not name.lower().startswith("proxy-")
    )
)
VALUES = st.from_regex(rb"\A([\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff\t]{0,30}[\x21-\x7e\x80-\xff])?)?\Z")
PARTS = st.lists(st.binary(max_size=300), max_size=5)


@tried(60)
@given(
    status=st.sampled_from([200, 201, 302, 400, 401, 404, 500, 503]),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=8),
    parts=PARTS,
    chunked=st.booleans(),
    path=st.sampled_from(["/read", "/streamed"]),
)
def test_a_response_is_byte_for_byte_the_providers(
    standing: Standing, status: int, headers: list[tuple[str, bytes]], parts: list[bytes], chunked: bool, path: str
) -> None:
    """Status, header lines in their order, repeated ones, and whatever bytes the body has, read or streamed."""
    runner, address, op = standing
    body = b"".join(parts)
    lines = [name.encode() + b": " + value for name, value in headers]
    expected = [name.lower().encode() + b": " + value for name, value in headers]
    said = [b"HTTP/1.1 %d Any\r\n" % status, *(line + b"\r\n" for line in lines)]
    if chunked:
        said += [
            b"Transfer-Encoding: chunked\r\n\r\n",
            *(b"%x\r\n%b\r\n" % (len(p), p) for p in parts if p),
            b"0\r\n\r\n",
        ]
    else:
        said += [b"Content-Length: %d\r\n\r\n" % len(body), *parts]

    op.answer = saying(b"".join(said))
    head, got = runner.run(get(address, path))
    assert head.startswith(b"HTTP/1.1 %d " % status)
    framing = (b"content-length: ", b"transfer-encoding: ")
    assert [line for line in lines_of(head) if not line.startswith(framing)] == expected
    if b"transfer-encoding: chunked" in head:
        got = b"".join(re.sub(rb"\A[0-9a-f]+\r\n", b"", piece) for piece in _chunks(got))
    assert got == body


def _chunks(data: bytes) -> list[bytes]:
    pieces: list[bytes] = []
    while True:
        size, _, rest = data.partition(b"\r\n")
        if not int(size, 16):
            assert rest == b"\r\n"
            return pieces
        pieces.append(rest[: int(size, 16)])
        data = rest[int(size, 16) + 2 :]


@tried(60)
@given(
    headers=st.lists(st.tuples(NAMES.filter(lambda n: "_" not in n), VALUES), max_size=8),
    body=st.binary(max_size=500),
    chunked=st.booleans(),
    query=st.from_regex(r"\A[!$-;=?-Z_a-z~]{0,40}\Z"),
    path=st.sampled_from(["/read/a%2Fb/%7e", "/x//..;/%C3%A9"]),
)
def test_a_request_is_passed_on_as_it_came(
    standing: Standing, headers: list[tuple[str, bytes]], body: bytes, chunked: bool, query: str, path: str
) -> None:
    """Target, header lines in their order (names in lower case) and body; `Host` is the public one."""
    own = {"host", "cookie", "accept-encoding", "expect", "http2-settings", "remote-user"}
    lines = [(name.lower().encode(), value) for name, value in headers if name.lower() not in own]
    sent = b"".join(b"%b: %b\r\n" % line for line in lines)
    target = f"{path}?{query}" if query else path
    framing = b"Transfer-Encoding: chunked\r\n" if chunked else b"Content-Length: %d\r\n" % len(body)
    wire = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n" if chunked else body

    runner, address, op = standing
    op.answer = saying(HELLO)
    start = f"POST {target} HTTP/1.1\r\n".encode() + CLOSE
    head, _ = runner.run(exchange(address, start, sent, framing, b"\r\n", wire))
    assert head.startswith(b"HTTP/1.1 200")
    seen = op.requests[-1]
    assert seen.head.startswith(f"POST {target} HTTP/1.1\r\nhost: Login.Example:8443\r\n".encode())
    added = (b"content-length", b"transfer-encoding", b"accept-encoding", b"x-forwarded-for", b"x-forwarded-proto")
    pairs = [tuple(line.split(b": ", 1)) for line in seen.headers[1:]]
    assert [pair for pair in pairs if pair[0].lower() not in added] == lines
    assert seen.body == body


async def test_a_body_over_the_limit() -> None:
    """413 by its Content-Length, before anything is sent to the provider, and as soon as it exceeds it in chunks."""
    async with fronted(saying(HELLO)) as (address, op, _):
        for framing in (b"Content-Length: 1048577\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
            chunk = b"" if b"Length" in framing else b"40001\r\n" + b"x" * 0x40001 + b"\r\n"
            head, body = await exchange(address, b"POST /read HTTP/1.1\r\n" + CLOSE + framing, *[chunk] * 4)
            assert head.startswith(b"HTTP/1.1 413")
            assert json.loads(body)["error"] == "invalid_request"
        assert op.connections == 0


@pytest.mark.parametrize("head", [b"Content-Length: 200000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n30d40\r\n"])
@pytest.mark.parametrize("ending", ["close", "reset"])
async def test_a_response_that_breaks_off_breaks_off(head: bytes, ending: str) -> None:
    """A client never takes a part for the whole: no last chunk, and less than the Content-Length."""

    async def answer(conversation: Conversation) -> None:
        await conversation.say(b"HTTP/1.1 200 OK\r\n", head, b"x" * 150_000)
        getattr(conversation, ending)()

    async with fronted(answer) as (address, _, front):
        got, body = await get(address)
        assert got.startswith(b"HTTP/1.1 200")
        assert len(body) < 200_000
        assert not body.endswith(b"0\r\n\r\n")
        assert front.notes == ["the provider is unreachable: the connection broke off before the response was whole"]
        head_read, _ = await get(address, "/read")
        assert head_read.startswith(b"HTTP/1.1 502")


async def test_a_slow_provider_holds_up_nobody_else() -> None:
    """504 once the time has run out; all the while others are answered."""

    async def answer(conversation: Conversation) -> None:
        if b"slow" in conversation.head:
            await conversation.left()
        await conversation.say(HELLO)

    async with fronted(answer, seconds=1.0) as (address, _, _):
        slow = [asyncio.create_task(get(address, "/read/slow")) for _ in range(5)]
        while not slow[0].done():
            head, body = await get(address, "/read/fast")
            assert (head[9:12], body) == (b"200", b"hello")
        for task in slow:
            head, body = await task
            assert head.startswith(b"HTTP/1.1 504")
            assert json.loads(body) == {
                "error": "temporarily_unavailable",
                "error_description": "The provider did not answer in time. Please try again in a moment.",
            }


@pytest.mark.parametrize("path", ["/read", "/streamed"])
async def test_a_client_that_goes_away_ends_the_request(path: str) -> None:
    """At the provider as well, which would otherwise work for nobody."""
    left: list[bool] = []

    async def hold(conversation: Conversation) -> None:
        if path == "/streamed":
            await conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        await conversation.left()
        left.append(True)

    async with fronted(hold) as (address, op, front):
        _, writer = await asyncio.open_connection(*address)
        writer.write(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
        await until(lambda: op.requests != [])
        writer.transport.abort()
        await until(lambda: left == [True])
        assert front.notes == ["the client has gone"]


async def test_a_client_that_goes_away_while_it_sends() -> None:
    """The provider gets no whole request, nor one that could be taken for it."""
    async with fronted(saying(HELLO)) as (address, op, front):
        for framing in (b"Content-Length: 9\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"):
            for path in (b"/read", b"/streamed"):
                _, writer = await asyncio.open_connection(*address)
                writer.write(b"POST " + path + b" HTTP/1.1\r\nHost: h\r\n" + framing)
                await writer.drain()
                writer.close()
        await until(lambda: len(front.notes) == 4)
        assert set(front.notes) == {"the client has gone"}
    assert op.requests == []


async def test_nothing_that_passes_is_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """At any level, whether it goes well, is refused, or breaks off."""
    caplog.set_level("DEBUG")
    request = (
        b"POST /read?code=sEcReT-1 HTTP/1.1\r\n" + CLOSE + b"Authorization: Basic sEcReT-2\r\nCookie: s=sEcReT-3\r\n"
        b"X-Forwarded-For: sEcReT-4\r\nContent-Length: 13\r\n\r\ncode=sEcReT-5"
    )
    good = b"HTTP/1.1 200 OK\r\nSet-Cookie: s=sEcReT-6\r\nLocation: /?sEcReT-7\r\nContent-Length: 8\r\n\r\nsEcReT-8"
    async with fronted(saying(good)) as (address, op, front):
        for sent in (request, request.replace(b"/read", b"/streamed")):
            for answer in (saying(good), saying(good[:-3], close=True), saying(b"sEcReT\r\n\r\n")):
                op.answer = answer
                await exchange(address, sent)
        assert front.notes != []
    assert "sEcReT" not in whole_log(caplog) + "".join(front.notes)
