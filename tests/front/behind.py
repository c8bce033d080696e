"""A provider of the lab behind a front: the gateway, the routing before it, two apps, and browsers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.kit.deployment import READER, Deployment, deploy, merged
from tests.lab.browser import Browser, Page
from tests.lab.clients import SHOP, WEB, Client, User
from tests.lab.network import Network, Server
from tests.lab.provider import LabProvider
from tests.lab.rp import App, Flow, running_app


class Routing(httpx2.AsyncBaseTransport):
    """What the proxy of an operator does: fronted paths and the gateway's own go to the gateway, all else past it."""

    def __init__(self, gateway: Deployment, provider: LabProvider, network: Network) -> None:
        self._gateway, self._provider, self._network = gateway, Server(provider.port), network
        self._app = httpx2.ASGITransport(gateway.app, client=("192.0.2.7", 40000))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request to where it belongs."""
        path = request.url.raw_path.partition(b"?")[0]
        fronted = self._gateway.gateway.fronts.find(request.url.netloc.decode(), path) is not None
        if fronted or path.startswith((b"/acme/", b"/idp/")):
            return await self._app.handle_async_request(request)
        return await self._network.send_to(self._provider, request)


@dataclass
class Behind:
    """A provider behind a front, with its apps."""

    gateway: Deployment
    provider: LabProvider
    network: Network
    apps: Mapping[str, App]

    def browser(self) -> Browser:
        """A new browser."""
        return Browser(self.network)

    async def sign_in(self, browser: Browser, app: str, user: User | None) -> Page:
        """Sign a user in at an app; None for one who must not be asked who they are."""
        target = self.apps[app].url()
        page = await self.provider.sign_in(browser, await browser.get(self.apps[app].url("/login")), user)
        assert page.url == target, (page.way, page.text)
        return page

    async def log_out(self, browser: Browser, app: str) -> Page:
        """Log out at an app, with a yes to the gateway's question if there is one."""
        page = await browser.get(self.apps[app].url("/logout"))
        if question := page.form_with("decision"):
            page = await browser.submit(page, question, button="decision")  # the first of that name is the yes
        return page

    async def sessions(self, state: str = "live") -> list[dict[str, Any]]:
        """The sessions that the gateway knows."""
        listed = await self.gateway.send("GET", f"/acme/sessions?state={state}", token=READER)
        return list(listed.json()["sessions"])

    async def ledger(self, sid: str) -> dict[str, str]:
        """What became of each app's delivery when a session ended."""
        shown = await self.gateway.send("GET", f"/acme/sessions/{sid}", token=READER)
        return {delivery["client_id"]: delivery["state"] for delivery in shown.json()["deliveries"]}

    async def counts(self) -> dict[str, int]:
        """What the front has counted, by event."""
        for front in self.gateway.gateway.issuer_fronts.values():
            await front.counts.write()
        rows = await self.gateway.rows("SELECT event, SUM(count) FROM front_counts GROUP BY event")
        return {event: int(count) for event, count in rows}


@asynccontextmanager
async def behind_front(
    provider: LabProvider,
    network: Network,
    folder: Path,
    *,
    flow: Flow | None = None,
    clients: Sequence[Client] = (WEB, SHOP),
    front: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> AsyncIterator[Behind]:
    """Put a provider that runs behind a front; `flow` is how its apps sign people in."""
    provider.publish(network)
    flow = flow or Flow(scope=provider.offline_scope, parameters=provider.offline_parameters)
    async with AsyncExitStack() as stack:
        apps = {
            client.client_id: await stack.enter_async_context(running_app(client, provider.issuer, network, flow))
            for client in clients
        }
        registered = {
            name: {
                "redirect_uris": [app.client.redirect_uri],
                "post_logout_redirect_uris": [app.client.post_logout_redirect_uri],
                "backchannel_logout_uri": app.backchannel_logout_uri,
            }
            for name, app in apps.items()
        }
        acme = {
            "issuer": provider.issuer,
            "jwks": None,
            "cookie": None,
            "clients": dict.fromkeys(("web", "other", "hmac", "gone")) | registered,
            "front": {"upstream": f"http://127.0.0.1:{provider.port}", **(front or {})},
        }
        configured = {
            "server": {"public_url": provider.base},
            "delivery": {"allow_networks": ["127.0.0.0/8"]},
            "issuers": {"acme": acme, "globex": None, "blind": None},
        }
        gateway = await stack.enter_async_context(deploy(folder, merged(configured, changes or {})))
        network.route(provider.host, Routing(gateway, provider, network))
        try:
            yield Behind(gateway, provider, network, apps)
        finally:
            provider.publish(network)
