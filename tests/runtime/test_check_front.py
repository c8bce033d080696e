"""`endsession check` of a front: the provider behind it, and the routing before it as seen from outside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from endsession import settings as configuration
from endsession.network.lookup import Lookups
from endsession.provider.fetch import Fetcher
from endsession.runtime.check import look_around
from tests.kit.deployment import DOCUMENT, deploy
from tests.kit.fronted import serving
from tests.kit.ports import free_port
from tests.kit.provider import Provider, provider
from tests.kit.tokens import jwks

pytestmark = pytest.mark.usefixtures("backend")
OPENID = "/.well-known/openid-configuration"
Route = Callable[[str], str]
"""Who gets a path: `gateway`, `provider`, or `nobody`."""


def by_default(path: str) -> str:
    """As the documents say."""
    fronted = {OPENID, "/.well-known/oauth-authorization-server", "/certs", "/authorize", "/token", "/bye"}
    return "gateway" if path in fronted or path.startswith("/acme/end-session") else "provider"


class Proxy:
    """What stands before the gateway, on a real socket: sends each path to whom `route` says."""

    def __init__(self) -> None:
        self.gateway: ASGIApp | None = None
        self.provider = ""
        self.route: Route = by_default
        self.host: bytes | None = None
        self.lookups = Lookups()
        self.fetcher = Fetcher(self.lookups)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        to = self.route(scope["path"])
        if to == "gateway" and self.gateway is not None:
            headers = [(k, self.host if k == b"host" and self.host else v) for k, v in scope["headers"]]
            await self.gateway(dict(scope, headers=headers), receive, send)
            return
        answer = await self.fetcher.get(self.provider + scope["path"], {}) if to == "provider" else None
        headers = [(k.encode(), v.encode()) for k, v in answer.headers.items()] if answer else []
        status, body = (answer.status, answer.body) if answer else (404, b"")
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def running(folder: Path, **metadata: Any) -> AsyncIterator[tuple[Proxy, Provider, dict[str, Any]]]:
    """A provider, a gateway with a front before it, and a proxy before both; and the settings."""
    proxy = Proxy()
    async with provider() as web, serving(proxy) as (_, port):
        issuer = f"http://localhost:{port}"
        names = {"jwks_uri": "certs", "authorization_endpoint": "authorize", "token_endpoint": "token"}
        urls = {name: f"{issuer}/{path}" for name, path in names.items()} | {"end_session_endpoint": f"{issuer}/bye"}
        publish(web, {"issuer": issuer, **urls, **metadata})
        proxy.provider = web.url.removesuffix("/jwks.json")
        acme = {"issuer": issuer, "cookie": None, "jwks": None, "front": {"upstream": proxy.provider}}
        changes = {"server": {"public_url": issuer}, "issuers": {"acme": acme, "globex": None, "blind": None}}
        async with deploy(folder, changes) as gateway:
            proxy.gateway = gateway.app
            yield proxy, web, {"server": {"public_url": issuer}, "issuers": {"acme": without_none(acme)}}
        await proxy.fetcher.close()
        await proxy.lookups.close()


def publish(web: Provider, metadata: Mapping[str, Any]) -> None:
    """The metadata, keys, and a token endpoint that names its requests itself."""
    web.paths[OPENID] = ("200 OK", {}, json.dumps(metadata).encode())
    web.paths["/certs"] = ("200 OK", {}, json.dumps(jwks("RS256")).encode())
    named = {"x-request-id": "0123456789abcdef"}
    web.paths["/token"] = ("405 Method Not Allowed", named, b"")
    web.paths["/authorize"] = ("400 Bad Request", {}, b"<html>")
    web.paths["/bye"] = ("200 OK", {}, b"<html>")


def without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table of settings without what is taken out of others."""
    return {name: value for name, value in table.items() if value is not None}


async def found(folder: Path, settings: Mapping[str, Any]) -> list[tuple[bool, str]]:
    """The findings about the front: whether certain, and what."""
    made = configuration.Settings.model_validate(settings)
    lookups = Lookups()
    fetcher = Fetcher(lookups, timeout=5)
    try:
        async with asyncio.timeout(60):
            findings = [
                f async for f in look_around(made, settings["server"]["public_url"], folder, fetcher.get, DOCUMENT)
            ]
    finally:
        await fetcher.close()
        await lookups.close()
    return [(f.certain, f.problem.message) for f in findings if "front" in f.problem.location]


