"""$POSTGRES_URL and $REDIS_URL: the servers that tests use in place of those that packages carry."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
from redis import Redis

from tests.kit import servers
from tests.kit.serving import ROOT

TESTS = (
    "tests/test_limiter.py::test_nodes_share_their_counts",
    "tests/store/test_postgres.py::test_migrations_run_once_for_all_processes",
)


def schemas(server: str) -> list[str]:
    """The schemas of tests on a server."""
    with psycopg.connect(server) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'test%'").fetchall()
    return [name for (name,) in rows]


def transactions(server: str) -> int:
    """How many transactions its database has committed."""
    with psycopg.connect(server) as connection:
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        return int((connection.execute(query).fetchone() or [0])[0])


def test_the_servers_of_the_environment_are_used_and_left_in_order(carried_postgres: str) -> None:
    """A test of each runs on the named server. What it makes in PostgreSQL is removed, and nothing else is."""
    kept = servers.fresh_schema(carried_postgres)
    before, committed = schemas(carried_postgres), transactions(carried_postgres)
    with servers.redis() as url, Redis.from_url(url) as counters:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--show-capture=no", *TESTS],
            cwd=ROOT,
            env={**os.environ, "POSTGRES_URL": carried_postgres, "REDIS_URL": f"{url}/0"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert counters.dbsize() == 1
    assert transactions(carried_postgres) > committed + 20
    assert schemas(carried_postgres) == before
    with psycopg.connect(kept) as connection:
        assert connection.execute("SELECT current_schema()").fetchone() != (None,)
