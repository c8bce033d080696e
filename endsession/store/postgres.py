"""PostgreSQL: the backend for more than one machine.

Each script is a transaction of its own on a pooled connection; PostgreSQL commits concurrent ones together. Processes
wake each other with LISTEN and NOTIFY, which are sent outside of transactions and many as one, since a NOTIFY inside
would serialise every commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from ..protocol.errors import ServiceUnavailable
from ..tasks import stop_task
from .migrate import POSTGRES_WORDS, migrate
from .script import Rows, Script, Statement

log = logging.getLogger(__name__)
T = TypeVar("T")

_MIGRATION_LOCK = 7_234_519_202
_CHANNEL = "endsession_outbox"
_COALESCE = 0.05
"""Seconds in which several announcements become one."""


class PostgresDatabase:
    """A `Database` behind a connection pool. `timeout` (seconds) bounds waiting for a connection and each statement."""

    def __init__(self, url: str, *, connections: int = 20, timeout: float = 5) -> None:
        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # Not in its words, which repeat the text, password and all.
            raise ServiceUnavailable(detail="storage.url is nothing that PostgreSQL understands") from None
        self._url, self._timeout = url, timeout
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=timeout,
            open=False,
            kwargs={
                "autocommit": True,
                "connect_timeout": max(1, int(timeout)),
                "application_name": "endsession",
            },
            configure=self._configure,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._announced = asyncio.Event()

    async def _configure(self, connection: psycopg.AsyncConnection[Any]) -> None:
        milliseconds = int(self._timeout * 1000)
        await connection.execute(f"SET statement_timeout = {milliseconds}")
        # A logout is answered when it is on disk: a server that was told not to wait for that has to, here.
        await connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        )
        await connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}")

    async def prepare(self) -> None:
        """See Database."""
        try:
            await self._pool.open(wait=True, timeout=self._timeout)
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute("SET LOCAL statement_timeout = 0")
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
                script = migrate(POSTGRES_WORDS, time.time())
                await _run(connection, script, next(script))
        except (psycopg.Error, PoolTimeout) as error:
            await self._pool.close()
            raise _unavailable(error) from error

    async def read(self, script: Script[T]) -> T:
        """See Database."""
        return await self._retrying(script, in_transaction=False)

    async def write(self, script: Script[T]) -> T:
        """See Database."""
        return await self._retrying(script, in_transaction=True)

    async def _retrying(self, script: Script[T], *, in_transaction: bool) -> T:
        """Run a script. A connection that turns out to be dead at its first statement is replaced: nothing was done."""
        first = next(script)
        for _ in range(self._pool.max_size + 1):
            started = False
            try:
                async with self._pool.connection() as connection:
                    scope = connection.transaction() if in_transaction else contextlib.nullcontext()
                    async with scope:
                        rows = await _execute(connection, first)
                        started = True
                        return await _continue(connection, script, rows)
            except (psycopg.Error, PoolTimeout) as error:
                if started or not isinstance(error, psycopg.OperationalError) or not _is_dead(error):
                    raise _unavailable(error) from error
        raise ServiceUnavailable(detail="PostgreSQL closes every connection")

    async def close(self) -> None:
        """See Database."""
        for task in self._tasks:
            await stop_task(task)
        await self._pool.close()

    def listen(self, wake: Callable[[], None]) -> None:
        """See Database."""
        self._tasks = [asyncio.create_task(self._listen(wake)), asyncio.create_task(self._announce())]

    def announce(self) -> None:
        """See Database."""
        self._announced.set()

    async def _announce(self) -> None:
        while True:
            await self._announced.wait()
            await asyncio.sleep(_COALESCE)
            self._announced.clear()
            try:
                async with self._pool.connection() as connection:
                    await connection.execute(f"NOTIFY {_CHANNEL}")
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("other processes could not be woken, they look by themselves in a while: %s", error)

    async def _listen(self, wake: Callable[[], None]) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {_CHANNEL}")
                    async for _ in connection.notifies():
                        wake()
            except psycopg.Error as error:
                log.warning("not listening to other processes just now: %s", error)
            await asyncio.sleep(1)


def _is_dead(error: psycopg.OperationalError) -> bool:
    """Whether the connection itself is gone: no state comes with the error, or class 57 (server shut down) does."""
    return error.sqlstate is None or error.sqlstate.startswith("57P")


def _unavailable(error: Exception) -> ServiceUnavailable:
    return ServiceUnavailable(detail=f"PostgreSQL: {type(error).__name__}: {error}".strip())


async def _run(connection: psycopg.AsyncConnection[Any], script: Script[T], first: Statement) -> T:
    return await _continue(connection, script, await _execute(connection, first))


async def _continue(connection: psycopg.AsyncConnection[Any], script: Script[T], rows: Rows) -> T:
    try:
        while True:
            rows = await _execute(connection, script.send(rows))
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _execute(connection: psycopg.AsyncConnection[Any], statement: Statement) -> Rows:
    cursor = await connection.execute(_in_postgres(statement.sql), statement.values or None)
    return await cursor.fetchall() if cursor.description else []


@cache
def _in_postgres(sql: str) -> bytes:
    """Named parameters as psycopg writes them, and the words for rows that another transaction holds."""
    sql = sql.replace("{skip_locked}", "FOR UPDATE SKIP LOCKED").replace("{for_update}", "FOR UPDATE")
    return re.sub(r"(?<![:\w]):([a-z_]\w*)", r"%(\1)s", sql).encode()
