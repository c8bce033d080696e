"""A front that only passes on, before a provider of the test."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from endsession.front.failures import error_of, failure
from endsession.front.incoming import ClientGone, WhileConnected
from endsession.front.passing import BrokenOff, Incoming, outgoing, pass_on
from endsession.front.upstream import ProviderFailed, Upstream
from endsession.pages import Pages
from endsession.protocol.errors import EndsessionError
from endsession.runtime.proxies import TrustedProxies
from tests.kit.fronted import Answer, RawProvider, exchange, provider, serving

LIMIT = 1 << 20
CLOSE = b"Host: Login.Example:8443\r\nConnection: close\r\n"
OURS = (b"date: ", b"connection: close")
"""What the server adds to each response."""


def lines_of(head: bytes) -> list[bytes]:
    """The header lines of an answer, without those that the server adds. It writes names in lower case."""
    return [line for line in head.split(b"\r\n")[1:] if not line.startswith(OURS)]


async def get(
    address: tuple[str, int], path: str = "/x", headers: bytes = b"", method: str = "GET"
) -> tuple[bytes, bytes]:
    """One request without a body."""
    return await exchange(address, f"{method} {path} HTTP/1.1\r\n".encode() + CLOSE + headers + b"\r\n")


@dataclass
class Front:
    """Paths that begin with `/read` are read whole, both ways; all else is streamed."""

    upstream: Upstream
    withheld: set[tuple[str, str]] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        incoming = Incoming.of(scope, receive)
        whole = incoming.target.startswith(b"/read")
        try:
            async with WhileConnected(incoming):
                body = await incoming.body(LIMIT) if whole else incoming.stream(LIMIT)
                request = outgoing(
                    incoming,
                    body,
                    identity=whole,
                    without_cookie=("ours",),
                    withhold=lambda *pair: pair in self.withheld,
                )
                async with self.upstream.send(request) as response:
                    await pass_on(response, send, body=await response.read(LIMIT) if whole else None)
        except BrokenOff as broken:
            self.notes.append(broken.detail)
        except ClientGone:
            self.notes.append("the client has gone")
        except (ProviderFailed, EndsessionError) as refused:
            error = error_of(refused) if isinstance(refused, ProviderFailed) else refused
            await failure(error, "json", pages=Pages(), reference="ref")(scope, receive, send)


@contextlib.asynccontextmanager
async def fronted(
    answer: Answer, *, seconds: float = 20.0, connections: int = 20, proxies: tuple[str, ...] = ()
) -> AsyncIterator[tuple[tuple[str, int], RawProvider, Front]]:
    """The address of a front, its provider, and the front."""
    async with provider(answer) as op:
        front = Front(Upstream(op.base, timeout=seconds, connections=connections))
        async with serving(TrustedProxies(front, proxies)) as address:
            yield address, op, front
        await front.upstream.close()
