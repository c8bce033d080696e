"""SQLite: the embedded backend.

One thread per process writes, and commits many requests together (group commit): each request's script runs in a
savepoint of its own, and nobody is answered before the common COMMIT has been synced. So full durability
(`synchronous=FULL`) costs about as much as none. Readers never wait for the writer (WAL).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ..protocol.errors import ServiceUnavailable
from .migrate import SQLITE_WORDS, migrate
from .script import Script

T = TypeVar("T")

MAX_BATCH = 256
"""Requests in one transaction: bounds how long the first of them waits."""
_OLDEST = (3, 35, 0)
"""RETURNING came with SQLite 3.35."""


class _Job:
    """A script that waits for its commit."""

    __slots__ = ("error", "future", "loop", "result", "script")

    def __init__(self, script: Script[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.script, self.loop = script, loop
        self.future: asyncio.Future[Any] = loop.create_future()
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
            writer = self._connect()
            with writer:
                writer.execute("BEGIN EXCLUSIVE")
                run(writer, migrate(SQLITE_WORDS, time.time()))
            self._reader = self._connect()
            self._reader.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise ServiceUnavailable(detail=f"{path}: {error}") from error
        self._closed = False
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, args=(writer,), name="sqlite-writer", daemon=True)
        self._thread.start()

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
        """See Database. Runs on the caller's thread: a look-up by key takes microseconds, a hand-over more."""
        try:
            return run(self._reader, script)
        except sqlite3.Error as error:
            raise ServiceUnavailable(detail=f"{self._path}: {error}") from error

    async def write(self, script: Script[T]) -> T:
        """See Database."""
        if self._closed:
            raise ServiceUnavailable(detail=f"{self._path} is closed")
        job = _Job(script, asyncio.get_running_loop())
        self._jobs.put(job)
        result: T = await job.future
        return result

    async def close(self) -> None:
        """See Database. Writes that were asked for before are finished first."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._reader.close()

    def _write_all(self, connection: sqlite3.Connection) -> None:
        """The writer thread: take what is there, commit it as one transaction, answer all."""
        open_for_more = True
        while open_for_more:
            batch: list[_Job] = []
            job = self._jobs.get()
            while job is not None:
                batch.append(job)
                if len(batch) == MAX_BATCH:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            open_for_more = job is not None
            if batch:
                self._commit(connection, batch)
                _answer(batch)
        connection.close()

    def _commit(self, connection: sqlite3.Connection, batch: list[_Job]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                _run_in_savepoint(connection, job)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for job in batch:
                job.error = ServiceUnavailable(detail=f"{self._path}: {error}")


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


def _answer(batch: list[_Job]) -> None:
    """Wake the waiting requests, with one call per event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:  # the loop is gone, and with it everyone who waited
            continue


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
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
