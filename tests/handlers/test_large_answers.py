"""Answers about very many apps, sessions or clients: whole, in pages, and without a query for each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from endsession.runtime.app import Ports, open_store
from endsession.store.audit import Trace
from endsession.store.clients import store_client
from endsession.store.deliveries import Attempt, deliveries_of_session
from endsession.store.lanes import record_attempt
from endsession.store.script import Database, Script
from endsession.store.sessions import Participant, Registration, register_session
from tests.kit.deployment import TOKEN, Clock, Deployment, cookie_of, deploy
from tests.kit.faults import FailingDatabase
from tests.kit.flow import JSON, PLAIN
from tests.kit.tokens import id_token

T = TypeVar("T")
MANY = 250
"""More than is read at once."""


class Counting(FailingDatabase):
    """A real database, and how often it was read."""

    reads = 0

    async def read(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        Counting.reads += 1
        return await super().read(script, within=within)


def _counting(url: str, base: Path) -> Database:
    return Counting(open_store(url, base))


@pytest.fixture
async def gateway(tmp_path: Path, backend: str) -> AsyncIterator[Deployment]:
    """A gateway with very many clients in its database, of which no one can be told."""
    clock = Clock()
    async with deploy(tmp_path, ports=Ports(tmp_path, clock, clock.monotonic, open_store=_counting)) as gateway:
        await gateway.gateway.store.write(_clients())
        yield gateway


def _clients() -> Script[None]:
    for number in range(MANY):
        metadata = {"client_id": f"app{number:03}", "client_name": f"App {number}"}
        yield from store_client("acme", metadata["client_id"], metadata, None, Trace("test", "", 0))


def _registering(gateway: Deployment, sid: str, apps: int) -> Script[Any]:
    said = Registration(sub="alice", participants=[Participant(f"app{number:03}") for number in range(apps)])
    now, trace = gateway.clock(), Trace("test", "", 0)
    return register_session("acme", sid, said, now=now, default_lifetime=999, default_idle=None, trace=trace)


async def _read(gateway: Deployment, path: str, **query: str | int) -> Any:
    response = await gateway.send("GET", f"/acme/{path}", params=query, token=TOKEN)
    assert response.status_code == 200, response.text
    return response.json()


async def _pages(gateway: Deployment, path: str, name: str, limit: int) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = []
    query: dict[str, str] = {}
    while True:
        page = await _read(gateway, path, limit=limit, **query)
        pages.append(page[name])
        if "next" not in page:
            return pages
        query = {"cursor": page["next"]}


@pytest.mark.parametrize("limit", [1, 99, 100, 127, 1000])
async def test_clients_come_in_pages(gateway: Deployment, limit: int) -> None:
    """Each client once, those of the settings first, whatever the size of pages; all but the last one are full."""
    pages = await _pages(gateway, "clients", "clients", limit)
    listed = [client["client_id"] for page in pages for client in page]
    assert listed == ["gone", "hmac", "other", "web", *(f"app{number:03}" for number in range(MANY))]
    assert {len(page) for page in pages[:-1]} <= {limit}
    assert 0 < len(pages[-1]) <= limit


async def test_a_client_of_the_settings_is_listed_once(gateway: Deployment) -> None:
    """One of the same name in the database, from before, does not count, and makes no page end early."""
    await gateway.gateway.store.write(store_client("acme", "web", {"client_id": "web"}, None, Trace("test", "", 0)))
    pages = await _pages(gateway, "clients", "clients", 3)
    listed = [client for page in pages for client in page if client["client_id"] == "web"]
    assert [client["client_name"] for client in listed] == ["The Web App"]
    assert sum(map(len, pages)) == MANY + 4


async def test_clients_come_by_the_hundred(gateway: Deployment) -> None:
    """Who does not say how many, gets the first hundred and where to go on."""
    page = await _read(gateway, "clients")
    assert (len(page["clients"]), page["next"]) == (100, page["clients"][-1]["client_id"])


@pytest.mark.parametrize("limit", [1, 100, 101, 1000])
async def test_sessions_come_with_their_own_apps(gateway: Deployment, limit: int) -> None:
    """Each session once, with the apps that take part in it and no others."""
    for number in range(120 if limit > 1 else 3):
        await gateway.gateway.store.write(_registering(gateway, f"s{number:03}", number % 4))
    pages = await _pages(gateway, "sessions", "sessions", limit)
    listed = [(session["sid"], len(session["clients"])) for page in pages for session in page]
    assert listed == [(f"s{number:03}", number % 4) for number in range(len(listed))]
    assert len(listed) in (3, 120)


async def test_a_result_names_each_app(gateway: Deployment) -> None:
    """By its name, in the answer to the user and later; with a few reads, and not one for each app."""
    apps = [{"client_id": f"app{number:03}"} for number in range(MANY)]
    assert (await gateway.register(clients=apps)).status_code == 201
    before = Counting.reads
    hint = {"id_token_hint": id_token(aud="web")}
    result = (await gateway.get(PLAIN, hint, cookie=cookie_of(), accept=JSON)).json()
    assert Counting.reads - before < 20
    first = [app["name"] for app in result["apps"]]
    assert len(first) >= 100
    await gateway.gateway.endings.stop()
    later = (await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)).json()
    assert sorted(app["name"] for app in later["apps"]) == sorted(f"App {number}" for number in range(MANY))
    assert set(first) <= {app["name"] for app in later["apps"]}


async def test_attempts_are_not_read_one_by_one(gateway: Deployment) -> None:
    """The ledger, and a session that has ended, show each delivery with its own attempts; with a few reads."""
    store = gateway.gateway.store
    await store.write(_registering(gateway, "s-alice", MANY))
    await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
    await gateway.gateway.endings.stop()
    deliveries = await store.read(deliveries_of_session("acme", "s-alice"))
    for delivery in deliveries[:: MANY // 5]:
        tried = Attempt(1, 0, 0, 503, delivery.client_id)
        await store.write(record_attempt(delivery, tried, lease="nobody", state="failed", due_at=0))
    for path, query in (("deliveries", {"limit": 1000}), ("sessions/s-alice", {})):
        before = Counting.reads
        shown = (await _read(gateway, path, **query))["deliveries"]
        assert Counting.reads - before < 10
        assert [item["id"] for item in shown] == [delivery.id for delivery in deliveries]
        tried_apps = [item["client_id"] for item in shown if item["attempts"]]
        assert [item["attempts"][0]["reason"] for item in shown if item["attempts"]] == tried_apps
        assert len(tried_apps) == 5
