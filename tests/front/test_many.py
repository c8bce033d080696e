"""Many sign-ins at once, through two gateway processes on one storage: nothing of one browser reaches another (T39)."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from endsession.runtime.app import open_store
from endsession.store.script import Script, Statement
from tests.kit import storages
from tests.kit.ports import free_port
from tests.kit.serving import CHECKOUT, serving
from tests.lab.serving import listening

from .people import Person, exchange, refresh, without_jar
from .scripted import CLIENTS, ScriptedProvider

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("backend")]
TOKEN = "a-management-token-of-the-operator"
SIGN_INS, BROWSERS, AT_ONCE = 1000, 40, 16
SETTINGS = """
[server]
port = {port}
public_url = "https://login.example"
trusted_proxies = ["127.0.0.1"]
[limits]
logout_per_address = ""
logout_per_client = ""
[[management.tokens]]
name = "operator"
sha256 = "{digest}"
issuers = ["acme"]
scopes = ["sessions:read"]
[issuers.acme]
issuer = "https://login.example"
[issuers.acme.front]
upstream = "http://127.0.0.1:{provider}"
[issuers.acme.clients.web]
redirect_uris = ["https://web.example/callback"]
post_logout_redirect_uris = ["https://web.example/signed-out"]
[issuers.acme.clients.shop]
redirect_uris = ["https://shop.example/callback"]
post_logout_redirect_uris = ["https://shop.example/signed-out"]
"""


@dataclass
class Two:
    """A provider behind two gateway processes."""

    provider: ScriptedProvider
    gateways: list[httpx2.AsyncClient]
    folder: Path
    issued: list[tuple[Person, dict[str, Any]]] = field(default_factory=list)
    """Who signed in, and what the app got for it."""

    @property
    def any_gateway(self) -> httpx2.AsyncClient:
        """One of them, as a load balancer chooses."""
        return random.choice(self.gateways)

    async def sign_in(self, person: Person) -> None:
        """One sign-in, whose requests may each go to another process; now and then it is refreshed at once."""
        client_id = random.choice(CLIENTS)
        begun = await person.authorize(self.any_gateway, client_id)
        response = await exchange(self.any_gateway, begun)
        assert response.status_code == 200, response.text
        self.issued.append((person, response.json()))
        if len(self.issued) % 10 == 0:
            response = await refresh(self.any_gateway, client_id, response.json()["refresh_token"])
            assert response.status_code == 200, response.text
            self.issued.append((person, response.json()))

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What stands in the storage that both share."""

        def script() -> Script[list[tuple[Any, ...]]]:
            return (yield Statement(sql, {}))

        store = open_store(storages.storage_url(self.folder), self.folder)
        await store.prepare()
        try:
            return await store.read(script())
        finally:
            await store.close()


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    """Two processes of `endsession serve`, with one storage."""
    provider = ScriptedProvider()
    async with AsyncExitStack() as stack:
        provider_port = await stack.enter_async_context(listening(provider.asgi))
        gateways = []
        for name in ("first", "second"):
            port = free_port()
            digest = hashlib.sha256(TOKEN.encode()).hexdigest()
            (tmp_path / f"{name}.toml").write_text(SETTINGS.format(port=port, provider=provider_port, digest=digest))
            running = serving(tmp_path, port, CHECKOUT, ("--config", f"{name}.toml"), f"{name}.log")
            # In a thread: it waits for the gateway, and the gateway for the provider, which runs in this loop.
            await asyncio.to_thread(running.__enter__)
            stack.push_async_callback(asyncio.to_thread, running.__exit__, None, None, None)
            gateways.append(await stack.enter_async_context(without_jar(f"http://127.0.0.1:{port}")))
        yield Two(provider, gateways, tmp_path)


async def _at_once(work: list[Any]) -> None:
    limit = asyncio.Semaphore(AT_ONCE)

    async def limited(item: Any) -> None:
        async with limit:
            await item

    async with asyncio.TaskGroup() as group:
        for item in work:
            group.create_task(limited(item))


