"""One connection to PostgreSQL: how it is opened, and how it is severed when a response takes too long."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

import psycopg

from .unusable import UnusableStorage

Connection = psycopg.AsyncConnection[Any]


def connection_options(url: str, patience: float) -> dict[str, Any]:
    """Keyword arguments for `Connection.connect`. What the URL says comes before what is said here.

    `patience` is in seconds. Raises UnusableStorage for what is no connection string.
    """
    try:
        said = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Not in libpq's words, which repeat the string with its password.
        message = "storage.url is not a valid PostgreSQL connection string"
        fix = "write postgresql://user@host:5432/database; special characters of a password are percent-encoded"
        raise UnusableStorage(message, fix) from None
    milliseconds = int(patience * 1000)
    session = f"-c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds}"
    ours = {
        "application_name": "endsession",
        "connect_timeout": max(1, int(patience)),
        # After a failover, the old primary may be up again as a standby: of several hosts, the one that takes writes.
        "target_session_attrs": "read-write",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
    }
    options = " ".join(filter(None, [session, str(said.pop("options", None) or "")]))
    return {**ours, **said, "options": options, "autocommit": True}


@contextlib.contextmanager
def severed_at(connection: Connection, deadline: float) -> Iterator[None]:
    """Take the connection away at `deadline` (`time.monotonic`), so that the waiting caller gets an error.

    Cancelling the waiting task would not do: psycopg then asks the server to cancel and waits for its answer, which a
    cut network never brings.
    """
    loop = asyncio.get_running_loop()
    timer = loop.call_at(loop.time() + max(0.0, deadline - time.monotonic()), _sever, connection)
    try:
        yield
    finally:
        timer.cancel()


def _sever(connection: Connection) -> None:
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
