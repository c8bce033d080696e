"""A provider that answers every request with the same token response, as fast as Python can."""

from __future__ import annotations

import sys

import uvloop
from starlette.types import Receive, Scope, Send

from endsession.runtime.server import listener

TOKENS = b'{"access_token":"' + b"a" * 400 + b'","id_token":"' + b"i" * 1000 + b'","token_type":"Bearer"}'
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"content-length", b"%d" % len(TOKENS)),
]


async def provider(scope: Scope, receive: Receive, send: Send) -> None:
    """The token endpoint."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": TOKENS})


if __name__ == "__main__":
    uvloop.run(listener(provider, "127.0.0.1", int(sys.argv[1])).serve())
