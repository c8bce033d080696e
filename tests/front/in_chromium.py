"""Hosts of the test behind TLS, as Chromium sees them: a provider behind the front, apps, and a hostile site."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from endsession.runtime.server import listener
from tests.kit.chromium import Chromium, Tab, chromium
from tests.kit.deployment import READER, Deployment, deploy
from tests.kit.fronted import until
from tests.lab.certificates import certificate
from tests.lab.serving import listening

from .people import Begun, exchange
from .scripted import HOST, ISSUER, ScriptedProvider, canary, challenge_of, only_acme

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
    def location(self) -> str:
        """Where it redirects to."""
        return dict(self.answered).get(b"location", b"").decode("latin-1")

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

    async def asked(self, host: str, path: str, times: int = 1) -> None:
        """Return once that path has been asked for so many times."""
        await until(lambda: len(self.at(host, path)) >= times)

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


class CookieProvider(ScriptedProvider):
    """Sets cookies of every kind with each sign-in; `more` are the Set-Cookie lines, without their values."""

    more: tuple[str, ...] = (
        "lax; Path=/; Secure; HttpOnly; SameSite=Lax",
        "of_domain; Path=/; Secure; Domain=login.example",
        "__Secure-none; Path=/; Secure; HttpOnly; SameSite=None",
        "__Host-strict; Path=/; Secure; HttpOnly; SameSite=Strict",
        "apart; Path=/; Secure; SameSite=None; Partitioned",
        "kept_language; Path=/; Secure; Max-Age=3600",
    )

    session_same_site: str = "lax"

    def authorize(self, request: Request) -> Response:
        """See ScriptedProvider."""
        response = super().authorize(request)
        same_site = f"SameSite={self.session_same_site}".encode()
        response.raw_headers[:] = [
            (name, value.replace(b"SameSite=lax", same_site)) for name, value in response.raw_headers
        ]
        if "set-cookie" in response.headers:
            for line in self.more:
                name, _, attributes = line.partition("; ")
                response.raw_headers.append((b"set-cookie", f"{name}={canary('cookie')}; {attributes}".encode()))
        return response

    @property
    def last_cookies(self) -> dict[str, str]:
        """Those of the last authorization request that came."""
        return [request for request in self.seen if request.url.path == "/authorize"][-1].cookies


@dataclass
class Signing:
    """People who sign in with Chromium, at a provider behind the front."""

    web: Web
    provider: CookieProvider
    gateway: Deployment

    def url(self, client_id: str, user: str | None = None, **changes: str) -> tuple[str, Begun]:
        """The authorization request of an app, with an answer still to come."""
        verifier, nonce = canary("verifier"), canary("nonce")
        parameters = {
            "client_id": client_id,
            "redirect_uri": f"https://{client_id}.example/callback",
            "response_type": "code",
            "scope": "openid",
            "state": "a-state",
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            **({"login_hint": user} if user else {}),
            **changes,
        }
        return f"{ISSUER}/authorize?{urlencode(parameters)}", Begun(client_id, verifier, nonce, {})

    async def ask(self, tab: Tab, client_id: str, user: str | None = None, **changes: str) -> Begun:
        """Go from an app to the provider and back."""
        url, begun = self.url(client_id, user, **changes)
        shown = await tab.go(url)
        assert shown.startswith(f"https://{client_id}.example/callback?"), shown
        return replace(begun, answer=dict(parse_qsl(urlsplit(shown).query)))

    async def sign_in(self, tab: Tab, client_id: str, user: str | None = None) -> str:
        """Sign in; the ID token that the app gets."""
        begun = await self.ask(tab, client_id, user)
        response = await exchange(self.gateway.http, begun)
        assert response.status_code == 200, response.text
        return str(response.json()["id_token"])

    async def log_out(self, tab: Tab, client_id: str, hint: str) -> None:
        """Log out at an app."""
        goes_to = f"https://{client_id}.example/signed-out"
        shown = await tab.go(f"{ISSUER}/bye?{urlencode({'id_token_hint': hint, 'post_logout_redirect_uri': goes_to})}")
        assert shown == goes_to

    async def sessions(self) -> list[set[str]]:
        """The apps of each live session."""
        listed = await self.gateway.send("GET", "/acme/sessions?state=live", token=READER)
        return [{client["client_id"] for client in session["clients"]} for session in listed.json()["sessions"]]


@contextlib.asynccontextmanager
async def signing(
    web: Web, folder: Path, *, more: tuple[str, ...] = CookieProvider.more, session_same_site: str = "lax"
) -> AsyncIterator[Signing]:
    """A provider that sets cookies, behind a front that keeps those whose names begin with `kept_`."""
    provider = CookieProvider()
    provider.more, provider.session_same_site = more, session_same_site
    async with listening(provider.asgi) as port, deploy(folder, only_acme(port, keep_cookies=["kept_*"])) as gateway:
        with web.only({HOST: gateway.app}):
            yield Signing(web, provider, gateway)


def page(html: str) -> ASGIApp:
    """A site with one page at every path."""
    return HTMLResponse(f"<!doctype html><title>a page</title>{html}")
