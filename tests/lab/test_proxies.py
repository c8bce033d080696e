"""Each proxy of the lab runs, routes by exact path, and leaves alone what a provider needs as it was."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.kit.ports import free_port

from . import certificates, proxies, routing
from .browser import Browser
from .clients import ALICE, WEB
from .conftest import RunningProviders
from .network import Network, Server
from .node import Node
from .rp import Flow, running_app
from .serving import listening

pytestmark = pytest.mark.slow
KINDS = ("nginx", "haproxy", "caddy", "envoy")
PATHS = ("/o/token/", "/auth")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each proxy in turn."""
    return str(request.param)


def naming(name: str) -> Starlette:
    """A server that says who it is, and what it was asked."""

    async def say(request: Request) -> Response:
        seen = {"name": name, "target": f"{request.scope['raw_path'].decode()}?{request.url.query}"}
        body = {**seen, "headers": dict(request.headers), "body": (await request.body()).decode()}
        response = JSONResponse(body)
        response.set_cookie("first", "1")
        response.set_cookie("second", "2")
        return response

    return Starlette(routes=[Route("/{path:path}", say, methods=["GET", "POST"])])


@pytest.fixture
async def servers() -> AsyncIterator[tuple[int, int]]:
    """The ports of a front and of a provider."""
    async with listening(naming("front")) as front, listening(naming("provider")) as provider:
        yield front, provider


async def test_a_proxy_routes_by_exact_path(kind: str, servers: tuple[int, int], tmp_path: Path) -> None:
    """Host, query, body and every Set-Cookie are as they were; a longer path is another one."""
    port = free_port()
    text = getattr(routing, kind)(port, *servers, PATHS)
    with getattr(proxies, kind)(tmp_path, port, text):
        async with Network() as network, httpx2.AsyncClient(transport=network) as client:
            network.route("login.example", Server(port))
            for path, name in [
                ("/o/token/", "front"),
                ("/auth", "front"),
                ("/auth/more", "provider"),
                ("/o/token", "provider"),
                ("/", "provider"),
            ]:
                response = await client.post(f"https://login.example{path}?a=%7e+b&c=%20&a=", content=b"x=%41+")
                seen = response.json()
                assert (seen["name"], seen["target"], seen["body"]) == (name, f"{path}?a=%7e+b&c=%20&a=", "x=%41+")
                assert seen["headers"]["host"] == "login.example"
                assert seen["headers"]["x-forwarded-proto"] == "https"
                assert len(response.headers.get_list("set-cookie")) == 2
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


async def test_a_provider_works_behind_a_proxy(
    kind: str, running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """PAR, DPoP and a signed response all pass: nothing that a signature or a URL stands on is changed on the way."""
    provider, port = running_providers(Node), free_port()
    flow = Flow(par=True, dpop=True, response_mode="jwt")
    text = getattr(routing, kind)(port, provider.port, provider.port, PATHS)
    with getattr(proxies, kind)(tmp_path, port, text):
        network.route(provider.host, Server(port))
        async with running_app(WEB, provider.issuer, network, flow) as app:
            browser = Browser(network)
            page = await provider.sign_in(browser, await browser.get(app.url("/login")), ALICE)
            assert page.url == app.url(), (page.way, page.text)
            assert (await app.talk.userinfo(app.only.tokens["access_token"]))["sub"] == "alice"


async def test_tls_is_spoken_where_it_is_wanted(servers: tuple[int, int], tmp_path: Path) -> None:
    """A browser reaches nginx over TLS, under a name that its certificate is good for, and under no other."""
    port, (_, provider) = free_port(), servers
    certificate = certificates.certificate(tmp_path, "login.example")
    text = f"""
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate.path};
    ssl_certificate_key {certificate.key_path};
    location / {{ proxy_set_header Host $host; proxy_pass http://127.0.0.1:{provider}; }}
}}
"""
    with proxies.nginx(tmp_path, port, text):
        async with Network() as network:
            network.route("login.example", Server(port, certificate.trusting))
            network.route("other.example", Server(port, certificate.trusting))
            browser = Browser(network)
            page = await browser.get("https://login.example/here")
            assert page.response.json()["headers"]["host"] == "login.example"
            assert browser.cookies.of("login.example") == {"first": "1", "second": "2"}
            with pytest.raises(httpx2.ConnectError, match=r"not valid for 'other\.example'"):
                await browser.get("https://other.example/here")
