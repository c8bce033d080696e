"""PostgreSQL: the backend for more than one machine.

Each script is a transaction of its own on a pooled connection; PostgreSQL commits concurrent ones together. Every
operation has one time budget, from waiting for a connection to the answer to COMMIT: a server that is gone, slow or
silent costs a request that much and no more.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from ..protocol.errors import OutcomeUnknown, ServiceUnavailable
from .migrate import POSTGRES_WORDS, migrate
from .notify import Notifications
from .postgres_connection import Connection, connection_options, severed_at
from .postgres_trouble import cannot_connect, cannot_use, check_encoding
from .script import PATIENCE, Rows, Script, Statement

log = logging.getLogger(__name__)
T = TypeVar("T")

MIGRATION_LOCK = 7_234_519_202
_OF_THE_SERVER = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
)
"""What an operator of the database has to put right: until then it is unavailable."""
_MIGRATING = 60.0
"""Seconds for the schema at start: other processes may be migrating, and indexes take their time."""
_RECONNECT = 0.5
"""Seconds after which the pool gives up a connection that cannot be made. The next request tries again at once, where
the pool's own retries would come ever later, and keep a server unused that has come back."""


class PostgresDatabase:
    """A `Database` behind a connection pool."""

    def __init__(self, url: str, *, connections: int = 20, patience: float = PATIENCE) -> None:
        """`patience` (seconds) bounds every operation. Raises ServiceUnavailable for a URL that cannot be parsed."""
        self._url, self._options = url, connection_options(url, patience)
        self._patience = patience
        self._pool = AsyncConnectionPool(
            "",
            min_size=1,
            max_size=connections,
            timeout=patience,
            reconnect_timeout=_RECONNECT,
            open=False,
            connection_class=Connection,
            kwargs=self._options,
            configure=self._configure,
        )
        self._notifications = Notifications(self._options, self._borrow, patience)

    async def _configure(self, connection: Connection) -> None:
        # A logout is answered when it is on disk: a server that was told not to wait for that has to, here.
        with severed_at(connection, time.monotonic() + self._patience):
            await connection.execute(
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
            )

    async def prepare(self) -> None:
        """See Database."""
        try:
            connection = await Connection.connect("", **self._options)
        except psycopg.Error as error:
            raise cannot_connect(self._url, error) from None  # the pool would only say that it took too long
        try:
            async with connection, connection.transaction():
                await self._migrate(connection)
            await self._pool.open(wait=True, timeout=self._patience)
        except psycopg.Error as error:  # also a role without rights, or tables of somebody else in the schema
            await self._pool.close()
            raise cannot_use(self._url, error) from error

    async def _migrate(self, connection: Connection) -> None:
        encoding = await (await connection.execute("SHOW server_encoding")).fetchone()
        check_encoding(self._url, encoding[0] if encoding else "")
        await connection.execute(f"SET LOCAL statement_timeout = {int(_MIGRATING * 1000)}")
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        script = migrate(POSTGRES_WORDS, time.time())
        await _continue(connection, script, next(script))

    async def read(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        return await self._run(script, in_transaction=False, within=within or self._patience)

    async def write(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        return await self._run(script, in_transaction=True, within=within or self._patience)

    async def _run(self, script: Script[T], *, in_transaction: bool, within: float) -> T:
        """Run a script. A connection that turns out to be dead at its first statement is replaced: nothing was done."""
        try:
            first = next(script)
        except StopIteration as stop:  # a script may find that there is nothing to ask
            result: T = stop.value
            return result
        deadline = time.monotonic() + within
        while True:
            progress = _Progress()
            try:
                async with self._borrow(deadline) as connection:
                    return await _attempt(connection, script, first, progress, in_transaction=in_transaction)
            except (psycopg.OperationalError, psycopg.InternalError, *_OF_THE_SERVER) as error:
                if not _is_dead(error) or progress.answered or time.monotonic() >= deadline:
                    await self._suspect(error, deadline)
                    raise _unavailable(error, progress, within) from error

    @contextlib.asynccontextmanager
    async def _borrow(self, deadline: float) -> AsyncIterator[Connection]:
        """A connection that is severed when it is still in use at `deadline` (`time.monotonic`)."""
        async with self._pool.connection(max(0.0, deadline - time.monotonic())) as connection:
            with severed_at(connection, deadline):
                yield connection

    async def _suspect(self, error: Exception, deadline: float) -> None:
        """After silence, or at a server that takes no writes any more, no idle connection is worth trusting."""
        silent = time.monotonic() >= deadline and not isinstance(error, PoolTimeout)
        if silent or isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            await self._pool.drain()

    async def close(self) -> None:
        """See Database."""
        await self._notifications.close()
        await self._pool.close()

    def listen(self, wake: Callable[[], None]) -> None:
        """See Database."""
        self._notifications.start(wake)

    def announce(self) -> None:
        """See Database."""
        self._notifications.announce()


class _Progress:
    """How far a transaction has come: what is known of it when its connection breaks."""

    answered = False
    """The first statement was answered, so the script has gone on and cannot begin anew."""
    committing = False
    """COMMIT was sent: whether it took place is known only from its answer."""


async def _attempt(
    connection: Connection, script: Script[T], first: Statement, progress: _Progress, *, in_transaction: bool
) -> T:
    async with connection.transaction() if in_transaction else contextlib.nullcontext():
        rows = await _execute(connection, first)
        progress.answered = True
        result = await _continue(connection, script, rows)
        progress.committing = in_transaction
    return result


def _is_dead(error: psycopg.Error) -> bool:
    """Whether the connection itself is gone: no state comes with the error, or class 57P (server shut down) does."""
    return not isinstance(error, PoolTimeout) and (error.sqlstate is None or error.sqlstate.startswith("57P"))


def _unavailable(error: psycopg.Error, progress: _Progress, within: float) -> ServiceUnavailable:
    unknown = progress.committing and _is_dead(error)
    detail = _sentence(error) + (f" (no answer within {within:g} s)" if isinstance(error, PoolTimeout) else "")
    return OutcomeUnknown(detail=detail) if unknown else ServiceUnavailable(detail=detail)


def _sentence(error: Exception) -> str:
    return f"PostgreSQL: {type(error).__name__}: {error}".strip()


async def _continue(connection: Connection, script: Script[T], pending: Rows | Statement) -> T:
    """Run a script to its end, from a first statement or from the rows of the statement before."""
    try:
        while True:
            statement = pending if isinstance(pending, Statement) else script.send(pending)
            pending = await _execute(connection, statement)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _execute(connection: Connection, statement: Statement) -> Rows:
    sql = in_postgres(statement.sql)
    if statement.many is not None:
        if len(statement.many) > 1:
            await connection.cursor().executemany(sql, statement.many)
        elif statement.many:  # most sessions have a single app, and what executemany prepares costs more than that
            await connection.execute(sql, statement.many[0])
        return []
    cursor = await connection.execute(sql, statement.values or None)
    return await cursor.fetchall() if cursor.description else []


@cache
def in_postgres(sql: str) -> bytes:
    """Named parameters as psycopg writes them, and the words for rows that another transaction holds."""
    sql = sql.replace("{skip_locked}", "FOR UPDATE SKIP LOCKED").replace("{for_update}", "FOR UPDATE")
    return re.sub(r"(?<![:\w]):([a-z_]\w*)", r"%(\1)s", sql).encode()
