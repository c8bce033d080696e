"""Hosts of the test behind TLS, as Chromium sees them: a provider behind the front, apps, and a hostile site."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from endsession.runtime.server import listener
from tests.kit.chromium import Chromium, chromium
from tests.lab.certificates import certificate

Header = tuple[bytes, bytes]


@dataclass
class Seen:
    """A request as it came, and the head of its response."""

    host: str
    path: str
    headers: dict[str, str]
    method: str
    answered: list[Header] = field(default_factory=list)

    @property
    def cookies_set(self) -> list[str]:
        """The Set-Cookie lines."""
        return [value.decode("latin-1") for name, value in self.answered if name.lower() == b"set-cookie"]

    @property
    def head_size(self) -> int:
        """Bytes of the response's header lines."""
        return sum(len(name) + len(value) + 4 for name, value in self.answered)


@dataclass
class Web:
    """What Chromium reaches: `sites` by host; the others show an empty page. `seen` are all requests."""

    browser: Chromium = field(init=False)
    sites: dict[str, ASGIApp] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        request = Request(scope)
        seen = Seen(request.url.hostname or "", request.url.path, dict(request.headers), request.method)

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.answered = list(message["headers"])
                self.seen.append(seen)
            await send(message)

        await self.sites.get(seen.host, HTMLResponse("<title>a page</title>"))(scope, receive, note)

    def at(self, host: str, path: str) -> list[Seen]:
        """Requests for that path whose responses have begun, in their order."""
        return [seen for seen in self.seen if (seen.host, seen.path) == (host, path)]

    @contextlib.contextmanager
    def only(self, sites: dict[str, ASGIApp]) -> Iterator[None]:
        """These sites, and no request yet; for as long as the block."""
        self.sites, self.seen = sites, []
        try:
            yield
        finally:
            self.sites = {}


@contextlib.asynccontextmanager
async def web(folder: Path) -> AsyncIterator[Web]:
    """The gateway's listener with TLS, which has every host, and Chromium before it."""
    made = certificate(folder, "login.example")
    hosts = Web()
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = listener(hosts, "127.0.0.1", 0)
        server.config.timeout_graceful_shutdown = 1
        server.config.ssl_certfile, server.config.ssl_keyfile = made.path, made.key_path
        task = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            async with chromium(folder / "profile", bound.getsockname()[1]) as hosts.browser:
                yield hosts
        finally:
            server.should_exit = True
            await task


def page(html: str) -> ASGIApp:
    """A site with one page at every path."""
    return HTMLResponse(f"<!doctype html><title>a page</title>{html}")
