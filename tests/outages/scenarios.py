"""The faults: how each is brought about and ended, at a real server or file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.kit import servers
from tests.kit.wire import Wire, wired


@dataclass
class Fault:
    """A storage that works, until `begin`, and again after `end`."""

    url: str
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """One fault. `recovers` says what has to be done afterwards; `reads_work` that only changes are refused;
    `unnoticed` that every request succeeds all the same."""

    name: str
    storage: str
    arrange: Callable[[Path, str], contextlib.AbstractAsyncContextManager[Fault]]
    recovers: str = "by itself"
    reads_work: bool = False
    unnoticed: bool = False


def at_wire(begin: Callable[[Wire], None]) -> Callable[[Path, str], contextlib.AbstractAsyncContextManager[Fault]]:
    @contextlib.asynccontextmanager
    async def arrange(folder: Path, server: str) -> AsyncIterator[Fault]:
        with wired(servers.fresh_schema(server)) as (wire, url):

            async def on() -> None:
                await asyncio.to_thread(begin, wire)

            async def off() -> None:
                await asyncio.to_thread(wire.heal)

            yield Fault(url, on, off)

    return arrange


async def _as_operator(server: str, *statements: str) -> None:
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        for statement in statements:
            await connection.execute(statement.encode())


_TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'endsession'"


@contextlib.asynccontextmanager
async def _restarted(folder: Path, server: str) -> AsyncIterator[Fault]:
    """Every connection is closed at once, and the server takes new ones again: a fast restart, or a failover."""

    async def on() -> None:
        await _as_operator(server, _TERMINATE)

    async def off() -> None:
        return

    yield Fault(servers.fresh_schema(server), on, off)


@contextlib.asynccontextmanager
async def _read_only(folder: Path, server: str) -> AsyncIterator[Fault]:
    """The server turns into one that takes no writes, as after a failover to a standby."""

    async def on() -> None:
        await _as_operator(server, "ALTER ROLE postgres SET default_transaction_read_only = on", _TERMINATE)

    async def off() -> None:
        await _as_operator(server, "BEGIN READ WRITE", "ALTER ROLE postgres RESET ALL", "COMMIT")

    try:
        yield Fault(servers.fresh_schema(server), on, off)
    finally:
        await off()


@contextlib.asynccontextmanager
async def _turned_read_only(folder: Path, server: str) -> AsyncIterator[Fault]:
    """Connections stay, and every transaction on them is read-only."""
    url = servers.fresh_schema(server)

    async def on() -> None:
        await _as_operator(server, "ALTER ROLE postgres SET default_transaction_read_only = on")
        await _as_operator(server, _TERMINATE)

    async def off() -> None:
        await _as_operator(server, "BEGIN READ WRITE", "ALTER ROLE postgres RESET ALL", "COMMIT")

    try:
        joint = "&" if "?" in url else "?"
        yield Fault(f"{url}{joint}target_session_attrs=any", on, off)
    finally:
        await off()


@contextlib.asynccontextmanager
async def _no_connections(folder: Path, server: str) -> AsyncIterator[Fault]:
    """Other programs have taken every connection that the gateway's role may have."""
    url = servers.fresh_schema(server)
    schema = url.rpartition("%3D")[2]
    role = f"limited_{schema}"
    await _as_operator(
        server,
        f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 5",
        f"GRANT ALL ON SCHEMA {schema} TO {role}",
    )
    limited = url.replace("postgres:@", f"{role}:@").replace("//postgres@", f"//{role}@")
    taken: list[psycopg.AsyncConnection[object]] = []

    async def on() -> None:
        await _as_operator(server, _TERMINATE)
        for _ in range(50):
            with contextlib.suppress(psycopg.OperationalError):
                taken.append(await psycopg.AsyncConnection.connect(limited, connect_timeout=5))
            if len(taken) == 5:
                return
            await _as_operator(server, _TERMINATE)
        raise AssertionError("the connections could not be taken")

    async def off() -> None:
        while taken:
            await taken.pop().close()

    try:
        yield Fault(limited, on, off)
    finally:
        await off()


def _file(folder: Path) -> tuple[Path, str]:
    path = folder / "endsession.db"
    return path, f"sqlite:///{path}"


@contextlib.asynccontextmanager
async def _locked(folder: Path, server: str) -> AsyncIterator[Fault]:
    """Another program holds the write lock."""
    path, url = _file(folder)
    other: list[sqlite3.Connection] = []

    async def on() -> None:
        connection = sqlite3.connect(path, isolation_level=None, timeout=5)
        connection.execute("BEGIN IMMEDIATE")
        other.append(connection)

    async def off() -> None:
        while other:
            connection = other.pop()
            connection.execute("ROLLBACK")
            connection.close()

    try:
        yield Fault(url, on, off)
    finally:
        await off()


@contextlib.asynccontextmanager
async def _removed(folder: Path, server: str) -> AsyncIterator[Fault]:
    """Somebody has moved the file away."""
    path, url = _file(folder)
    aside = folder / "aside.db"

    async def on() -> None:
        os.rename(path, aside)

    async def off() -> None:
        os.rename(aside, path)

    yield Fault(url, on, off)


SCENARIOS = (
    Scenario("the server is down", "PostgreSQL", at_wire(Wire.refuse)),
    Scenario("the network is cut: nothing is closed, nothing arrives", "PostgreSQL", at_wire(Wire.silence)),
    Scenario("every answer takes four seconds", "PostgreSQL", at_wire(lambda wire: wire.slow(4))),
    Scenario("it takes no writes any more (failover to a standby)", "PostgreSQL", _read_only),
    Scenario("the same, with any kind of server allowed by the URL", "PostgreSQL", _turned_read_only, reads_work=True),
    Scenario("it has no connections left", "PostgreSQL", _no_connections),
    Scenario("another process holds the write lock", "SQLite", _locked, reads_work=True),
    Scenario("the file is removed", "SQLite", _removed, recovers="by itself once the file is back, else by a restart"),
)
RESTARTED = Scenario("the server closes every connection (restart)", "PostgreSQL", _restarted, unnoticed=True)
