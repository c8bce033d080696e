"""Fixtures of the delivery tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.receivers import Receivers, receivers


@pytest.fixture
def apps() -> Iterator[Receivers]:
    """Apps that take logout tokens."""
    with receivers() as running:
        yield running


@pytest.fixture(autouse=True)
def on_every_backend(backend: str) -> None:
    """Deployments of this room keep their ledger in SQLite, and then in PostgreSQL."""
