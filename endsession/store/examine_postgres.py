"""What can be seen of a PostgreSQL server, and what the role may do there, for `endsession check`.

Rights are tried and not looked up, since a look-up knows nothing of a server that takes no writes. Everything is tried
in a transaction that is rolled back.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg import sql

from .examine import Examined, examined
from .migrate import POSTGRES_WORDS, all_migrations, all_tables, migrate
from .postgres import MIGRATION_LOCK, in_postgres
from .postgres_connection import connection_options
from .postgres_trouble import cannot_connect, cannot_use, check_encoding
from .unusable import UnusableStorage

_SECONDS = 5.0
_RIGHTS = (
    ("SELECT", "SELECT {column} FROM {table} WHERE false"),
    ("INSERT", "INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE false"),
    ("UPDATE", "UPDATE {table} SET {column} = {column} WHERE false"),
    ("DELETE", "DELETE FROM {table} WHERE false"),
)
"""What the gateway does with each of its tables, to no row."""


def examine_server(url: str) -> Examined:
    """Raises UnusableStorage, in words that hold no password."""
    try:
        connection = psycopg.connect("", **connection_options(url, _SECONDS))
    except psycopg.Error as error:
        raise cannot_connect(url, error) from None
    try:
        with connection, connection.transaction(force_rollback=True):
            row = connection.execute("SHOW server_encoding").fetchone()
            check_encoding(url, row[0] if row else "")
            return _examine(connection)
    except psycopg.Error as error:
        raise cannot_use(url, error) from None


def _examine(connection: psycopg.Connection[Any]) -> Examined:
    row = connection.execute("SELECT to_regclass('migrations')").fetchone()
    if row is None or row[0] is None:
        _run_migrations(connection)
        return Examined()
    # As each start does: it needs the right to create tables even where there is none to be made.
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER)")
    tables = [table for table in all_tables() if _exists(connection, table)]
    if lacking := [f"{right} on {table}" for table in tables for right in _lacking(connection, table)]:
        raise UnusableStorage(
            f"its role lacks the right to {', '.join(lacking)}",
            "let the role own these tables, or GRANT SELECT, INSERT, UPDATE, DELETE on them to it",
        )
    found = examined(lambda query: connection.execute(query).fetchall())
    _check_owner(connection, tables)
    return found


def _run_migrations(connection: psycopg.Connection[Any]) -> None:
    """What the first start will do. Nobody uses these tables yet, so nobody waits for their locks."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
    script = migrate(POSTGRES_WORDS, time.time())
    rows: list[Any] | None = None
    try:
        while True:
            statement = script.send(rows) if rows is not None else next(script)
            cursor = connection.execute(in_postgres(statement.sql), statement.values or None)
            rows = cursor.fetchall() if cursor.description else []
    except StopIteration:
        return


def _lacking(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """The rights that the role does not have on a table."""
    column = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum DESC LIMIT 1",  # the first may be an identity, which cannot be set
        (table,),
    ).fetchone()
    assert column is not None
    lacking = []
    for right, statement in _RIGHTS:
        query = sql.SQL(statement).format(column=sql.Identifier(column[0]), table=sql.Identifier(table))
        try:
            with connection.transaction():
                connection.execute(query)
        except psycopg.errors.InsufficientPrivilege:
            lacking.append(right)
    return lacking


def _check_owner(connection: psycopg.Connection[Any], tables: list[str]) -> None:
    """Only who owns a table can change it, as the next start would."""
    row = connection.execute("SELECT count(*) FROM migrations").fetchone()
    if row is not None and row[0] == len(all_migrations()):
        return
    foreign = [
        name
        for (name,) in connection.execute(
            "SELECT relname FROM pg_class WHERE oid = ANY (%s::regclass[]) AND NOT pg_has_role(relowner, 'USAGE')",
            (tables,),
        )
    ]
    if foreign:
        message = f"its role does not own {', '.join(foreign)}, and this version changes the schema at its start"
        raise UnusableStorage(message, "let the role own all tables of the gateway (ALTER TABLE ... OWNER TO)")


def _exists(connection: psycopg.Connection[Any], table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
    return row is not None and row[0] is not None
