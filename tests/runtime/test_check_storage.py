"""`endsession check` tries what the gateway will need: the database, its sealed contents, and the shared counter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from endsession import settings as configuration
from endsession.runtime.app import open_store
from endsession.runtime.check_storage import Finding, check_limits, check_storage
from endsession.runtime.sealing import sealing_secrets
from endsession.store.script import Script, Statement
from endsession.store.unusable import UnusableStorage
from tests.kit import servers
from tests.kit.deployment import TOKEN, deploy
from tests.kit.ports import free_port
from tests.kit.tokens import SECRET, jwks

OLD, NEW = "the-secret-of-last-year-0123456789", "the-secret-of-this-year-0123456789"


def settings_with(storage_url: str, *sealing: str, **more: Any) -> configuration.Settings:
    """Settings of one issuer on that storage."""
    table = {"issuer": "https://op.example", "jwks": jwks("RS256")}
    storage = {"url": storage_url, "sealing_secrets": list(sealing)}
    return configuration.Settings.model_validate({"storage": storage, "issuers": {"acme": table}, **more})


def found(settings: configuration.Settings, base: Path) -> list[tuple[str, bool, str, str]]:
    """The setting, whether it is certain, what is wrong and how to fix it."""
    return [told(finding) for finding in check_storage(settings, base)]


def told(finding: Finding) -> tuple[str, bool, str, str]:
    """A finding, to be compared."""
    problem = finding.problem
    return ".".join(map(str, problem.location)), finding.certain, problem.message, problem.fix


# Sealing secrets


async def sealed(tmp_path: Path, storage_url: str, *sealing: str) -> None:
    """A gateway has run with these secrets, and registered a client that has a secret."""
    changes = {"storage": {"url": storage_url, "sealing_secrets": list(sealing)}}
    async with deploy(tmp_path, changes) as gateway:
        client = {"client_secret": SECRET, "id_token_signed_response_alg": "HS256"}
        where = "/acme/clients?client_id=stored"
        assert (await gateway.send("PUT", where, json=client, token=TOKEN)).status_code == 201


async def test_a_lost_sealing_secret_is_found(tmp_path: Path, storage_url: str) -> None:
    """The setting and the fix, before a start that would be refused; with the right secret there is nothing."""
    await sealed(tmp_path, storage_url, OLD)
    ((setting, certain, message, fix),) = found(settings_with(storage_url, NEW), tmp_path)
    assert (setting, certain) == ("storage.sealing_secrets", True)
    assert "sealed with another secret" in message
    assert "add the secret that was used before" in fix
    assert found(settings_with(storage_url, NEW, OLD), tmp_path) == []


async def test_a_client_whose_secret_cannot_be_opened_is_named(tmp_path: Path, storage_url: str) -> None:
    """A rotation that took the old secret away too early: the gateway starts, and one client's hints get 503."""
    await sealed(tmp_path, storage_url, OLD)
    store = open_store(storage_url, tmp_path)
    await store.prepare()
    await store.write(forget_seals())
    await store.close()
    async with deploy(tmp_path, {"storage": {"url": storage_url, "sealing_secrets": [NEW]}}):
        pass
    ((setting, certain, message, _),) = found(settings_with(storage_url, NEW), tmp_path)
    assert (setting, certain) == ("storage.sealing_secrets", True)
    assert message == "it does not open the client_secret of stored of acme: their hints get 503"


def forget_seals() -> Script[None]:
    """What docs/operations.md says where a secret is lost."""
    yield Statement("DELETE FROM secrets", {})


async def test_a_lost_file_of_secrets_is_found_and_none_is_made(tmp_path: Path) -> None:
    """SQLite's own secret: a check that made a fresh one would hide the loss. One that is spoilt is told as well."""
    url = f"sqlite:///{tmp_path / 'storage.db'}"
    file = tmp_path / "storage.db.secret"
    settings = settings_with(url)
    await sealed(tmp_path, url)
    assert found(settings, tmp_path) == []
    file.unlink()
    ((setting, certain, message, _),) = found(settings, tmp_path)
    assert (setting, certain, message.startswith(f"{file} is missing")) == ("storage.sealing_secrets", True, True)
    assert not file.exists()
    file.write_text("short\n")
    ((_, _, message, _),) = found(settings, tmp_path)
    assert "shorter than 32 characters" in message
    file.unlink()
    assert len(sealing_secrets(settings, tmp_path)) == 1  # another one is made
    ((_, _, message, _),) = found(settings, tmp_path)
    assert "sealed with another secret" in message


