"""What large things cost everybody else: the slowest logout of other users while each is under way.

    python -m bench.crowds [SCALE]

A session with 10 000 apps ends, each of which has to be told by a request of its own; 20 000 sessions expire at once,
and their app is gone, so that 20 000 deliveries are pending. Other users log out all the while, one after the other, at
a gateway in this process with its real storage. SCALE multiplies the numbers.

Machines are noisy, so users of a second gateway, at which nothing else goes on, log out at the same time: in a process
of its own, with its own storage. Its slowest logout is what the machine alone costs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from endsession.runtime.server import settle_memory
from endsession.store.audit import Trace
from endsession.store.clients import store_client
from endsession.store.script import Script
from endsession.store.sessions import Participant, Registration, register_session
from tests.kit import servers, storages
from tests.kit.deployment import TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import PLAIN
from tests.kit.logout_tokens import write_keys
from tests.kit.ports import free_port
from tests.kit.tokens import id_token

BETWEEN = 0.01
"""Seconds between two logouts of other users."""
RESTING = 20.0
"""Seconds for which the CPU of pending deliveries is watched."""
AT_ONCE = 500
"""Rows that one transaction of the preparation writes."""
Logout = tuple[float, float]
"""When a logout began (`time.perf_counter`, which all processes of a machine share), and how long it took."""


@dataclass
class Others:
    """Other users, who log out one after the other. Times are in seconds."""

    gateway: Deployment
    signed_in: int = 0
    left: int = 0

    async def sign_in(self, count: int) -> None:
        """Register sessions for them."""
        for number in range(self.signed_in, self.signed_in + count):
            assert (await self.gateway.register(f"other-{number}")).status_code == 201
        self.signed_in += count

    async def log_out(self) -> Logout:
        """The next one does."""
        sid, began = f"other-{self.left}", time.perf_counter()
        self.left += 1
        hint = {"id_token_hint": id_token(sid=sid), "post_logout_redirect_uri": "https://app.example/signed-out"}
        response = await self.gateway.get(PLAIN, hint, cookie=cookie_of(sid))
        assert response.status_code == 303, response.text
        return began, time.perf_counter() - began

    async def log_out_while(self, under_way: Callable[[], bool], at_least: int = 100) -> list[Logout]:
        """All of them, until nothing is under way."""
        logouts: list[Logout] = []
        while under_way() or len(logouts) < at_least:
            if self.left == self.signed_in:
                await self.sign_in(50)
            logouts.append(await self.log_out())
            await asyncio.sleep(BETWEEN)
        return logouts


def idle(backend: str, server: str | None, report: Connection) -> None:
    """The other gateway: its users log out until the process is terminated. To be run in a process of its own."""

    async def log_out() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with _gateway(Path(folder)) as gateway:
                others = Others(gateway)
                while True:
                    await others.sign_in(1)
                    report.send(await others.log_out())
                    await asyncio.sleep(BETWEEN)

    storages.server = server
    storages.choose(backend)
    asyncio.run(log_out())


@dataclass
class Table:
    """Prints a row for each thing, with what the idle gateway's users met at the same time."""

    storage: str
    floor: Connection
    _seen: list[Logout] = field(default_factory=list)

    async def row(self, what: str, logouts: list[Logout], note: str = "") -> None:
        """One line of the table."""
        from_, to = logouts[0][0], sum(logouts[-1])
        while not self._seen or self._seen[-1][0] < to:
            self._seen.append(await asyncio.to_thread(self.floor.recv))
        idle_ones = [took for began, took in self._seen if from_ - took <= began <= to]
        took = [took for _, took in logouts]
        median, slowest, floor = (f"{seconds * 1e3:.1f} ms" for seconds in (_median(took), max(took), max(idle_ones)))
        slow = f"{sum(seconds > 0.05 for seconds in took)} of {len(took):,}"
        print("|", " | ".join((self.storage, what, median, slowest, slow, floor, note)), "|", flush=True)


_median = statistics.median


async def measure(table: Table, folder: Path, scale: float) -> None:
    """All rows of one storage. Each thing has a gateway of its own, so that nothing is left of the one before."""
    apps, sessions = round(10_000 * scale), round(20_000 * scale)
    async with _others(folder / "nothing") as others:
        await table.row("nothing else", await others.log_out_while(lambda: False, at_least=500))
    async with _others(folder / "apps") as others:
        await _many_apps(table, others, apps)
    async with _others(folder / "expiries") as others:
        await _many_expiries(table, others, sessions)
        await _many_pending(table, others, sessions)


@asynccontextmanager
async def _others(folder: Path) -> AsyncIterator[Others]:
    await asyncio.to_thread(folder.mkdir)
    async with _gateway(folder) as gateway:
        others = Others(gateway)
        await others.sign_in(1000)
        yield others


