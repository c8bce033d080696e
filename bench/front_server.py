"""A server that passes every request on to a provider. `passing` is the application that is measured."""

from __future__ import annotations

import sys

import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from endsession.front.passing import Incoming, outgoing, pass_on
from endsession.front.upstream import Upstream
from endsession.runtime.server import listener


def passing(base: str) -> ASGIApp:
    """What a token request goes through, and nothing is learnt: the floor that learning stands on."""
    upstream = Upstream(base, timeout=30, connections=100)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        incoming = Incoming.of(scope, receive)
        body = await incoming.body(64 * 1024)
        async with upstream.send(outgoing(incoming, body, identity=True)) as response:
            answer = await response.read(1024 * 1024)
        await pass_on(response, send, body=answer)

    return app


async def _serve(port: int, base: str) -> None:
    await listener(passing(base), "127.0.0.1", port).serve()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
