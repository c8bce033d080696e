"""A gateway that cannot start says which setting that is about, and how to fix it."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.kit.ports import free_port
from tests.kit.serving import CHECKOUT, ROOT


def complaint(folder: Path, port: int, rest: str = "") -> tuple[int, list[str]]:
    """How `endsession serve` ends with these settings, and the last three lines that it writes."""
    file = folder / "endsession.toml"
    issuer = '[issuers.acme]\nissuer = "http://localhost/acme"\njwks = { keys = [] }\n'
    file.write_text(f"[server]\nport = {port}\n{rest}\n{issuer}")
    done = subprocess.run(
        [*CHECKOUT, "serve", "--config", str(file)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr.replace(str(folder), "FOLDER").splitlines()[-3:]


@pytest.mark.parametrize("table", ["server", "management"])
def test_a_port_that_is_taken(tmp_path: Path, table: str) -> None:
    """Of either listener. uvicorn would end the process with a line that names no setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        if table == "server":
            status, lines = complaint(tmp_path, port)
            place = "line 2"
        else:
            status, lines = complaint(tmp_path, free_port(), f'[management]\nhost = "127.0.0.1"\nport = {port}')
            place = "line 5"
    assert (status, lines) == (
        1,
        [
            f"FOLDER/endsession.toml, {place}: {table}.port (ENDSESSION_{table.upper()}__PORT)",
            f"    nothing can listen at 127.0.0.1:{port}.",
            f"    Fix: stop what listens there already, or change {table}.host or {table}.port",
        ],
    )


def test_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    """Its folder is not there."""
    status, lines = complaint(tmp_path, free_port(), '[storage]\nurl = "sqlite:///nowhere/x.db"')
    assert (status, lines) == (
        1,
        [
            "FOLDER/endsession.toml, line 4: storage.url (ENDSESSION_STORAGE__URL)",
            "    FOLDER/nowhere/x.db: unable to open database file.",
            "    Fix: create its folder, and let this user read and write both",
        ],
    )


def test_a_server_that_cannot_be_reached(tmp_path: Path) -> None:
    """The setting, which server it names, the cause and the fix; no password."""
    away = free_port()
    secret = "0123456789abcdef" * 2
    storage = f'[storage]\nurl = "postgresql://me:hidden@127.0.0.1:{away}/logins"\nsealing_secrets = ["{secret}"]'
    status, lines = complaint(tmp_path, free_port(), storage)
    assert (status, lines) == (
        1,
        [
            "FOLDER/endsession.toml, line 4: storage.url (ENDSESSION_STORAGE__URL)",
            f'    PostgreSQL at 127.0.0.1:{away} (database "logins", role "me") cannot be used: Connection refused.',
            "    Fix: make sure that it is running and reachable, and that host and port are right",
        ],
    )
