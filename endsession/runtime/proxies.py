"""Whose `X-Forwarded-For` is believed: that of `server.trusted_proxies`, and nobody else's (T20)."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ..front.incoming import TRUSTED

log = logging.getLogger(__name__)

PEERS = 16
"""At most so many peers are named in the log, each once: anyone can send the header."""


class TrustedProxies:
    """An ASGI application in front of another: where a trusted proxy says so, the client is the one that it names."""

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        """`proxies` are addresses or networks, as the settings have them."""
        # 10.1.2.3/8 is 10.0.0.0/8, which uvicorn would take for a name that nobody has.
        networks = [str(ipaddress.ip_network(proxy, strict=False)) for proxy in proxies]
        self._app = app
        self._believing = ProxyHeadersMiddleware(app, networks) if networks else None  # type: ignore[arg-type]
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        peer = scope["client"][0] if scope.get("client") else ""
        if self._believing is not None and peer in self._believing.trusted_hosts:
            # What it believes is written over the peer's address, so that what follows could not tell any more.
            scope[TRUSTED] = True
            await self._believing(scope, receive, send)  # type: ignore[arg-type]
            return
        if scope["type"] == "http" and len(self._told) < PEERS and peer not in self._told:
            self._look(scope, peer)
        await self._app(scope, receive, send)

    def _look(self, scope: Scope, peer: str) -> None:
        """Say whose header is not believed. What is in it is anybody's, and goes into no log."""
        if any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
            self._told.add(peer)
            log.warning(
                "server.trusted_proxies: %s sends X-Forwarded-For and is not among them, so it counts as one client;"
                " if it is your proxy, all users share its rate limit: add it to server.trusted_proxies",
                peer,
            )
