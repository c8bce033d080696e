"""Fixtures of the delivery tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.admin_api import AdminApi, admin_api
from tests.kit.provider_ending import SID, SUB
from tests.kit.receivers import Receivers, receivers


@pytest.fixture
def apps() -> Iterator[Receivers]:
    """Apps that take logout tokens."""
    with receivers() as running:
        yield running


@pytest.fixture
def api() -> Iterator[AdminApi]:
    """A provider with a session of our user, another one of that user, and one of somebody else."""
    with admin_api() as running:
        running.sessions |= {SID: SUB, "4712": SUB, "4713": "43"}
        yield running


@pytest.fixture(autouse=True)
def on_every_backend(backend: str) -> None:
    """Deployments of this room keep their ledger in SQLite, and then in PostgreSQL."""
