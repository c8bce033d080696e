"""Requests to a provider without a front."""

from __future__ import annotations

from endsession.front.upstream import Outgoing, Upstream

HOST = (b"host", b"login.example")
OK = b"HTTP/1.1 200 OK\r\n"
GET = Outgoing("GET", b"/authorize?x=1", [HOST])
POST = Outgoing("POST", b"/token", [HOST, (b"content-length", b"6")], b"code=x")


def reaching(port: int, *, timeout: float = 20.0, connections: int = 4) -> Upstream:
    """A client of the provider at that port."""
    return Upstream(f"http://127.0.0.1:{port}", timeout=timeout, connections=connections)


async def fetch(upstream: Upstream, request: Outgoing = GET, limit: int = 1 << 20) -> tuple[int, bytes]:
    """Status and body of one exchange."""
    async with upstream.send(request) as response:
        return response.status, await response.read(limit)


async def streamed(upstream: Upstream, request: Outgoing = GET) -> bytes:
    """The body of one exchange, as it comes."""
    async with upstream.send(request) as response:
        return b"".join([part async for part in response.stream()])
