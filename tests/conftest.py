"""Fixtures for every test."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from endsession.runtime.app import open_store
from endsession.store.script import Database
from tests.kit import servers, storages
from tests.kit.deployment import Deployment, deploy
from tests.kit.logs import LeakWatch


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Where everything is installed, a skipped test is a hole in what is held."""
    if report.skipped and "CI" in os.environ:
        pytest.exit(f"{report.nodeid} was skipped, and here it could have run: {report.longrepr}", returncode=1)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test deploys on the backend that it is run on; one that is for SQLite alone says why."""
    callspec = getattr(item, "callspec", None)
    backend = callspec.params.get("backend") if callspec else None
    if alone := item.get_closest_marker("sqlite_alone"):
        assert alone.args, "sqlite_alone needs a reason"
        assert backend is None, "sqlite_alone, and the fixture `backend` as well"
        backend = "sqlite"
    storages.choose(backend)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture(scope="session")
def leak_watch() -> Iterator[LeakWatch]:
    """Reads the log of the whole run, at every level."""
    watch, root = LeakWatch(), logging.getLogger()
    level = root.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    yield watch
    root.removeHandler(watch)
    root.setLevel(level)


@pytest.fixture(autouse=True)
def no_secret_in_any_log(leak_watch: LeakWatch) -> Iterator[None]:
    """No hint, cookie, handle or secret is in a log at any level, whatever a test does (T23)."""
    yield
    leaks, leak_watch.leaks = leak_watch.leaks, []
    assert not leaks


@pytest.fixture
async def gateway(tmp_path: Path, backend: str) -> AsyncIterator[Deployment]:
    """The ordinary deployment, with nobody signed in, on each backend."""
    async with deploy(tmp_path) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def carried_postgres() -> Iterator[str]:
    """A real PostgreSQL server on this machine for the whole run: for tests that look at its files."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A real PostgreSQL server for the whole run: that of $POSTGRES_URL, or the one that a package carries."""
    if url := os.environ.get("POSTGRES_URL"):
        with servers.postgres_of_environment(url):
            yield url
    else:
        yield request.getfixturevalue("carried_postgres")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A real Redis or Valkey for the whole run: that of $REDIS_URL, or the one that a package carries."""
    if url := os.environ.get("REDIS_URL"):
        yield url
    else:
        with servers.redis() as url:
            yield url


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def backend(request: pytest.FixtureRequest) -> str:
    """Every test that uses it, or a fixture that does, runs on both backends: it is where `deploy` keeps sessions."""
    if request.param == "postgresql":
        storages.server = request.getfixturevalue("postgres_server")
    return str(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def storage_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """`storage.url` of an empty storage: every test that asks for it runs on both backends."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'storage.db'}"
    return servers.fresh_schema(request.getfixturevalue("postgres_server"))


@pytest.fixture
async def store(storage_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A prepared, empty storage."""
    database = open_store(storage_url, tmp_path)
    await database.prepare()
    yield database
    await database.close()
