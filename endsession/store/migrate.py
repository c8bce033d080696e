"""Numbered migrations, applied in order, forward only.

A migration is `migrations/NNNN_name.sql`. The two backends differ in a few words of DDL, which stand in braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from .script import Script, Statement
from .unusable import UnusableStorage

SQLITE_WORDS = {"{clustered}": "WITHOUT ROWID", "{identity}": "INTEGER PRIMARY KEY"}
POSTGRES_WORDS = {"{clustered}": "", "{identity}": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"}


@cache
def all_migrations() -> tuple[tuple[int, str, str], ...]:
    """(number, name, SQL) of every migration, in order."""
    folder = files(__package__) / "migrations"
    named = sorted((entry.name, entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name[:4]), name.removesuffix(".sql"), sql) for name, sql in named)


def check_age(applied: Iterable[int]) -> None:
    """Raises UnusableStorage for migrations that this version does not know: it would write what the newer cannot use.

    Not even in a rolling upgrade: processes that run go on, and those that start have to be of the newer version.
    """
    if newer := sorted(set(applied) - {number for number, _, _ in all_migrations()}):
        message = f"a newer version has changed its schema (migration {', '.join(map(str, newer))})"
        raise UnusableStorage(message, "run that version, or restore the backup made before the upgrade")


def all_tables() -> list[str]:
    """The names of all tables of this version, with that of migrations itself."""
    return [
        "migrations",
        *(table for _, _, sql in all_migrations() for table in re.findall(r"CREATE TABLE (\w+)", sql)),
    ]


def migrate(words: Mapping[str, str], now: float) -> Script[list[str]]:
    """Apply what is missing; the caller holds the backend's lock. Returns the names of those applied.

    Raises UnusableStorage when a newer version has changed the schema.
    """
    yield Statement(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL PRIMARY KEY, applied_at DOUBLE PRECISION)",
        {},
    )
    rows = yield Statement("SELECT number FROM migrations", {})
    done = {row[0] for row in rows}
    check_age(done)
    applied = []
    for number, name, sql in all_migrations():
        if number in done:
            continue
        for statement in _statements(sql, words):
            yield Statement(statement, {})
        yield Statement("INSERT INTO migrations VALUES (:number, :now)", {"number": number, "now": now})
        applied.append(name)
    return applied


def _statements(sql: str, words: Mapping[str, str]) -> Iterator[str]:
    code = "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))
    for word, meaning in words.items():
        code = code.replace(word, meaning)
    yield from (part.strip() for part in code.split(";") if part.strip())
