"""What is particular to PostgreSQL: connections that break, and processes that wake each other."""

import asyncio
import secrets
from pathlib import Path

import httpx2
import psycopg
import pytest

from endsession.protocol.errors import ServiceUnavailable
from endsession.store.postgres import PostgresDatabase
from endsession.store.sessions import load_session
from tests.kit import servers
from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.flow import HTML, PLAIN, answer, asks

from .test_sessions import registering


async def test_broken_connections_are_replaced(postgres_server: str) -> None:
    """The server closes every connection: the next requests open new ones, and none fails."""
    mine = f"broken_{secrets.token_hex(4)}"  # others may use the server at the same time
    store = PostgresDatabase(f"{servers.fresh_schema(postgres_server)}&application_name={mine}")
    await store.prepare()
    await asyncio.gather(*(store.write(registering(sid=f"s{n}")) for n in range(30)))
    async with await psycopg.AsyncConnection.connect(postgres_server, autocommit=True) as connection:
        closed = await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [mine]
        )
        assert closed.rowcount > 0
    assert await store.read(load_session("acme", "s1")) is not None
    results = await asyncio.gather(*(store.write(registering(sid=f"t{n}")) for n in range(30)))
    assert results == ["created"] * 30
    await store.close()


@pytest.mark.parametrize(
    "statement", ["ALTER TABLE sessions RENAME TO moved", "ALTER TABLE sessions RENAME COLUMN sub TO other"]
)
async def test_a_table_that_is_not_as_it_was_is_unavailable(postgres_server: str, statement: str) -> None:
    """A right or a table is gone: that is for the operator of the database, and no fault of a request."""
    url = servers.fresh_schema(postgres_server)
    store = PostgresDatabase(url)
    await store.prepare()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement.encode())
    with pytest.raises(ServiceUnavailable, match="Undefined"):
        await store.read(load_session("acme", "s1"))
    await store.close()


async def test_tables_of_somebody_else_are_refused_at_the_start(postgres_server: str) -> None:
    """In a sentence, and not with a traceback."""
    url = servers.fresh_schema(postgres_server)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE sessions (whatever text)")
    with pytest.raises(ServiceUnavailable, match="sessions"):
        await PostgresDatabase(url).prepare()


@pytest.mark.parametrize("url", ["postgresql://user:secret-password@[x/x", "postgresql://user:secret-password@x/x?y=1"])
async def test_a_url_that_is_none_is_not_repeated(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """libpq would say what is wrong in its log, and repeat the password."""
    with pytest.raises(ServiceUnavailable) as refusal:
        await PostgresDatabase(url, patience=0.5).prepare()
    assert "storage.url" in refusal.value.detail
    assert "secret-password" not in str(refusal.value) + caplog.text


async def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    """Nothing listens: ServiceUnavailable within the time-out, naming PostgreSQL and no password."""
    store = PostgresDatabase("postgresql://user:secret-password@127.0.0.1:1/x", patience=0.5)
    with pytest.raises(ServiceUnavailable) as refusal:
        await store.prepare()
    assert "PostgreSQL" in refusal.value.detail
    assert "secret-password" not in str(refusal.value)
    assert "Retry-After" in refusal.value.headers


async def test_processes_wake_each_other(postgres_server: str) -> None:
    """What one announces wakes the other, and many announcements are one."""
    url = servers.fresh_schema(postgres_server)
    one, two = PostgresDatabase(url), PostgresDatabase(url)
    await one.prepare()
    await two.prepare()
    woken = asyncio.Event()
    one.listen(lambda: None)
    two.listen(woken.set)
    async with asyncio.timeout(10):
        while not woken.is_set():
            one.announce()
            await asyncio.sleep(0.02)
    await one.close()
    await two.close()


async def test_migrations_run_once_for_all_processes(postgres_server: str) -> None:
    """Five processes start at once on an empty database."""
    url = servers.fresh_schema(postgres_server)
    stores = [PostgresDatabase(url) for _ in range(5)]
    await asyncio.gather(*(store.prepare() for store in stores))
    await asyncio.gather(*(store.close() for store in stores))


async def test_a_question_of_one_node_is_answered_by_another(tmp_path: Path, postgres_server: str) -> None:
    """Any node can answer any step, and an answer that one node has taken counts once at the other as well."""
    changes = {"storage": {"url": servers.fresh_schema(postgres_server)}}
    async with deploy(tmp_path, changes) as one, deploy(tmp_path, changes) as two:
        await one.register()
        question = await one.get(PLAIN, {"client_id": "web"}, cookie=cookie_of(), accept=HTML)
        assert asks(question)
        assert await _says(two, question) == 200
        assert await one.state_of() == "ended"
        assert await _says(one, question) == 200
        assert await one.rows("SELECT COUNT(*) FROM audit") == [(1,)]


async def _says(gateway: Deployment, question: httpx2.Response) -> int:
    return (await answer(gateway, question, "yes", cookie=cookie_of())).status_code
