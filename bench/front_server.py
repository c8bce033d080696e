"""A front before the provider of the benchmark: as shipped, or passing requests on without learning anything.

python -m bench.front_server PORT UPSTREAM (shipped|passing)
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from endsession import settings as configuration
from endsession.contract.document import load_document
from endsession.front.passing import Incoming, outgoing, pass_on
from endsession.front.upstream import Upstream
from endsession.runtime.app import Ports, application, open_gateway
from endsession.runtime.server import listener, settle_memory

from .front_provider import ISSUER


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


async def _serve(port: int, base: str, *, shipped: bool) -> None:
    if not shipped:
        await listener(passing(base), "127.0.0.1", port).serve()
        return
    settings = configuration.Settings.model_validate(
        {
            "server": {"public_url": ISSUER, "trusted_proxies": ["127.0.0.1"]},
            "issuers": {"acme": {"issuer": ISSUER, "front": {"upstream": base}, "clients": {"web": {}}}},
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        async with open_gateway(settings, load_document(), Ports(Path(folder))) as gateway:
            settle_memory()
            await listener(application(gateway, settings), "127.0.0.1", port).serve()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, filename="/dev/null")  # the access log is written, as it is shipped
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2], shipped=sys.argv[3] == "shipped"))
