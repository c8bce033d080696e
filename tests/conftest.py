"""Fixtures for every test."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from endsession.runtime.app import open_store
from endsession.store.script import Database
from tests.kit import deployment, servers
from tests.kit.deployment import Deployment, deploy
from tests.kit.logs import LeakWatch


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Where everything is installed, a skipped test is a hole in what is held."""
    if report.skipped and "CI" in os.environ:
        pytest.exit(f"{report.nodeid} was skipped, and here it could have run: {report.longrepr}", returncode=1)


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
async def gateway(tmp_path: Path) -> AsyncIterator[Deployment]:
    """The ordinary deployment, with nobody signed in."""
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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which storage `deploy` uses: every test of a room that asks for it runs on both."""
    if request.param == "postgresql":
        server, urls = request.getfixturevalue("postgres_server"), dict[Path, str]()

        def url_of(folder: Path) -> str:
            if folder not in urls:
                urls[folder] = servers.fresh_schema(server)
            return urls[folder]

        monkeypatch.setattr(deployment, "storage_url", url_of)
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
