"""Which headers and cookies pass through the front, and which do not."""

from __future__ import annotations

import gzip

import pytest

from tests.kit.fronted import HELLO, Conversation, exchange, saying

from .fronts import fronted, get, lines_of


async def test_each_hop_has_headers_of_its_own() -> None:
    """Those of one connection, and those that `Connection` names, go no further in either direction."""
    hop = (
        b"Connection: close, x-named, Authorization\r\nKeep-Alive: timeout=9\r\nProxy-Authorization: x\r\n"
        b"Proxy-Connection: y\r\nTE: trailers\r\nTrailer: x-t\r\nX-Named: 1\r\nExpect: 100-continue\r\n"
    )
    back = (
        b"HTTP/1.1 200 OK\r\nConnection: X-Named, close\r\nX-NAMED: 1\r\nKeep-Alive: timeout=9\r\nUpgrade: h2c\r\n"
        b"Proxy-Authenticate: x\r\nTrailer: x-t\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-Kept: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: secret\r\n\r\n"
    )
    request = b"POST /x HTTP/1.1\r\nHost: h\r\nAuthorization: Basic x\r\nContent-Length: 1\r\n"
    async with fronted(saying(back)) as (address, op, _):
        answer = await exchange(address, request + hop + b"\r\n", b"x")
    names = [line.partition(b":")[0] for line in op.requests[0].headers]
    assert names == [b"host", b"authorization", b"content-length", b"x-forwarded-for", b"x-forwarded-proto"]
    interim, head = answer[0], answer[1].partition(b"\r\n\r\n")[0]
    assert interim == b"HTTP/1.1 100 Continue"
    assert lines_of(head) == [b"x-kept: 1", b"transfer-encoding: chunked"]
    assert head.count(b"date: ") == 1
    assert b"1970" not in head
    assert b"secret" not in answer[1]


async def test_two_browsers_never_share_a_cookie() -> None:
    """Over one connection to the provider: each gets what is its own, though one is set for each (trap 1)."""

    async def answer(conversation: Conversation) -> None:
        who = conversation.all("x-who")[0]
        await conversation.say(f"HTTP/1.1 200 OK\r\nSet-Cookie: s={who}\r\nContent-Length: 0\r\n\r\n".encode())

    async with fronted(answer, connections=1) as (address, op, _):
        for who in ("alice", "bob", "alice"):
            head, _ = await get(address, headers=f"X-Who: {who}\r\nCookie: s=old-{who}\r\n".encode())
            assert lines_of(head) == [f"set-cookie: s={who}".encode(), b"content-length: 0"]
        await get(address, headers=b"X-Who: eve\r\n")
    assert [seen.all("cookie") for seen in op.requests] == [["s=old-alice"], ["s=old-bob"], ["s=old-alice"], []]
    assert op.connections == 1


async def test_cookies_are_taken_out() -> None:
    """Ours by its name, others by name and value; the rest stays as it was, and an empty header goes."""
    async with fronted(saying(HELLO)) as (address, op, front):
        front.withheld |= {("s", "dead"), ("", "odd")}
        for value in (
            b"a=1;  b=2",
            b"ours=x; s=dead;odd",
            b'a=1;ours=x;  s=live; s=dead;b = "q" ;',
            b"ours=1\r\nCookie: a=2",
        ):
            await get(address, headers=b"Cookie: " + value + b"\r\n")
    assert [seen.all("cookie") for seen in op.requests] == [["a=1;  b=2"], [], ['a=1;  s=live;b = "q" ;'], ["a=2"]]


FORWARDED = (
    b"X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https\r\nForwarded: for=198.51.100.9\r\n"
    b"X_Forwarded_For: 1.2.3.4\r\nX-Real-IP: 198.51.100.9\r\nX-SSL-Client-Cert: forged\r\n"
    b"Client-Cert: :Zm9yZ2Vk:\r\nRemote-User: admin\r\nX-Mine: 1\r\n"
)


async def test_only_a_trusted_proxy_says_who_the_client_is() -> None:
    """Of anybody else, what a proxy would be believed is dropped, however spelt, and the peer put in its place."""
    async with fronted(saying(HELLO)) as (address, op, _):
        await get(address, headers=FORWARDED)
    assert [line for line in op.requests[0].headers if not line.startswith(b"host")] == [
        b"x-mine: 1", b"x-forwarded-for: 127.0.0.1", b"x-forwarded-proto: http",
    ]  # fmt: skip


async def test_a_trusted_proxys_headers_pass_as_they_came() -> None:
    """The provider sees what it would see without a front, and no hop more: it may count them."""
    async with fronted(saying(HELLO), proxies=("127.0.0.0/8",)) as (address, op, _):
        await get(address, headers=FORWARDED)
    assert [line.lower() for line in op.requests[0].headers[1:]] == FORWARDED.lower().split(b"\r\n")[:-1]


@pytest.mark.parametrize("path", ["/read", "/streamed"])
async def test_responses_without_a_body(path: str) -> None:
    """HEAD keeps the length that it was told; 204 and 304 have no body, whatever they say."""
    async with fronted(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")) as (address, op, _):
        head, body = await get(address, path, method="HEAD")
        assert (lines_of(head), body) == ([b"content-length: 5"], b"")
        for status in (204, 304):
            op.answer = saying(b"HTTP/1.1 %d No\r\nETag: x\r\nContent-Length: 5\r\n\r\n" % status)
            head, body = await get(address, path)
            assert (head[9:12], lines_of(head), body) == (b"%d" % status, [b"etag: x"], b"")


async def test_compression_is_between_the_client_and_the_provider() -> None:
    """Streamed, what the client accepts is asked for and comes as it is; where the front reads, it asks for none."""
    packed = gzip.compress(b"hello" * 100)
    said = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    async with fronted(saying(said)) as (address, op, _):
        head, body = await get(address, headers=b"Accept-Encoding: gzip, br\r\n")
        assert (lines_of(head)[0], body) == (b"content-encoding: gzip", packed)
        await get(address, "/read", headers=b"Accept-Encoding: gzip, br\r\n")
    assert [seen.all("accept-encoding") for seen in op.requests] == [["gzip, br"], ["identity"]]
