"""SQLite: the embedded backend.

Many requests share a commit (group commit): their scripts run one after the other in a savepoint each, and nobody is
answered before the common COMMIT has been synced. So full durability (`synchronous=FULL`) costs about as much as none.

Statements run on the event loop's own thread: they take microseconds, and so does handing each to another thread.
What waits, for the disk or for another process' lock, runs in a thread, and what comes in meanwhile is the next batch.
Readers never wait for a writer (WAL).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ..protocol.errors import OutcomeUnknown, ServiceUnavailable
from .migrate import SQLITE_WORDS, migrate
from .script import PATIENCE, Script, Statement

T = TypeVar("T")

MAX_BATCH = 128
"""Requests in one transaction: bounds for how long the event loop does nothing else."""
_READER_WAITS = 0.05
"""Seconds. A reader waits for no writer (WAL), but for a process that recovers the file after a crash, and it waits on
the event loop's thread."""
_LONG = 0.002
"""Seconds. A request that has read for longer lets others go first."""
_OUR_MISTAKES = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError)
"""What is wrong with a statement, and not with the storage."""
_OLDEST = (3, 35, 0)
"""RETURNING came with SQLite 3.35."""


class _Job:
    """A script that waits for its commit."""

    __slots__ = ("error", "future", "result", "running", "script")

    def __init__(self, script: Script[Any], future: asyncio.Future[Any]) -> None:
        self.script, self.future = script, future
        self.running = False
        self.result: Any = None
        self.error: BaseException | None = None


class SqliteDatabase:
    """A `Database` in one file. `patience` (seconds) is how long the disk or another process' lock is waited for."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        """Open `path`, making it and applying migrations. Raises ServiceUnavailable."""
        if sqlite3.sqlite_version_info < _OLDEST:
            raise ServiceUnavailable(detail=f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or later is needed")
        self._path, self._patience = path, patience
        with ExitStack() as opened:  # what was opened is closed when the rest fails
            try:
                _make_for_owner(path)
                self._writer = self._connect(opened, busy_timeout=patience)
                with self._writer:
                    self._writer.execute("BEGIN EXCLUSIVE")
                    run(self._writer, migrate(SQLITE_WORDS, time.time()))
                self._reader = self._connect(opened, busy_timeout=_READER_WAITS)
                self._reader.execute("PRAGMA query_only = ON")
                self._file = _identity(path)
            except sqlite3.Error as error:
                raise self._unavailable(error) from error
            self._connections = opened.pop_all()
        self._jobs: deque[_Job] = deque()
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._committing: asyncio.Task[None] | None = None
        self._closed = False

    def _connect(self, opened: ExitStack, *, busy_timeout: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        opened.callback(connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    async def prepare(self) -> None:
        """See Database. Opening has done it."""

    def listen(self, wake: Callable[[], None]) -> None:
        """See Database. Processes that share a file look for work by themselves."""

    def announce(self) -> None:
        """See Database."""

    async def read(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        began = time.perf_counter()
        try:
            self._check_file()
            result = run(self._reader, script)
        except sqlite3.Error as error:
            if isinstance(error, _OUR_MISTAKES):
                raise
            raise self._unavailable(error) from error
        if time.perf_counter() - began > _LONG:
            await asyncio.sleep(0)
        return result

    async def write(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        if self._closed:
            raise ServiceUnavailable(detail=f"{self._path} is closed")
        loop = asyncio.get_running_loop()
        job = _Job(script, loop.create_future())
        self._jobs.append(job)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        timer = loop.call_later(within or self._patience, self._give_up, job)
        try:
            result: T = await job.future
        finally:
            timer.cancel()
        return result

    def _give_up(self, job: _Job) -> None:
        """The disk or a lock took too long. What has not begun never will; what has may still be committed."""
        if job.future.done():
            return
        detail = f"{self._path}: no commit in time"
        if job.running:
            job.future.set_exception(OutcomeUnknown(detail=detail))
        else:
            self._jobs.remove(job)
            job.future.set_exception(ServiceUnavailable(detail=detail))

    async def close(self) -> None:
        """See Database. Writes that were asked for before are finished first."""
        self._closed = True
        if self._committing is not None:
            await self._committing
        self._beside.shutdown()
        self._connections.close()

    async def _commit_all(self) -> None:
        """Commit batch after batch until nothing is left."""
        try:
            while self._jobs:
                await self._commit_batch()
        finally:
            self._committing = None

    async def _commit_batch(self) -> None:
        loop = asyncio.get_running_loop()
        batch: list[_Job] = []
        try:
            await loop.run_in_executor(self._beside, self._begin)
            batch = [self._jobs.popleft() for _ in range(min(len(self._jobs), MAX_BATCH))]
            for job in batch:
                job.running = True
                _run_in_savepoint(self._writer, job)
            await loop.run_in_executor(self._beside, self._writer.execute, "COMMIT")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            if not batch:  # the lock cannot be had: the others would only wait for the same
                batch = [self._jobs.popleft() for _ in range(len(self._jobs))]
            for job in batch:
                job.error = self._unavailable(error)
        for job in batch:
            _answer(job)

    def _begin(self) -> None:
        """Take the write lock: for as long as `patience`, since the connection's busy timeout is that."""
        self._check_file()
        self._writer.execute("BEGIN IMMEDIATE")

    def _check_file(self) -> None:
        """A file that was removed or replaced still takes writes, which nobody would ever find again."""
        if _identity(self._path) != self._file:
            raise sqlite3.OperationalError("the file was removed or replaced: put it back, or restart with the new one")

    def _unavailable(self, error: sqlite3.Error) -> ServiceUnavailable:
        return ServiceUnavailable(detail=f"{self._path}: {error}")


def _make_for_owner(path: Path) -> None:
    """Make the file where there is none, for its owner alone: SQLite would leave it to the umask.

    Its `-wal` and `-shm` get the mode of the file (https://www.sqlite.org/src/file/src/os_unix.c, findCreateFileMode).
    """
    with suppress(OSError):  # what cannot be made cannot be opened either, and SQLite says why
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # half the cost, and each read pays it
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _run_in_savepoint(connection: sqlite3.Connection, job: _Job) -> None:
    """A script's own exception undoes that script; a failure of the database undoes the whole batch."""
    connection.execute("SAVEPOINT job")
    try:
        job.result = run(connection, job.script)
    except sqlite3.Error as error:
        if not isinstance(error, _OUR_MISTAKES):
            raise
        connection.execute("ROLLBACK TO job")
        job.error = error
    except Exception as error:
        connection.execute("ROLLBACK TO job")
        job.error = error
    connection.execute("RELEASE job")


def _answer(job: _Job) -> None:
    if job.future.done():  # the caller has gone away, or was told that it took too long
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
            statement = script.send(_execute(connection, statement))
    except StopIteration as stop:
        result: T = stop.value
        return result


def _execute(connection: sqlite3.Connection, statement: Statement) -> list[Any]:
    if statement.many is not None:
        connection.executemany(_in_sqlite(statement.sql), statement.many)
        return []
    return connection.execute(_in_sqlite(statement.sql), statement.values).fetchall()


@cache
def _in_sqlite(sql: str) -> str:
    """SQLite has one writer, so it has no words for rows that another transaction holds."""
    return sql.replace("{skip_locked}", "").replace("{for_update}", "")
