"""A provider that issues tokens as fast as Python can: ID tokens of many users that were signed before."""

from __future__ import annotations

import json
import sys
import time
from itertools import cycle

import uvloop
from starlette.types import Receive, Scope, Send

from endsession.runtime.server import listener
from tests.kit.tokens import jwks, sign

ISSUER = "https://login.example"
USERS = 500
PUBLISHED = {
    "/.well-known/openid-configuration": {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/oauth2/token",
        "jwks_uri": f"{ISSUER}/jwks",
    },
    "/jwks": jwks("RS256"),
}


def _tokens(user: int) -> bytes:
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": f"user-{user}", "aud": "web", "iat": now, "exp": now + 3600, "sid": f"s-{user}"}
    id_token = sign(claims, "RS256")
    return json.dumps({"access_token": "a" * 400, "id_token": id_token, "token_type": "Bearer"}).encode()


async def _serve(port: int) -> None:
    answers = cycle([_tokens(user) for user in range(USERS)])

    async def provider(scope: Scope, receive: Receive, send: Send) -> None:
        """The token endpoint, and what the provider publishes."""
        while (await receive()).get("more_body"):
            pass
        published = PUBLISHED.get(scope["path"])
        body = next(answers) if published is None else json.dumps(published).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store" if published is None else b"max-age=3600"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    await listener(provider, "127.0.0.1", port).serve()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