async def test_a_front_that_is_routed_as_it_should(tmp_path: Path) -> None:
    """Nothing to find, and the provider's own names of requests confuse nobody."""
    async with running(tmp_path) as (_, _, settings):
        assert await found(tmp_path, settings) == []


@pytest.mark.parametrize("path", ["/token", "/authorize", "/certs", "/bye", OPENID])
async def test_each_path_that_goes_around_the_gateway(tmp_path: Path, path: str) -> None:
    """It is the one thing that silently defeats a front: a mistake, with the URL."""
    async with running(tmp_path) as (proxy, _, settings):
        proxy.route = lambda asked: "provider" if asked == path else by_default(asked)
        (certain, message), *more = await found(tmp_path, settings)
    assert certain
    assert message.startswith(f"{settings['server']['public_url']}{path} (")
    assert "is answered without this gateway (status" in message
    assert [bool(f"{OPENID} does not say what it should about backchannel" in said) for _, said in more] == (
        [True] if path == OPENID else []
    )


async def test_a_proxy_that_changes_the_host(tmp_path: Path) -> None:
    """Each fronted URL comes here as something else."""
    async with running(tmp_path) as (proxy, _, settings):
        proxy.host = b"endsession.internal"
        findings = await found(tmp_path, settings)
    assert len([said for certain, said in findings if certain and "comes here under another Host or path" in said]) >= 5


async def test_an_old_document_in_a_cache(tmp_path: Path) -> None:
    """The one that is published is compared with what it should be, member by member."""
    async with running(tmp_path) as (_, web, settings):
        await found(tmp_path, settings)
        metadata = json.loads(web.paths[OPENID][2])
        publish(web, metadata | {"token_endpoint": settings["server"]["public_url"] + "/certs2"})
        findings = await found(tmp_path, settings)
    assert (
        True,
        f"{settings['server']['public_url']}{OPENID} does not say what it should about token_endpoint",
    ) in findings


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (
            {"issuer": "http://op.internal"},
            "the provider's metadata cannot be used: its issuer is not http://localhost",
        ),
        ({"token_endpoint": "nonsense"}, "the provider's metadata: its token_endpoint is not an http or https URL"),
    ],
)
async def test_metadata_that_cannot_be_used(tmp_path: Path, metadata: dict[str, Any], message: str) -> None:
    """A provider that does not know its public name is the commonest mistake."""
    async with running(tmp_path, **metadata) as (_, _, settings):
        findings = await found(tmp_path, settings)
    assert any(certain and said.startswith(message) for certain, said in findings), findings


async def test_a_collision(tmp_path: Path) -> None:
    """Named before the gateway refuses to start with it."""
    async with running(tmp_path) as (_, web, settings):
        url = settings["server"]["public_url"] + "/acme/sessions"
        publish(web, json.loads(web.paths[OPENID][2]) | {"token_endpoint": url})
        findings = await found(tmp_path, settings)
    assert (True, f"the provider's token endpoint {url} is our /{{issuer_id}}/sessions as well") in findings


@pytest.mark.parametrize("path", ["/acme/sessions", "/healthz"])
async def test_what_must_not_be_public(tmp_path: Path, path: str) -> None:
    """A bearer token is then the only guard."""
    async with running(tmp_path) as (proxy, _, settings):
        proxy.route = lambda asked: "gateway" if asked == path else by_default(asked)
        findings = await found(tmp_path, settings)
    assert findings == [(False, f"{settings['server']['public_url']}{path} can be reached from outside")]


async def test_what_cannot_be_reached_from_here(tmp_path: Path) -> None:
    """Nothing is known to be wrong: it is said, and no failure."""
    async with running(tmp_path) as (_, _, settings):
        gone = f"http://127.0.0.1:{free_port()}"
        settings["issuers"]["acme"]["front"]["upstream"] = gone
        ((certain, message),) = await found(tmp_path, settings)
    assert (certain, "so the front was not checked" in message) == (False, True)
