"""What can be seen of storage without making or changing anything, for `endsession check`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

from ..protocol.errors import ServiceUnavailable
from .deliveries import ALREADY_GONE
from .migrate import all_migrations
from .seen_hints import LACKING

_APPLIED = "SELECT number FROM migrations"
_KNOWN_BY_NO_PROVIDER: LiteralString = (
    "SELECT issuer_id, COUNT(*) FROM deliveries WHERE channel = 'op_admin' AND state = 'delivered' GROUP BY issuer_id"
    f" HAVING COUNT(*) >= 10 AND COUNT(*) = SUM(CASE WHEN reason LIKE '{ALREADY_GONE}%' THEN 1 ELSE 0 END)"
)


@dataclass(frozen=True, slots=True)
class Examined:
    """Migrations of a newer version, and (issuer_id, client_id) of clients whose hints have no `sid`.

    `never_known` are issuers whose provider knew none of the sessions that it was asked to end, and how many those are.
    """

    unknown_migrations: Sequence[int] = ()
    without_sid: Sequence[tuple[str, str]] = ()
    never_known: Sequence[tuple[str, int]] = ()


def examine_file(path: Path) -> Examined:
    """An SQLite file, which need not be there yet. Raises ServiceUnavailable when it is of no use."""
    if not path.exists():
        if not path.parent.is_dir():
            raise ServiceUnavailable(detail=f"there is no folder {path.parent}")
        if not os.access(path.parent, os.W_OK):
            raise ServiceUnavailable(detail=f"the folder {path.parent} cannot be written to")
        return Examined()
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        try:
            return _examined(lambda sql: connection.execute(sql).fetchall())
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return Examined()
        raise ServiceUnavailable(detail=f"{path} cannot be opened: {error}") from None
    except sqlite3.DatabaseError:
        raise ServiceUnavailable(detail=f"{path} is not an SQLite database") from None


def examine_server(url: str, seconds: int = 5) -> Examined:
    """The same for PostgreSQL. Raises ServiceUnavailable when it cannot be reached, in words that hold no password."""
    import psycopg  # noqa: PLC0415  # it costs memory that SQLite users keep

    try:
        with psycopg.connect(url, connect_timeout=seconds) as connection:
            return _examined(lambda sql: connection.execute(sql).fetchall())
    except psycopg.errors.UndefinedTable:
        return Examined()
    except psycopg.Error as error:
        raise ServiceUnavailable(detail=f"PostgreSQL cannot be used from here: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Why, in PostgreSQL's words, unless they could repeat a piece of a password that is not percent-encoded."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if any("resolve host" in line or "percent-encoded" in line for line in lines):
        return "its URL names no host that can be resolved; special characters of a password are percent-encoded there"
    return lines[-1].strip()


def _examined(rows_of: Callable[[LiteralString], list[Any]]) -> Examined:
    """`rows_of` runs a query. A table that there is not ends it, as before the first start or an upgrade."""
    applied = {row[0] for row in rows_of(_APPLIED)}
    known = {number for number, _, _ in all_migrations()}
    if newer := sorted(applied - known):
        return Examined(unknown_migrations=newer)
    return Examined(
        without_sid=[(row[0], row[1]) for row in rows_of(LACKING)],
        never_known=[(row[0], row[1]) for row in rows_of(_KNOWN_BY_NO_PROVIDER)],
    )
