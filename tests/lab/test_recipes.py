"""Providers that report their sign-ins by calls (examples/login_side): what endsession then can do, and what it cannot.

The provider and the gateway share a host name, as behind one proxy; nothing of the provider passes the gateway.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.kit.deployment import TOKEN, Deployment, deploy
from tests.kit.ports import free_port
from tests.kit.serving import ROOT

from .browser import Browser, Page
from .clients import ALICE, SHOP, WEB, User
from .dot import Dot
from .network import Network, Server
from .node import Node
from .provider import LabProvider, private_jwk, started
from .rp import App, running_app
from .serving import listening

pytestmark = [pytest.mark.slow, pytest.mark.sqlite_alone("the calls are tested on both in tests/handlers")]
RECIPES = ROOT / "examples" / "login_side"


class ReportingNode(Node):
    """node-oidc-provider with its recipe."""

    backchannel_logout = True
    gateway_port = 0
    settings: Mapping[str, Any] = {"cookie": {"name": "_session"}}

    def prepare(self) -> None:
        """The recipe is part of what the script reads."""
        gateway = f"http://127.0.0.1:{self.gateway_port}/acme"
        self.report = {"recipe": str(RECIPES / "node_oidc_provider.mjs"), "gateway": gateway, "token": TOKEN}
        super().prepare()


class ReportingDot(Dot):
    """django-oauth-toolkit with its recipe."""

    gateway_port = 0
    settings: Mapping[str, Any] = {"cookie": {"name": "sessionid"}, "id_tokens_have_sid": False}

    def environment(self) -> dict[str, str]:
        """The recipe's URLs, and what it reads."""
        known = super().environment()
        path = f"{known['PYTHONPATH']}:{ROOT}"
        gateway = f"http://127.0.0.1:{self.gateway_port}/acme"
        urls = "sites.dot_reporting_urls"
        return {**known, "PYTHONPATH": path, "LAB_URLS": urls, "LAB_GATEWAY": gateway, "LAB_TOKEN": TOKEN}


Reporting = ReportingNode | ReportingDot


@dataclass
class Scene:
    """A provider with its recipe, two apps, and alice's browser. No gateway yet."""

    provider: Reporting
    network: Network
    web: App
    shop: App
    browser: Browser

    async def sign_in(self, app: App, user: User | None = ALICE) -> Page:
        """Sign in at an app as a user, or silently as the one that the browser's cookie names: fails if it does not."""
        return await self.provider.sign_in(self.browser, await self.browser.get(app.url("/login")), user)

    @asynccontextmanager
    async def gateway(self, folder: Path) -> AsyncIterator[Deployment]:
        """The gateway, which signs with the provider's own key, until the end of the block."""
        (folder / "op.jwk").write_text(json.dumps({**private_jwk(self.provider.folder), "alg": "RS256"}))
        (folder / "op.jwk").chmod(0o600)
        clients = {
            app.client.client_id: {
                "post_logout_redirect_uris": [app.client.post_logout_redirect_uri],
                "backchannel_logout_uri": app.backchannel_logout_uri,
            }
            for app in (self.web, self.shop)
        }
        table = {
            "issuer": self.provider.issuer,
            "jwks": (await self.web.talk.jwks()),
            "signing_keys": ["op.jwk"],
            "clients": clients,
            "notify_wait": 10,
            **self.provider.settings,
        }
        changes = {"delivery": {"allow_networks": ["127.0.0.0/8"]}, "issuers": {"acme": table}}
        async with deploy(folder, changes) as gateway, listening(gateway.app, self.provider.gateway_port) as port:
            self.network.route(self.provider.host, Server(port), paths=("/acme/end-session",))
            yield gateway


@pytest.fixture(params=[ReportingNode, ReportingDot], ids=lambda kind: kind.name)
async def scene(request: pytest.FixtureRequest, tmp_path: Path, network: Network) -> AsyncIterator[Scene]:
    """Each provider in turn."""
    kind: type[LabProvider] = type(request.param.__name__, (request.param,), {"gateway_port": free_port()})
    (tmp_path / "provider").mkdir()
    with started(kind, tmp_path / "provider") as provider:
        provider.publish(network)
        async with AsyncExitStack() as stack:
            web, shop = [
                await stack.enter_async_context(running_app(client, provider.issuer, network)) for client in (WEB, SHOP)
            ]
            assert isinstance(provider, Reporting)
            yield Scene(provider, network, web, shop, Browser(network))


async def sessions(gateway: Deployment) -> list[tuple[str, str, set[str]]]:
    """The sessions that the gateway knows: id, state and apps."""
    listed = (await gateway.send("GET", "/acme/sessions", token=TOKEN)).json()["sessions"]
    return [(each["sid"], each["state"], {app["client_id"] for app in each["clients"]}) for each in listed]


async def test_a_provider_that_reports(scene: Scene, tmp_path: Path) -> None:
    """Its sessions can be ended, in its browser and from elsewhere, and who was ended has to sign in again.

    While the gateway is unavailable nobody is signed in, since that session could not be ended.
    """
    page = await scene.sign_in(scene.web)
    assert (page.status, scene.web.sessions) == (503, {}), (page.way, page.text)
    assert "code=" not in str(page.response.headers)
    scene.browser = Browser(scene.network)

    async with scene.gateway(tmp_path) as gateway:
        for app, user in ((scene.web, ALICE), (scene.shop, None)):
            page = await scene.sign_in(app, user)
            assert page.url == app.url(), (page.way, page.text)
        ((first, state, apps),) = await sessions(gateway)
        assert (state, apps) == ("live", {"web", "shop"})

        # A logout in the browser: both apps are told, and the provider's cookie goes.
        asked = {"id_token_hint": scene.web.only.tokens["id_token"]}
        asked["post_logout_redirect_uri"] = scene.web.client.post_logout_redirect_uri
        page = await scene.browser.get("https://login.example/acme/end-session", initiator=scene.web.url(), **asked)
        assert page.url == scene.web.client.post_logout_redirect_uri, (page.way, page.text)
        assert (scene.web.sessions, scene.shop.sessions) == ({}, {})
        assert scene.web.refused_logout_tokens == scene.shop.refused_logout_tokens == []

        # Ended from elsewhere, the browser keeps the cookie, which is good for nothing any more.
        assert (await scene.sign_in(scene.web)).url == scene.web.url()
        (second,) = [sid for sid, state, _ in await sessions(gateway) if state == "live" and sid != first]
        ended = await gateway.send("DELETE", f"/acme/sessions/{second}", token=TOKEN)
        assert ended.status_code in (200, 202, 204), ended.text
        assert scene.web.sessions == {}
        with pytest.raises(AssertionError, match="asks who it is"):
            await scene.sign_in(scene.shop, None)
        assert (await scene.sign_in(scene.shop)).url == scene.shop.url()
        (third,) = [sid for sid, state, _ in await sessions(gateway) if state == "live"]
        assert third not in (first, second)
