"""Two gateways on one PostgreSQL under load: the server is restarted and a gateway killed, again and again.

Every logout is somebody's: what he was told is kept, and held against what is so when everything has settled.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.kit import servers
from tests.kit.apps import with_apps
from tests.kit.deployment import CONFIGURATION, TOKEN, merged
from tests.kit.flow import PLAIN
from tests.kit.receivers import Receivers, receivers
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

APPS = ("a", "b", "c")
USERS = 8
"""Users that sign in and log out at once."""
HEADERS = {"host": "login.example", "accept": "application/json"}
MANAGEMENT = {"authorization": f"Bearer {TOKEN}"}


@dataclass
class Tally:
    """What users were told. `refused` were told that nothing had ended, `unknown` that it is not known."""

    signed_out: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    deliveries: int = 0
    tokens: int = 0


class Node:
    """A gateway process that can be killed and started again. It listens at another port each time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.base = ""
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and return once it serves."""
        command = [sys.executable, "-m", "tests.crash.victim", str(self._folder), "never"]
        while True:  # its start needs the database, which may be restarting
            self.process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
            assert self.process.stdout is not None
            if port := await self.process.stdout.readline():
                self.base = f"http://127.0.0.1:{int(port)}"
                return

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


async def endure(folder: Path, rounds: int, say: Callable[[str], None] = lambda line: None) -> Tally:
    """Restart the server and kill a gateway `rounds` times each, under load; then see whether all is as was told."""
    with receivers() as apps, servers.restartable_postgres(folder / "data") as server:
        url = servers.fresh_schema(server.url)
        changes = {
            "storage": {"url": url},
            "delivery": {"timeout": 1},
            "issuers": {"acme": {"cookie": None, "policy": {"hint_authority": "hint"}, "notify_wait": 0.2}},
        }
        configuration = merged(CONFIGURATION, merged(with_apps(folder, apps, *APPS), changes))
        (folder / "configuration.json").write_text(json.dumps(configuration))
        tally = Tally()
        async with _nodes(folder) as nodes, httpx2.AsyncClient(timeout=30, trust_env=False, headers=HEADERS) as http:
            ended = asyncio.Event()
            async with asyncio.TaskGroup() as load:
                for number in range(USERS):
                    load.create_task(_users(number, nodes, http, tally, ended))
                for number in range(rounds):
                    await _after(tally, 30)
                    await asyncio.to_thread(server.restart)
                    tally.faults["PostgreSQL restarted"] += 1
                    await _after(tally, 30)
                    await nodes[number % 2].kill()
                    tally.faults["gateway killed"] += 1
                    await nodes[number % 2].start()
                    say(f"{number + 1}: {len(tally.signed_out)} signed out, {len(tally.refused)} refused")
                ended.set()
            await _settle(nodes[0], http, tally, apps)
        return tally


@asynccontextmanager
async def _nodes(folder: Path) -> AsyncIterator[list[Node]]:
    nodes = [Node(folder), Node(folder)]
    try:
        for node in nodes:
            await node.start()
        yield nodes
    finally:
        for node in nodes:
            if node.process is not None and node.process.returncode is None:
                await node.kill()


async def _after(tally: Tally, more: int) -> None:
    """Returns once so many more users have been signed out."""
    wanted = len(tally.signed_out) + more
    while len(tally.signed_out) < wanted:  # noqa: ASYNC110  # it is what the load is about
        await asyncio.sleep(0.05)


async def _users(number: int, nodes: list[Node], http: httpx2.AsyncClient, tally: Tally, ended: asyncio.Event) -> None:
    count = 0
    while not ended.is_set():
        count += 1
        sid = f"s-{number}-{count}"
        if not await _signed_in(sid, nodes, http):
            continue
        node = nodes[(number + count) % 2]
        try:
            response = await http.get(f"{node.base}{PLAIN}", params={"id_token_hint": id_token(aud="a", sid=sid)})
        except httpx2.HTTPError:
            tally.unknown.add(sid)  # the connection broke: nobody said anything
            continue
        if response.status_code == 200 and response.json()["status"] == "signed_out":
            tally.signed_out.add(sid)
        elif response.status_code == 503 and "not known" in response.text:
            tally.unknown.add(sid)
        elif response.status_code == 503:
            tally.refused.add(sid)
        else:
            tally.wrong.append(f"{sid}: {response.status_code} {response.text[:80]}")


async def _signed_in(sid: str, nodes: list[Node], http: httpx2.AsyncClient) -> bool:
    body = {"sub": "alice", "clients": [{"client_id": name} for name in APPS]}
    for node in nodes:
        try:
            response = await http.put(f"{node.base}/acme/sessions/{sid}", json=body, headers=MANAGEMENT)
        except httpx2.HTTPError:
            continue
        if response.status_code in (200, 201):
            return True
    await asyncio.sleep(0.05)
    return False


async def _settle(node: Node, http: httpx2.AsyncClient, tally: Tally, apps: Receivers) -> None:
    """Hold what was told against what is so. Deliveries of dead processes are taken over after their lease."""
    sessions = {session["sid"]: session["state"] for session in await _all(node, http, "sessions")}
    tally.wrong += [f"{sid}: told signed out, and it is live" for sid in tally.signed_out if sessions[sid] != "ended"]
    tally.wrong += [f"{sid}: told that nothing ended, and it has" for sid in tally.refused if sessions[sid] == "ended"]
    deliveries = await eventually(lambda: _all(node, http, "deliveries"), _are_settled, seconds=120)
    ledger: dict[str, Counter[str]] = {}
    for delivery in deliveries:
        ledger.setdefault(delivery["sid"], Counter())[f"{delivery['client_id']} {delivery['state']}"] += 1
    for sid, state in sessions.items():
        told = dict.fromkeys((f"{name} delivered" for name in APPS), 1) if state == "ended" else {}
        if ledger.get(sid, Counter()) != told:
            tally.wrong.append(f"{sid}: {state}, and its ledger has {dict(ledger.get(sid, {}))}")
    tally.deliveries = sum(sum(found.values()) for found in ledger.values())
    tally.tokens = sum(len(apps.tokens(name)) for name in APPS)


def _are_settled(deliveries: list[dict[str, Any]]) -> bool:
    return all(delivery["state"] != "pending" for delivery in deliveries)


async def _all(node: Node, http: httpx2.AsyncClient, what: str) -> list[dict[str, Any]]:
    """Every page of a list."""
    found: list[dict[str, Any]] = []
    query = {"limit": "1000"}
    while True:
        response = await http.get(f"{node.base}/acme/{what}", params=query, headers=MANAGEMENT)
        page = response.json()
        found += page[what]
        if "next" not in page:
            return found
        query["cursor"] = page["next"]
