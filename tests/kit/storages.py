"""The storage of what a test deploys.

A test runs on every backend by the fixture `backend`, or says with the mark `sqlite_alone` why it does not. A test that
does neither cannot deploy a gateway, unless it names the storage itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from . import servers

SQLITE = "sqlite:///endsession.db"
"""A file in the folder of the deployment, as it is without a setting."""

SEALING_SECRET = "what-every-process-of-a-test-seals-with"
"""What PostgreSQL needs; with SQLite, the gateway makes its own."""

server: str | None = None
"""The PostgreSQL server of the tests, once it runs."""
_schemas: dict[Path, str] = {}


def on_sqlite(folder: Path) -> str:
    """A file in each folder."""
    return SQLITE


def on_postgresql(folder: Path) -> str:
    """A schema for each folder, so that a later deployment in that folder finds what an earlier one kept."""
    assert server is not None
    if folder not in _schemas:
        _schemas[folder] = servers.fresh_schema(server)
    return _schemas[folder]


def on_none(folder: Path) -> str:
    """Refuses."""
    raise AssertionError(
        "this test deploys a gateway and does not say on which storage: use the fixture `backend`, which runs it on"
        " each, or the mark sqlite_alone(reason)"
    )


chosen: Callable[[Path], str] = on_sqlite
"""SQLite is for what is run by hand; for a test, tests/conftest.py chooses."""


def choose(backend: str | None) -> None:
    """Deploy on that backend from now on."""
    global chosen  # noqa: PLW0603  # the running test's, and a process runs one at a time
    chosen = {"sqlite": on_sqlite, "postgresql": on_postgresql, None: on_none}[backend]


def environment(folder: Path) -> dict[str, str]:
    """The variables with which a gateway of its own process finds that storage; none on SQLite, which needs none."""
    if (url := storage_url(folder)) == SQLITE:
        return {}
    return {"ENDSESSION_STORAGE__URL": url, "ENDSESSION_STORAGE__SEALING_SECRETS": json.dumps([SEALING_SECRET])}


def storage_url(folder: Path) -> str:
    """Where deployments in this folder keep their sessions."""
    return chosen(folder)
