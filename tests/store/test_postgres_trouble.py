"""PostgreSQL at the start and in `endsession check`: what cannot work is said with its cause and its fix."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from endsession.protocol.errors import ServiceUnavailable
from endsession.store.examine_postgres import examine_server
from endsession.store.postgres import PostgresDatabase
from endsession.store.unusable import UnusableStorage
from tests.kit import servers
from tests.kit.ports import free_port
from tests.kit.servers import dumped, execute, with_other

# The role of the database


@pytest.fixture
def role(postgres_server: str) -> Iterator[tuple[str, str, str]]:
    """A role without rights in a fresh schema: its name, its URL, and the operator's."""
    url, name = servers.fresh_schema(postgres_server), f"role_{secrets.token_hex(6)}"
    execute(url, f"CREATE ROLE {name} LOGIN PASSWORD 'pw'")
    yield name, with_other(url, user=name, password="pw"), url
    execute(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def refusal(url: str) -> UnusableStorage:
    """How the check refuses that server."""
    with pytest.raises(UnusableStorage) as refused:
        examine_server(url)
    assert refused.value.certain
    return refused.value


async def test_the_rights_of_the_role_are_tried(role: tuple[str, str, str]) -> None:
    """On the schema first, then on each table: what is lacking is named, and nothing is changed by trying."""
    name, url, operator = role
    schema = str(conninfo_to_dict(operator)["options"]).rpartition("=")[2]
    assert "schema" in refusal(url).detail
    execute(operator, f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    assert "permission denied for schema" in refusal(url).detail
    with pytest.raises(UnusableStorage, match="permission denied for schema") as start:
        await PostgresDatabase(url).prepare()
    assert "GRANT USAGE, CREATE ON SCHEMA" in start.value.fix
    execute(operator, f"GRANT CREATE ON SCHEMA {schema} TO {name}")
    examine_server(url)
    store = PostgresDatabase(operator)
    await store.prepare()
    await store.close()
    execute(operator, f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {name}")
    before = dumped(operator)
    examine_server(url)
    assert dumped(operator) == before
    execute(operator, f"REVOKE UPDATE, DELETE ON sessions, audit FROM {name}")
    refused = refusal(url)
    assert refused.detail.endswith("UPDATE on sessions, DELETE on sessions, UPDATE on audit, DELETE on audit")
    assert "GRANT SELECT, INSERT, UPDATE, DELETE" in refused.fix


async def test_an_upgrade_needs_the_owner(role: tuple[str, str, str]) -> None:
    """The next start will change the schema: rights on the tables do not suffice, and it is known before."""
    name, url, operator = role
    schema = str(conninfo_to_dict(operator)["options"]).rpartition("=")[2]
    store = PostgresDatabase(operator)
    await store.prepare()
    await store.close()
    execute(
        operator,
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {name}",
        f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {name}",
        "DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)",
    )
    assert "does not own" in refusal(url).detail
    examine_server(operator)


async def test_a_server_that_takes_no_writes(postgres_server: str) -> None:
    """A URL that lets in any server finds it out when a right is tried; by default it is not connected to."""
    url = servers.fresh_schema(postgres_server)
    said = conninfo_to_dict(url)
    read_only = with_other(url, options=f"{said['options']} -c default_transaction_read_only=on")
    refused = refusal(f"{read_only}&target_session_attrs=any")
    assert "read-only" in refused.detail
    assert "primary" in refused.fix
    assert "primary" in refusal(read_only).fix


# Encoding


@pytest.fixture
def latin(postgres_server: str) -> Iterator[str]:
    """The URL of a database that is not in UTF-8."""
    name = f"latin_{secrets.token_hex(6)}"
    execute(
        postgres_server,
        f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
    )
    yield with_other(postgres_server, dbname=name)
    execute(postgres_server, f"DROP DATABASE {name}")


async def test_a_database_that_is_not_in_utf8_is_refused(latin: str) -> None:
    """By the check and at the start alike: a user whose name it cannot hold could not sign in."""
    refused = refusal(latin)
    assert refused.detail.endswith("has the encoding LATIN1, and the gateway needs UTF8")
    assert "ENCODING 'UTF8'" in refused.fix
    with pytest.raises(UnusableStorage) as start:
        await PostgresDatabase(latin).prepare()
    assert start.value.detail == refused.detail
    assert dumped(latin) == [[]]


# Connections


def refusals(url: str) -> list[tuple[str, str, bool]]:
    """What the check says of a server that it cannot connect to."""
    with pytest.raises(UnusableStorage) as refused:
        examine_server(url)
    return [(refused.value.detail, refused.value.fix, refused.value.certain)]


async def both_say(url: str) -> tuple[str, str, bool]:
    """What is said of a server that cannot be connected to: the same at the start."""
    (check,) = refusals(url)
    with pytest.raises(UnusableStorage) as start:
        await PostgresDatabase(url).prepare()
    assert (start.value.detail, start.value.fix, start.value.certain) == check
    assert "hidden" not in str(check)
    return check


async def test_a_refused_connection_is_said(tmp_path: Path) -> None:
    """Host, port, database and role, the cause, the fix; no password. It may be reachable from elsewhere."""
    port = free_port()
    detail, fix, certain = await both_say(f"postgresql://me:hidden@127.0.0.1:{port}/sessions")
    server = f'PostgreSQL at 127.0.0.1:{port} (database "sessions", role "me")'
    assert detail == f"{server} cannot be used: Connection refused"
    assert "make sure that it is running" in fix
    assert not certain


async def test_a_socket_that_does_not_exist_is_said() -> None:
    """libpq's second line, a question, is no cause."""
    detail, _, certain = await both_say("postgresql://me:hidden@/sessions?host=/nowhere")
    assert detail.endswith("cannot be used: No such file or directory")
    assert not certain


@pytest.mark.parametrize("password", ["hid@hidden", "hidden/more", "12/hidden"])
async def test_no_piece_of_a_password_is_repeated(password: str) -> None:
    """One that is not percent-encoded comes apart into host, port and database."""
    detail, fix, _ = await both_say(f"postgresql://me:{password}@host.invalid/sessions")
    assert "percent-encoded" in fix
    assert "hid" not in detail


async def test_a_database_that_does_not_exist_is_said(postgres_server: str) -> None:
    """The server says so itself, so it is certain."""
    detail, fix, certain = await both_say(with_other(postgres_server, dbname="nobody_made_it"))
    assert detail.endswith('database "nobody_made_it" does not exist')
    assert "CREATE DATABASE" in fix
    assert certain


@pytest.fixture
def strict_role(carried_postgres: str) -> str:
    """The name of a role that the server asks for its password, which is `right`."""
    name = f"strict_{secrets.token_hex(6)}"
    with psycopg.connect(carried_postgres, autocommit=True) as connection:
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        file = Path(row[0])
        file.write_text(f"local all {name} scram-sha-256\n{file.read_text()}")
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right'".encode())
        connection.execute("SELECT pg_reload_conf()")
    return name


async def test_a_wrong_password_is_said(carried_postgres: str, strict_role: str) -> None:
    """By a server that asks for one."""
    detail, fix, certain = await both_say(with_other(carried_postgres, user=strict_role, password="hidden"))
    assert detail.endswith(f'password authentication failed for user "{strict_role}"')
    assert "storage.url (ENDSESSION_STORAGE__URL)" in fix
    assert certain
    execute(with_other(carried_postgres, user=strict_role, password="right"), "SELECT 1")


async def test_an_error_of_the_start_is_one_of_storage() -> None:
    """Who starts a gateway from code needs to know one class."""
    with pytest.raises(ServiceUnavailable):
        await PostgresDatabase(f"postgresql://me@127.0.0.1:{free_port()}/x").prepare()
