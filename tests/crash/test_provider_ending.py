"""A process that dies, and two that live: a provider is asked to end each session, no more often than leases say."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from tests.kit import servers
from tests.kit.admin_api import AdminApi, admin_api
from tests.kit.deployment import CONFIGURATION, TOKEN, deploy, merged
from tests.kit.flow import PLAIN
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

from .test_kill import start

POINTS = ("before the commit", "after the commit", "before a send", "after a send", "before a record's commit")
CALLED_BEFORE = {"after a send", "before a record's commit"}
SESSIONS = 40


@pytest.fixture
def api() -> Iterator[AdminApi]:
    """A provider."""
    with admin_api() as running:
        yield running


def configuration(folder: Path, api: AdminApi, storage: str) -> dict[str, Any]:
    """For every process: a hint ends its session, and no app has to be told."""
    changes = {
        "storage": {"url": storage},
        "delivery": {"timeout": 0.5},
        "issuers": {"acme": {"cookie": None, "policy": {"hint_authority": "hint"}, "notify_wait": 5}},
    }
    whole = merged(api.ending("keycloak"), changes)
    (folder / "configuration.json").write_text(json.dumps(merged(CONFIGURATION, whole)))
    return whole


def register(http: httpx2.Client, sid: str) -> None:
    """Sign alice in at a victim."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert http.put(f"/acme/sessions/{sid}", json={"sub": "alice"}, headers=headers).status_code == 201


def log_out(http: httpx2.Client, sid: str) -> int | None:
    """A logout's status, or None when the connection breaks."""
    try:
        return http.get(PLAIN, params={"id_token_hint": id_token(sid=sid)}, timeout=20).status_code
    except httpx2.HTTPError:
        return None


@pytest.mark.parametrize("point", POINTS)
async def test_killed(tmp_path: Path, api: AdminApi, storage_url: str, point: str) -> None:
    """After a restart the provider's session is ended, if and only if ours is; at most twice, where that is unknown."""
    api.sessions |= {"s-1": "alice", "s-untouched": "alice"}
    whole = configuration(tmp_path, api, storage_url)
    victim, http = start(tmp_path, point)
    with http:
        register(http, "s-1")
        register(http, "s-untouched")
        assert log_out(http, "s-1") is None
        assert victim.wait(20) == -signal.SIGKILL
        assert victim.stdout is not None
        victim.stdout.close()
    assert api.calls["s-1"] == (1 if point in CALLED_BEFORE else 0)
    async with deploy(tmp_path, whole) as gateway:
        gateway.clock.advance(60)  # the lease of the dead process runs out
        if point == "before the commit":
            assert await gateway.state_of("s-1") == "live"
            await gateway.get(PLAIN, {"id_token_hint": id_token(sid="s-1")})
        gateway.gateway.outbox.wake()

        async def states() -> list[tuple[Any, ...]]:
            return await gateway.rows("SELECT sid, channel, state FROM deliveries WHERE channel = 'op_admin'")

        await eventually(states, lambda seen: seen == [("s-1", "op_admin", "delivered")])
        ((reason,),) = await gateway.rows("SELECT reason FROM deliveries WHERE channel = 'op_admin'")
    assert reason.startswith("already gone" if point in CALLED_BEFORE else "delivered")
    assert api.calls == Counter({"s-1": 2 if point in CALLED_BEFORE else 1})
    assert set(api.sessions) == {"s-untouched"}


@pytest.mark.slow
async def test_two_processes_ask_once(tmp_path: Path, api: AdminApi, postgres_server: str) -> None:
    """What one could not do, either may take up: each attempt is made by one of them, and is in the ledger."""
    names = [f"s-{number}" for number in range(SESSIONS)]
    api.sessions |= dict.fromkeys(names, "alice")
    api.instead.extend(Response(status_code=429) for _ in range(SESSIONS // 2))
    configuration(tmp_path, api, servers.fresh_schema(postgres_server))
    processes = [start(tmp_path, "never"), start(tmp_path, "never")]
    try:
        for number, name in enumerate(names):
            register(processes[number % 2][1], name)
        for number, name in enumerate(names):
            assert await asyncio.to_thread(log_out, processes[number % 2][1], name) == 200
        at_one = processes[0][1]
        headers = {"authorization": f"Bearer {TOKEN}"}

        async def ledger() -> list[dict[str, Any]]:
            answer = await asyncio.to_thread(at_one.get, "/acme/deliveries?limit=1000", headers=headers)
            return [found for found in answer.json()["deliveries"] if found["channel"] == "op_admin"]

        found = await eventually(ledger, lambda seen: {page["state"] for page in seen} == {"delivered"})
    finally:
        for process, http in processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
            http.close()
    assert not api.sessions
    assert {page["sid"]: len(page["attempts"]) for page in found} == dict(api.calls)
    assert api.calls.total() == SESSIONS + SESSIONS // 2