# The schema


def test_an_empty_schema_is_tried_and_stays_empty(storage_url: str, tmp_path: Path) -> None:
    """The first start would succeed, and nothing of it is left behind."""
    assert found(settings_with(storage_url, NEW), tmp_path) == []
    if storage_url.startswith("sqlite"):
        assert list(tmp_path.iterdir()) == []
    else:
        assert servers.dumped(storage_url) == [[]]


async def test_a_schema_of_a_newer_version_is_refused_at_the_start(storage_url: str, tmp_path: Path) -> None:
    """In the words of the check, and nothing is written: it could be what the newer version cannot use."""
    store = open_store(storage_url, tmp_path)
    await store.prepare()
    await store.write(migrated())
    await store.close()
    ((setting, certain, message, fix),) = found(settings_with(storage_url, NEW), tmp_path)
    assert (setting, certain) == ("storage.url", True)
    assert message == "a newer version has changed its schema (migration 9999)"
    with pytest.raises(UnusableStorage) as start:
        await open_store(storage_url, tmp_path).prepare()
    assert (start.value.detail, start.value.fix) == (message, fix)


def migrated() -> Script[None]:
    """A newer version has been here."""
    yield Statement("INSERT INTO migrations VALUES (9999, 0)", {})


# The shared counter


async def of_limits(url: str) -> list[tuple[str, bool, str, str]]:
    """The findings about the shared counter."""
    settings = settings_with("sqlite:///x.db", limits={"storage": url})
    return [told(finding) async for finding in check_limits(settings)]


@pytest.fixture
def counter() -> Iterator[str]:
    """A Redis or Valkey of its own, whose users a test may change."""
    with servers.redis() as url:
        yield url


async def test_a_counter_that_works_is_fine(counter: str) -> None:
    """Nothing is left behind but for a second; a counter in memory needs no check."""
    assert await of_limits("memory://") == []
    assert await of_limits(counter) == []
    with Redis.from_url(counter) as client:
        assert all(client.pttl(key) <= 1000 for key in client.keys("*"))


async def test_a_counter_that_cannot_be_reached_is_a_warning() -> None:
    """It may be reachable from where the gateway runs, and without it each process counts for itself."""
    ((setting, certain, message, fix),) = await of_limits(f"redis://me:hidden@127.0.0.1:{free_port()}")
    assert (setting, certain) == ("limits.storage", False)
    assert "each process counts for itself" in message
    assert "make sure that it is running" in fix
    assert "hidden" not in message


async def test_the_rights_at_the_counter_are_tried(counter: str) -> None:
    """A wrong password and a user without a command that the limiter runs are mistakes; the rights that the fix names
    are enough."""
    with Redis.from_url(counter) as client:
        enough = ["+evalsha", "+script|load", "+incrby", "+expire", "+get", "+ttl"]
        client.acl_setuser("enough", enabled=True, passwords=["+pw"], commands=enough, keys=["LIMITS:*"])
        client.acl_setuser("no_ttl", enabled=True, passwords=["+pw"], commands=enough[:-1], keys=["LIMITS:*"])
        client.acl_setuser("no_key", enabled=True, passwords=["+pw"], commands=enough, keys=["mine:*"])
    assert await of_limits(counter.replace("://", "://enough:pw@")) == []
    for user in ("enough:hidden", "no_ttl:pw", "no_key:pw"):
        ((setting, certain, message, fix),) = await of_limits(counter.replace("://", f"://{user}@"))
        assert (setting, certain) == ("limits.storage", True)
        assert "hidden" not in message
        assert "EVALSHA, SCRIPT LOAD, INCRBY, EXPIRE, GET and TTL" in fix
