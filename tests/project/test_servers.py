"""$POSTGRES_URL and $REDIS_URL: the servers that tests use in place of those that packages carry."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from tests.kit import servers
from tests.kit.serving import ROOT

SHARED, ON_POSTGRES = (
    "tests/test_limiter.py::test_nodes_share_their_counts",
    "tests/store/test_postgres.py::test_migrations_run_once_for_all_processes",
)


def run(test: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one test in a process of its own, with these variables."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--show-capture=no", test]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


def schemas(server: str) -> list[str]:
    """The schemas of tests on a server."""
    with psycopg.connect(server) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'test%'").fetchall()
    return [name for (name,) in rows]


def test_a_postgresql_of_the_environment_is_used_and_left_as_it_was(carried_postgres: str) -> None:
    """Tests make their schemas there and remove them; where it cannot be reached, they fail and do not fall back."""
    servers.fresh_schema(carried_postgres)
    before = schemas(carried_postgres)
    assert before
    with psycopg.connect(carried_postgres, autocommit=True) as connection:
        counted = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        (used,) = connection.execute(counted).fetchone() or (0,)
        done = run(ON_POSTGRES, POSTGRES_URL=carried_postgres)
        connection.execute("SELECT pg_stat_clear_snapshot()")
        (later,) = connection.execute(counted).fetchone() or (0,)
    assert done.returncode == 0, done.stdout
    assert later > used + 5, "it was not used"
    assert schemas(carried_postgres) == before
    assert run(ON_POSTGRES, POSTGRES_URL="postgresql://127.0.0.1:1/nowhere").returncode == 1


@pytest.mark.parametrize("path", ["", "/0"])
def test_a_redis_of_the_environment_is_used(path: str) -> None:
    """It may name a database, and may remember what an earlier run counted."""
    with servers.redis() as url:
        for _ in range(2):
            done = run(SHARED, REDIS_URL=url + path)
            assert done.returncode == 0, done.stdout
    assert run(SHARED, REDIS_URL=url + path).returncode == 1
