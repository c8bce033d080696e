"""What can be seen of storage without making or changing anything, for `endsession check`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

from .clients import SEALED_CLIENTS
from .deliveries import ALREADY_GONE
from .front_counts import FRONT_COUNTS
from .migrate import all_migrations, check_age
from .seen_hints import LACKING
from .unusable import UnusableStorage
from .upkeep import SECRETS

_FOLDER = "create the folder and make it writable, or correct the path"
_KNOWN_BY_NO_PROVIDER: LiteralString = (
    "SELECT issuer_id, COUNT(*) FROM deliveries WHERE channel = 'op_admin' AND state = 'delivered' GROUP BY issuer_id"
    f" HAVING COUNT(*) >= 10 AND COUNT(*) = SUM(CASE WHEN reason LIKE '{ALREADY_GONE}%' THEN 1 ELSE 0 END)"
)


@dataclass(frozen=True, slots=True)
class Examined:
    """What a storage holds; nothing before the first start, or where the next start will change the schema."""

    without_sid: Sequence[tuple[str, str]] = ()
    """(issuer_id, client_id) of clients whose hints have no `sid`."""
    never_known: Sequence[tuple[str, int]] = ()
    """Issuers whose provider knew none of the sessions that it was asked to end, and how many those are."""
    front_counts: Sequence[tuple[str, str, str, int]] = ()
    """(issuer_id, event, client_id, count) of fronts."""
    secrets: Sequence[tuple[str, str]] = ()
    """(name, sealed value) of shared secrets."""
    client_secrets: Sequence[tuple[str, str, str]] = ()
    """(issuer_id, client_id, sealed secret)."""


def examine_file(path: Path) -> Examined:
    """An SQLite file, which need not be there yet. Raises UnusableStorage."""
    if not path.exists():
        if not path.parent.is_dir():
            raise UnusableStorage(f"there is no folder {path.parent}", _FOLDER)
        if not os.access(path.parent, os.W_OK):
            raise UnusableStorage(f"the folder {path.parent} cannot be written to", _FOLDER)
        return Examined()
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        try:
            return examined(lambda sql: connection.execute(sql).fetchall())
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return Examined()
        raise UnusableStorage(f"{path} cannot be opened: {error}", "let this user read and write it") from None
    except sqlite3.DatabaseError:
        fix = "name another file, or restore this one from a backup"
        raise UnusableStorage(f"{path} is not an SQLite database", fix) from None


def examined(rows_of: Callable[[LiteralString], list[Any]]) -> Examined:
    """`rows_of` runs a query. A table that there is not ends it, as before the first start.

    Raises UnusableStorage for the schema of a newer version.
    """
    applied = {row[0] for row in rows_of("SELECT number FROM migrations")}
    check_age(applied)
    if len(applied) < len(all_migrations()):
        return Examined()
    return Examined(
        without_sid=[(row[0], row[1]) for row in rows_of(LACKING)],
        never_known=[(row[0], row[1]) for row in rows_of(_KNOWN_BY_NO_PROVIDER)],
        front_counts=[(row[0], row[1], row[2], row[3]) for row in rows_of(FRONT_COUNTS)],
        secrets=[(row[0], row[1]) for row in rows_of(SECRETS)],
        client_secrets=[(row[0], row[1], row[2]) for row in rows_of(SEALED_CLIENTS)],
    )