async def _in_turns(two: Two, person: Person, times: int) -> None:
    for _ in range(times):
        await two.sign_in(person)
        await asyncio.sleep(0)


async def _sessions(two: Two, state: str) -> dict[str, str]:
    """The user of each session in that state."""
    found: dict[str, str] = {}
    query = {"state": state, "limit": "1000"}
    response = await two.any_gateway.get("/acme/sessions", params=query, headers={"authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200, response.text
    found |= {session["sid"]: session["sub"] for session in response.json()["sessions"]}
    assert "next" not in response.json()
    return found


@pytest.mark.timeout(300)
async def test_nothing_crosses(two: Two) -> None:
    """1000 interleaved sign-ins of 40 browsers, each user at two of them: each token's session is its browser's alone.

    Then one browser of each user logs out, and exactly those sessions end.
    """
    people = [Person(f"user-{number // 2}") for number in range(BROWSERS)]
    await _at_once([_in_turns(two, person, SIGN_INS // BROWSERS) for person in people])
    assert len(two.issued) >= SIGN_INS
    assert two.provider.crossed == []
    for person in people:
        # One cookie of the gateway and one of the provider's, each the same at every request.
        assert dict(person.cookies_set) == person.cookies
        assert len(set(person.cookies_set)) == 2, person.cookies_set
    assert len({value for person in people for value in person.cookies.values()}) == 2 * BROWSERS

    of_browser = dict(await two.rows("SELECT sha256, sid FROM session_cookies"))
    of_token = dict(await two.rows("SELECT sha256, sid FROM front_tokens"))
    users = dict(await two.rows("SELECT sid, sub FROM sessions"))
    assert len(users) == len(set(of_browser.values())) == BROWSERS
    for person, tokens in two.issued:
        sid = of_token[hashlib.sha256(tokens["refresh_token"].encode()).hexdigest()]
        assert sid == of_browser[person.cookie_digest]
        assert users[sid] == person.user

    leaving, staying = people[::2], people[1::2]
    await _at_once([_log_out(two, person) for person in leaving])
    assert set(await _sessions(two, "ended")) == {of_browser[person.cookie_digest] for person in leaving}
    assert set(await _sessions(two, "live")) == {of_browser[person.cookie_digest] for person in staying}
    for person in people:
        token = next(
            tokens["refresh_token"]
            for owner, tokens in reversed(two.issued)
            if owner is person and tokens["refresh_token"] in two.provider.refresh
        )
        response = await refresh(two.any_gateway, "web", token)
        assert response.status_code == (400 if person in leaving else 200), response.text
        assert (token in two.provider.refresh) == (person in leaving), "the provider is not asked for an ended session"


async def _log_out(two: Two, person: Person) -> None:
    hint = next(tokens["id_token"] for owner, tokens in two.issued if owner is person)
    response = await two.any_gateway.get("/bye", params={"id_token_hint": hint}, headers=person.cookie_header)
    assert response.status_code == 200, response.text


async def test_two_sign_ins_of_one_new_browser_are_one_session(two: Two) -> None:
    """Both apps of a browser that nobody knows yet ask for tokens at the same time, at two processes: one session."""
    for number in range(30):
        person = Person(f"new-{number}")
        begun = [await person.authorize(two.gateways[0], client_id) for client_id in CLIENTS]
        responses = await asyncio.gather(*(exchange(http, one) for http, one in zip(two.gateways, begun, strict=True)))
        assert [response.status_code for response in responses] == [200, 200]
    live = await _sessions(two, "live")
    assert len(live) == 30
    assert len(set(live.values())) == 30


async def test_the_test_would_see_a_crossing(two: Two) -> None:
    """What the provider would notice if a request came with another browser's cookie: `crossed` is no empty word."""
    alice, bob = Person("alice"), Person("bob")
    await two.sign_in(alice)
    await two.sign_in(bob)
    alice.cookies["op_session"] = bob.cookies["op_session"]
    await two.sign_in(alice)
    assert two.provider.crossed == ["a cookie of bob came from alice"]
