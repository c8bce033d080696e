"""SQLite: the embedded backend.

Many requests share a commit (group commit): their scripts run one after the other in a savepoint each, and nobody is
answered before the common COMMIT has been synced. So full durability (`synchronous=FULL`) costs about as much as none.

Statements run on the event loop's own thread: they take microseconds, and so does handing each to another thread.
What waits, for the disk or for another process' lock, runs beside it, and what comes in meanwhile is the next batch.
Readers never wait for a writer (WAL).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ..protocol.errors import ServiceUnavailable
from .migrate import SQLITE_WORDS, migrate
from .script import Script

T = TypeVar("T")

MAX_BATCH = 128
"""Requests in one transaction: bounds for how long the event loop does nothing else."""
_OLDEST = (3, 35, 0)
"""RETURNING came with SQLite 3.35."""


class _Job:
    """A script that waits for its commit."""

    __slots__ = ("error", "future", "result", "script")

    def __init__(self, script: Script[Any], future: asyncio.Future[Any]) -> None:
        self.script, self.future = script, future
        self.result: Any = None
        self.error: BaseException | None = None


class SqliteDatabase:
    """A `Database` in one file. `busy_timeout` (seconds) is how long another process' write is waited for."""

    def __init__(self, path: Path, *, busy_timeout: float = 5) -> None:
        """Open `path`, making it and applying migrations. Raises ServiceUnavailable."""
        if sqlite3.sqlite_version_info < _OLDEST:
            raise ServiceUnavailable(detail=f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or later is needed")
        self._path, self._busy_timeout = path, busy_timeout
        try:
            self._writer = self._connect()
            with self._writer:
                self._writer.execute("BEGIN EXCLUSIVE")
                run(self._writer, migrate(SQLITE_WORDS, time.time()))
            self._reader = self._connect()
            self._reader.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise self._unavailable(error) from error
        self._jobs: deque[_Job] = deque()
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._committing: asyncio.Task[None] | None = None
        self._closed = False

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    async def prepare(self) -> None:
        """See Database. Opening has done it."""

    def listen(self, wake: Callable[[], None]) -> None:
        """See Database. Processes that share a file look for work by themselves."""

    def announce(self) -> None:
        """See Database."""

    async def read(self, script: Script[T]) -> T:
        """See Database."""
        try:
            return run(self._reader, script)
        except sqlite3.Error as error:
            raise self._unavailable(error) from error

    async def write(self, script: Script[T]) -> T:
        """See Database."""
        if self._closed:
            raise ServiceUnavailable(detail=f"{self._path} is closed")
        job = _Job(script, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        result: T = await job.future
        return result

    async def close(self) -> None:
        """See Database. Writes that were asked for before are finished first."""
        self._closed = True
        if self._committing is not None:
            await self._committing
        self._beside.shutdown()
        self._writer.close()
        self._reader.close()

    async def _commit_all(self) -> None:
        """Commit batch after batch until nothing is left."""
        try:
            while self._jobs:
                batch = [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_BATCH))]
                await self._commit(batch)
                for job in batch:
                    _answer(job)
        finally:
            self._committing = None

    async def _commit(self, batch: list[_Job]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._beside, self._writer.execute, "BEGIN IMMEDIATE")
            for job in batch:
                _run_in_savepoint(self._writer, job)
            await loop.run_in_executor(self._beside, self._writer.execute, "COMMIT")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            for job in batch:
                job.error = self._unavailable(error)

    def _unavailable(self, error: sqlite3.Error) -> ServiceUnavailable:
        return ServiceUnavailable(detail=f"{self._path}: {error}")


def _run_in_savepoint(connection: sqlite3.Connection, job: _Job) -> None:
    """A script's own exception undoes that script; a failure of the database undoes the whole batch."""
    connection.execute("SAVEPOINT job")
    try:
        job.result = run(connection, job.script)
    except sqlite3.OperationalError:
        raise
    except Exception as error:
        connection.execute("ROLLBACK TO job")
        job.error = error
    connection.execute("RELEASE job")


def _answer(job: _Job) -> None:
    if job.future.done():  # whoever asked has gone away
        return
    if job.error is not None:
        job.future.set_exception(job.error)
    else:
        job.future.set_result(job.result)


def run(connection: sqlite3.Connection, script: Script[T]) -> T:
    """Run a script on a connection, statement by statement."""
    try:
        statement = next(script)
        while True:
            rows = connection.execute(_in_sqlite(statement.sql), statement.values).fetchall()
            statement = script.send(rows)
    except StopIteration as stop:
        result: T = stop.value
        return result


@cache
def _in_sqlite(sql: str) -> str:
    """SQLite has one writer, so it has no words for rows that another transaction holds."""
    return sql.replace("{skip_locked}", "").replace("{for_update}", "")
