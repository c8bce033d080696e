"""What large things cost everybody else: the slowest logout of other users while each is under way.

    python -m bench.crowds [SCALE]

A session with 10 000 apps ends; 20 000 sessions expire at once, and their app is gone, so that 20 000 deliveries are
pending. Other users log out all the while, one after the other, at a gateway in this process with its real storage.
SCALE multiplies the numbers.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from endsession.store.audit import Trace
from endsession.store.script import Script
from endsession.store.sessions import Participant, Registration, register_session
from tests.kit import servers, storages
from tests.kit.deployment import TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import PLAIN
from tests.kit.ports import free_port
from tests.kit.tokens import id_token

BETWEEN = 0.01
"""Seconds between two logouts of other users."""
RESTING = 20.0
"""Seconds for which the CPU of pending deliveries is watched."""


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

    async def log_out_while(self, under_way: Callable[[], bool], at_least: int = 30) -> list[float]:
        """How long each logout took."""
        took: list[float] = []
        while (under_way() or len(took) < at_least) and self.left < self.signed_in:
            sid, began = f"other-{self.left}", time.perf_counter()
            self.left += 1
            hint = {"id_token_hint": id_token(sid=sid), "post_logout_redirect_uri": "https://app.example/signed-out"}
            response = await self.gateway.get(PLAIN, hint, cookie=cookie_of(sid))
            assert response.status_code == 303, response.text
            took.append(time.perf_counter() - began)
            await asyncio.sleep(BETWEEN)
        return took


def row(storage: str, what: str, took: list[float], note: str) -> None:
    """One line of the table."""
    median, slowest = statistics.median(took) * 1e3, max(took) * 1e3
    print(f"| {storage} | {what} | {median:.1f} ms | {slowest:.0f} ms | {note} |", flush=True)


async def measure(storage: str, folder: Path, scale: float) -> None:
    """All rows of one storage."""
    apps, sessions = round(10_000 * scale), round(20_000 * scale)
    async with _gateway(folder) as gateway:
        others = Others(gateway)
        await others.sign_in(2000)
        row(storage, "nothing else", await others.log_out_while(lambda: False, at_least=100), "")
        await _many_apps(storage, gateway, others, apps)
        await _many_expiries(storage, gateway, others, sessions)
        await _many_pending(storage, others, sessions)


@asynccontextmanager
async def _gateway(folder: Path) -> AsyncIterator[Deployment]:
    gone = {"client_name": "Gone", "backchannel_logout_uri": f"http://127.0.0.1:{free_port()}/"}
    alg = {"id_token_signed_response_alg": "HS256", "client_secret": "s" * 32}
    changes = {"delivery": {"allow_networks": ["127.0.0.0/8"]}, "issuers": {"acme": {"clients": {"gone": gone | alg}}}}
    async with deploy(folder, changes) as gateway:
        yield gateway


async def _many_apps(storage: str, gateway: Deployment, others: Others, count: int) -> None:
    said = Registration(sub="bob", participants=[Participant(f"app{number}") for number in range(count)])
    now = gateway.clock()
    await gateway.gateway.store.write(_registering("big", said, now), within=120)
    began = time.perf_counter()
    end = asyncio.create_task(gateway.send("DELETE", "/acme/sessions/big", token=TOKEN))
    took = await others.log_out_while(lambda: not end.done())
    assert (await end).status_code == 200
    query = "SELECT COUNT(*) FROM deliveries WHERE sid = 'big'"
    while (await gateway.rows(query))[0][0] < count:  # noqa: ASYNC110  # the table is what there is to look at
        await asyncio.sleep(0.05)
    row(storage, f"a session with {count:,} apps ends", took, f"all recorded after {time.perf_counter() - began:.1f} s")


def _registering(sid: str, said: Registration, now: float) -> Script[str]:
    trace = Trace("bench", "", now)
    return register_session("acme", sid, said, now=now, default_lifetime=86_400, default_idle=None, trace=trace)


async def _many_expiries(storage: str, gateway: Deployment, others: Others, count: int) -> None:
    now = gateway.clock()
    said = Registration(sub="carol", expires_at=now + 3600, participants=[Participant("gone")])
    for start in range(0, count, 500):
        numbers = range(start, min(start + 500, count))
        await asyncio.gather(
            *(gateway.gateway.store.write(_registering(f"x-{number}", said, now), within=60) for number in numbers)
        )
    gateway.clock.advance(3601)
    left = [count]
    began = time.perf_counter()
    watch = asyncio.create_task(_watch(gateway, left))
    took = await others.log_out_while(lambda: left[0] > 0)
    await watch
    seconds = time.perf_counter() - began
    row(storage, f"{count:,} sessions expire", took, f"{count / seconds:,.0f} ended a second")


async def _watch(gateway: Deployment, left: list[int]) -> None:
    query = "SELECT COUNT(*) FROM sessions WHERE sub = 'carol' AND ended_at IS NULL"
    while left[0]:
        await asyncio.sleep(0.5)
        left[0] = (await gateway.rows(query))[0][0]


async def _many_pending(storage: str, others: Others, count: int) -> None:
    until, cpu = time.perf_counter() + RESTING, time.process_time()
    await asyncio.sleep(RESTING)
    share = (time.process_time() - cpu) / (time.perf_counter() - until + RESTING)
    await others.sign_in(150)
    took = await others.log_out_while(lambda: False, at_least=100)
    row(storage, f"{count:,} deliveries are pending", took, f"{share:.1%} of a core while nobody logs out")


@contextmanager
def _each_storage() -> Iterator[list[tuple[str, str]]]:
    with servers.postgres() as server:
        storages.server = server
        yield [("SQLite", "sqlite"), ("PostgreSQL", "postgresql")]


def main() -> None:
    """Print the table."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print("| storage | meanwhile | logout of another user, median | slowest | |\n|---|---|---|---|---|")
    with _each_storage() as found:
        for name, backend in found:
            storages.choose(backend)
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(measure(name, Path(folder), scale))


if __name__ == "__main__":
    main()