@asynccontextmanager
async def _gateway(folder: Path) -> AsyncIterator[Deployment]:
    gone = {"client_name": "Gone", "backchannel_logout_uri": f"http://127.0.0.1:{free_port()}/"}
    alg = {"id_token_signed_response_alg": "HS256", "client_secret": "s" * 32}
    acme = {"clients": {"gone": gone | alg}, "signing_keys": write_keys(folder, "RS256")}
    changes = {"delivery": {"allow_networks": ["127.0.0.0/8"]}, "issuers": {"acme": acme}}
    async with deploy(folder, changes) as gateway:
        settle_memory()  # as a server does when it starts
        yield gateway


async def _many_apps(table: Table, others: Others, count: int) -> None:
    gateway, store = others.gateway, others.gateway.gateway.store
    for start in range(0, count, AT_ONCE):
        await store.write(_apps(range(start, min(start + AT_ONCE, count))), within=60)
    said = Registration(sub="bob", participants=[Participant(f"app{number}") for number in range(count)])
    await store.write(_registering("big", said, gateway.clock()), within=120)
    left = [count]
    began = time.perf_counter()
    watch = asyncio.create_task(_watch(gateway, left, f"SELECT {count} - COUNT(*) FROM deliveries WHERE sid = 'big'"))
    end = asyncio.create_task(gateway.send("DELETE", "/acme/sessions/big", token=TOKEN))
    logouts = await others.log_out_while(lambda: left[0] > 0 or not end.done())
    assert (await end).status_code == 200
    note = f"all recorded after {await watch - began:.1f} s"
    await table.row(f"a session with {count:,} apps ends", logouts, note)


def _apps(numbers: range) -> Script[None]:
    """Apps at a URL where nobody answers: each is tried, and fails."""
    url = f"http://127.0.0.1:{free_port()}/"
    for number in numbers:
        metadata = {"client_id": f"app{number}", "client_name": f"App {number}", "backchannel_logout_uri": url}
        yield from store_client("acme", f"app{number}", metadata, None, Trace("bench", "", 0))


def _registering(sid: str, said: Registration, now: float) -> Script[str]:
    trace = Trace("bench", "", now)
    return register_session("acme", sid, said, now=now, default_lifetime=86_400, default_idle=None, trace=trace)


async def _many_expiries(table: Table, others: Others, count: int) -> None:
    gateway = others.gateway
    now = gateway.clock()
    said = Registration(sub="carol", expires_at=now + 3600, participants=[Participant("gone")])
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        await asyncio.gather(
            *(gateway.gateway.store.write(_registering(f"x-{number}", said, now), within=60) for number in numbers)
        )
    gateway.clock.advance(3601)
    left = [count]
    began = time.perf_counter()
    query = "SELECT COUNT(*) FROM sessions WHERE sub = 'carol' AND ended_at IS NULL"
    watch = asyncio.create_task(_watch(gateway, left, query))
    logouts = await others.log_out_while(lambda: left[0] > 0)
    note = f"{count / (await watch - began):,.0f} ended a second"
    await table.row(f"{count:,} sessions expire", logouts, note)


async def _watch(gateway: Deployment, left: list[int], query: str) -> float:
    """Keep `left` at what the query says until that is nothing. Returns when that was."""
    while left[0]:
        await asyncio.sleep(0.2)
        left[0] = (await gateway.rows(query))[0][0]
    return time.perf_counter()


async def _many_pending(table: Table, others: Others, count: int) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(RESTING)
    share = (time.process_time() - cpu) / (time.perf_counter() - began)
    await others.sign_in(500)
    logouts = await others.log_out_while(lambda: False, at_least=500)
    note = f"{share:.1%} of a core while nobody logs out"
    await table.row(f"{count:,} deliveries are pending", logouts, note)


@contextmanager
def _beside(backend: str) -> Iterator[Connection]:
    """The idle gateway's process, and what it reports."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=idle, args=(backend, storages.server, sender))
    process.start()
    try:
        receiver.recv()
        yield receiver
    finally:
        process.terminate()
        process.join()


def main() -> None:
    """Print the table."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print("| storage | meanwhile | logout of another user | slowest | above 50 ms | slowest at an idle gateway | |")
    print("|---|---|---|---|---|---|---|")
    with servers.postgres() as server:
        storages.server = server
        for name, backend in (("SQLite", "sqlite"), ("PostgreSQL", "postgresql")):
            storages.choose(backend)
            with tempfile.TemporaryDirectory() as folder, _beside(backend) as floor:
                asyncio.run(measure(Table(name, floor), Path(folder), scale))


if __name__ == "__main__":
    main()
