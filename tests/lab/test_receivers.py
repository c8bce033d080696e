"""The receivers of examples/receivers take the gateway's logout tokens, end what they name, and refuse faulty ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.logout_tokens import write_keys
from tests.kit.provider import Provider, provider
from tests.kit.tokens import id_token, jwks

from .faulty_logout_tokens import FAULTS, good
from .receivers import FRAMEWORKS, running_receiver

pytestmark = [pytest.mark.slow, pytest.mark.sqlite_alone("what apps do with a token has nothing to do with storage")]


class App:
    """An app, with a browser for each sign-in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._provider = httpx2.Client(base_url=url, trust_env=False)
        self._browsers: dict[str, httpx2.Client] = {}

    def sign_in(self, name: str, sub: str, sid: str | None) -> int:
        """As if an ID token had come in the browser of that name; the status."""
        assert name not in self._browsers
        browser = self._browsers[name] = httpx2.Client(base_url=self.url, trust_env=False)
        return browser.post("/sign-in", data={"sub": sub, **({"sid": sid} if sid else {})}).status_code

    def signed_in(self) -> set[str]:
        """The browsers whose session lives."""
        return {name for name, browser in self._browsers.items() if browser.get("/").status_code == 200}

    def send(self, token: str) -> httpx2.Response:
        """Post a logout token; an empty one is left out."""
        return self._provider.post("/backchannel-logout", data={"logout_token": token} if token else {})

    def close(self) -> None:
        """Close every connection."""
        for client in (self._provider, *self._browsers.values()):
            client.close()


@asynccontextmanager
async def gateway_telling(app: App, folder: Path, **issuer: Any) -> AsyncIterator[Deployment]:
    """A gateway whose client web is the app."""
    client = {"backchannel_logout_uri": f"{app.url}/backchannel-logout"}
    table = {"signing_keys": write_keys(folder, "RS256"), "clients": {"web": client}, "notify_wait": 10, **issuer}
    changes: Mapping[str, Any] = {"delivery": {"allow_networks": ["127.0.0.0/8"]}, "issuers": {"acme": table}}
    async with deploy(folder, changes) as gateway:
        yield gateway


async def log_alice_out(gateway: Deployment, **hint: Any) -> list[str]:
    """Alice logs out at the gateway; what became of the deliveries."""
    assert (await gateway.register("s-alice")).status_code == 201
    parameters = {"id_token_hint": id_token(**hint)}
    response = await gateway.get("/acme/end-session", parameters, cookie=cookie_of(), accept="application/json")
    assert response.json()["status"] == "signed_out", response.text
    return [state for (state,) in await gateway.rows("SELECT state FROM deliveries")]


def publish(web: Provider) -> None:
    """The provider publishes the gateway's keys, and one of an algorithm that the app has not registered."""
    web.publish(*jwks("RS256", "ES256", kid="logout")["keys"])


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_receiver(framework: str, tmp_path: Path) -> None:
    """Without keys it answers 503, and nothing ends; then it refuses each fault, and ends what tokens name."""
    async with provider() as web:
        web.break_down()
        with running_receiver(framework, tmp_path, web.url) as url:
            app = App(url)
            try:
                await _see(app, web, tmp_path)
            finally:
                app.close()


async def _see(app: App, web: Provider, folder: Path) -> None:
    async def send(token: str) -> httpx2.Response:
        return await asyncio.to_thread(app.send, token)  # the keys are served by this very loop

    everyone = {"hers": "s-alice", "her phone": "s-phone"}
    for name, sid in everyone.items():
        assert app.sign_in(name, "alice", sid) == 200
    assert app.sign_in("bob", "bob", "s-bob") == 200
    unavailable = await send(good())
    assert (unavailable.status_code, unavailable.headers["cache-control"]) == (503, "no-store")

    publish(web)
    answers = {fault: await send(make()) for fault, make in FAULTS.items()}
    wrong = {name: answer.status_code for name, answer in answers.items() if answer.status_code != 400}
    assert wrong == {}
    assert {answer.headers["cache-control"] for answer in answers.values()} == {"no-store"}
    assert all(answer.json()["error"] == "invalid_request" for answer in answers.values())
    assert app.signed_in() == {*everyone, "bob"}

    (folder / "by-sid").mkdir()
    async with gateway_telling(app, folder / "by-sid") as gateway:
        assert await log_alice_out(gateway) == ["delivered"]
    assert app.signed_in() == {"her phone", "bob"}
    assert app.sign_in("late", "alice", "s-alice") == 409  # an ID token of a session that has ended meanwhile
    assert app.signed_in() == {"her phone", "bob"}

    assert app.sign_in("again", "alice", None) == 200
    (folder / "by-sub").mkdir()
    async with gateway_telling(app, folder / "by-sub", id_tokens_have_sid=False) as gateway:
        assert await log_alice_out(gateway, sid=None) == ["delivered"]
    assert app.signed_in() == {"bob"}

    token = good(sub="bob", sid=None)
    first = await send(token)
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-store")
    assert app.signed_in() == set()
    assert app.sign_in("bob again", "bob", "s-bob-2") == 200
    assert (await send(token)).status_code == 400  # the same jti again
    assert app.signed_in() == {"bob again"}
