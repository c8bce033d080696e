"""What can be seen of storage without making or changing anything, for `endsession check`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..protocol.errors import ServiceUnavailable
from .migrate import all_migrations

_APPLIED = "SELECT number FROM migrations"


def unknown_migrations_of_file(path: Path) -> list[int]:
    """Migrations that a newer version has applied to an SQLite file. Raises ServiceUnavailable when it is of no use."""
    if not path.exists():
        if not path.parent.is_dir():
            raise ServiceUnavailable(detail=f"there is no folder {path.parent}")
        if not os.access(path.parent, os.W_OK):
            raise ServiceUnavailable(detail=f"the folder {path.parent} cannot be written to")
        return []
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        try:
            return _unknown(connection.execute(_APPLIED))
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise ServiceUnavailable(detail=f"{path} cannot be opened: {error}") from None
    except sqlite3.DatabaseError:
        raise ServiceUnavailable(detail=f"{path} is no SQLite database") from None


def unknown_migrations_of_server(url: str, seconds: int = 5) -> list[int]:
    """The same for PostgreSQL. Raises ServiceUnavailable when it cannot be reached, in words that hold no password."""
    import psycopg  # noqa: PLC0415  # it costs memory that SQLite users keep

    try:
        with psycopg.connect(url, connect_timeout=seconds) as connection:
            return _unknown(connection.execute(_APPLIED))
    except psycopg.errors.UndefinedTable:
        return []
    except psycopg.Error as error:
        raise ServiceUnavailable(detail=f"PostgreSQL cannot be reached from here ({type(error).__name__})") from None


def _unknown(rows: Iterable[Any]) -> list[int]:
    known = {number for number, _, _ in all_migrations()}
    return sorted(row[0] for row in rows if row[0] not in known)
