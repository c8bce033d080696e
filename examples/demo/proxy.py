"""The demo's reverse proxy: what the operator's own does in production (`endsession proxy` prints its configuration).

By host name it chooses who answers. On the provider's host, the fronted endpoints and the gateway's own paths go to the
gateway, and everything else goes past it to the provider.
"""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from endsession.front.passing import Incoming, outgoing, pass_on
from endsession.front.upstream import ProviderFailed, Upstream

FRONTED = (
    "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth/jwks.json",
    "/oauth/authorize", "/oauth/token", "/oauth/end_session",
)  # fmt: skip
"""The provider's endpoints that the gateway answers. A proxy has them written down: whether the provider is up or not,
none of them may be reached without the gateway."""
OURS = re.compile(
    r"/(?:docs|openapi\.json|openapi\.yaml|healthz|readyz|idp/.*)"
    r"|/[^/]+/(?:end-session|logout|id-tokens|sessions|clients|deliveries|hooks|jwks\.json|\.well-known)(?:/.*)?"
)
"""The gateway's own paths, whatever the issuer's name. Most must not be public; here nobody else can reach them."""
MAX_BODY = 1 << 20
"""Bytes of a request to the provider."""


class LoginHost:
    """The provider's host. The provider gets what the browser sent, its Host header included."""

    def __init__(self, gateway: ASGIApp, provider: Upstream) -> None:
        self._gateway, self._provider = gateway, provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and not _is_for_gateway(scope["path"]):
            await self._pass(scope, receive, send)
        else:
            await self._gateway(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = Incoming.of(scope, receive)
        request = outgoing(incoming, await incoming.body(MAX_BODY))
        try:
            async with self._provider.send(request) as response:
                await pass_on(response, send)
        except ProviderFailed as failed:
            page = PlainTextResponse(f"The demo's provider does not answer: it is {failed.kind}.", 502)
            await page(scope, receive, send)


def _is_for_gateway(path: str) -> bool:
    return path in FRONTED or OURS.fullmatch(path) is not None
