"""Every test of the vendors' endpoints runs on every backend."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def on_every_backend(backend: str) -> None:
    """Deployments of this room keep their sessions in SQLite, and then in PostgreSQL."""
