"""These tests run real gateways, so they have the backends of the gateway's own tests and the watch over its logs."""

from __future__ import annotations

from tests.conftest import (
    backend,
    carried_postgres,
    leak_watch,
    no_secret_in_any_log,
    postgres_server,
    pytest_runtest_setup,
)

__all__ = [
    "backend",
    "carried_postgres",
    "leak_watch",
    "no_secret_in_any_log",
    "postgres_server",
    "pytest_runtest_setup",
]
