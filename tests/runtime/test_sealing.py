"""The database is not the authority: reading it, or a backup of it, gives nobody a logout, a client or a key."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from endsession import settings as configuration
from endsession.runtime.sealing import sealing_secrets, secret_file
from endsession.settings import BadSettings
from endsession.store.script import Database, Script, Statement
from endsession.tokens.hint import IdTokenHints
from endsession.tokens.seal import Sealer
from tests.kit.deployment import TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import HTML, JSON, PLAIN, answer, asks
from tests.kit.tokens import SECRET, id_token

OLD, NEW = "the-secret-of-last-year-0123456789", "the-secret-of-this-year-0123456789"
TABLES = ("sessions", "session_cookies", "participants", "spent_handles", "secrets", "audit", "deliveries", "attempts",
          "clients", "provider_keys", "lanes", "fan_outs", "migrations")  # fmt: skip


async def everything(store: Database) -> list[str]:
    """Every text that stands in the database."""

    def script() -> Script[list[str]]:
        texts = []
        for table in TABLES:
            rows = yield Statement(f"SELECT * FROM {table}", {})
            texts += [value for row in rows for value in row if isinstance(value, str)]
        return texts

    return await store.read(script())


def changes(storage_url: str, *secrets: str, **issuer: Any) -> dict[str, Any]:
    """A deployment on that storage with these sealing secrets."""
    return {"storage": {"url": storage_url, "sealing_secrets": list(secrets)}, "issuers": {"acme": issuer}}


HMAC_CLIENT = {"client_secret": SECRET, "id_token_signed_response_alg": "HS256"}


async def put_client(gateway: Deployment, client_id: str = "stored") -> None:
    """Register a client with a secret."""
    where = {"client_id": client_id}
    response = await gateway.send("PUT", "/acme/clients", params=where, json=HMAC_CLIENT, token=TOKEN)
    assert response.status_code in (200, 201), response.text


async def secret_of(gateway: Deployment, client_id: str) -> str | None:
    """A client's secret, as hints are verified with it; handlers are given none."""
    issuer = gateway.gateway.issuers["acme"]
    assert isinstance(issuer.hints, IdTokenHints)
    without, client = await issuer.client(client_id), await issuer.hints.find_client(client_id)
    assert without is not None
    assert without.client_secret is None
    return client.client_secret.get_secret_value() if client and client.client_secret else None


async def test_a_reader_of_the_database_cannot_forge_a_verified_hint(tmp_path: Path, storage_url: str) -> None:
    """Whatever stands in it is no key: a parked request that it was sealed with is refused, and nothing ends (T34)."""
    policy = {"policy": {"hint_authority": "hint"}, "cookie": None}
    async with deploy(tmp_path, {"storage": {"url": storage_url}, "issuers": {"acme": policy}}) as gateway:
        await gateway.register()
        await put_client(gateway)
        now = int(gateway.clock())
        content = {
            "issuer": "acme",
            "endpoint": "/{issuer_id}/end-session",
            "request": {"post_logout_redirect_uri": None, "state": None, "client_id": None, "logout_hint": None,
                        "ui_locales": None, "method": "GET"},
            "hint": ["VerifiedHint", {"client_id": "web", "sub": "alice", "sid": "s-alice", "iat": now, "exp": now}],
        }  # fmt: skip
        good = gateway.gateway.sealer.seal("parked", content)
        read = await everything(gateway.gateway.store)
        assert len(read) > 10
        for text in read:
            for handle in forged(text, content, gateway):
                response = await gateway.get(f"/acme/logout/resume?handle={handle}", accept=HTML)
                assert response.status_code == 400
        assert await gateway.state_of() == "live"
        # Sealed with the secret, the very same content ends the session: the forging above is not refused for its form.
        assert (await gateway.get(f"/acme/logout/resume?handle={good}", accept=HTML)).status_code == 200
        assert await gateway.state_of() == "ended"


def forged(text: str, content: dict[str, Any], gateway: Deployment) -> list[str]:
    """Handles made with a string of the database as the secret, and as the very key."""
    made = [Sealer([text], gateway.clock).seal("parked", content)]
    try:
        key = Fernet(text.encode())
    except ValueError:
        return made
    sealed = key.encrypt_at_time(json.dumps(["parked", content]).encode(), int(gateway.clock()))
    return [*made, sealed.rstrip(b"=").decode()]


async def test_stored_secrets_and_keys_are_sealed(tmp_path: Path, storage_url: str) -> None:
    """A client's secret and the keys of an issuer on this machine cannot be read from the database, and still work."""
    on_this_machine = {"issuers": {"acme": {"issuer": "http://localhost/acme"}}}
    async with deploy(tmp_path, {"storage": {"url": storage_url}, **on_this_machine}) as gateway:
        await put_client(gateway)
        keys = (await gateway.get("/acme/jwks.json")).json()["keys"]
        assert len(keys) == 2
        read = "\n".join(await everything(gateway.gateway.store))
        assert SECRET not in read
        assert '"d"' not in read
        assert '"kty": "RSA"' not in read
        await gateway.register(clients=[{"client_id": "stored"}])
        hint = id_token("HS256", aud="stored", iss="http://localhost/acme")
        response = await gateway.get(PLAIN, {"id_token_hint": hint}, cookie=cookie_of(), accept=HTML)
        assert response.status_code == 200
        assert await gateway.state_of() == "ended"
    async with deploy(tmp_path, {"storage": {"url": storage_url}, **on_this_machine}) as gateway:
        assert (await gateway.get("/acme/jwks.json")).json()["keys"] == keys


async def test_what_was_stored_in_the_clear_is_sealed_at_the_start(tmp_path: Path, storage_url: str) -> None:
    """A client that an earlier version stored keeps its secret, and the database does not have it any more."""
    async with deploy(tmp_path, {"storage": {"url": storage_url}}) as gateway:
        await gateway.gateway.store.write(in_the_clear())
        assert SECRET in "\n".join(await everything(gateway.gateway.store))
    async with deploy(tmp_path, {"storage": {"url": storage_url}}) as gateway:
        assert SECRET not in "\n".join(await everything(gateway.gateway.store))
        assert await secret_of(gateway, "stored") == SECRET


def in_the_clear() -> Script[None]:
    """A client as it was stored before its secret had a column of its own."""
    metadata = json.dumps({"client_id": "stored", **HMAC_CLIENT})
    yield Statement(
        "INSERT INTO clients (issuer_id, client_id, metadata, changed_at) VALUES ('acme', 'stored', :metadata, 0)",
        {"metadata": metadata},
    )


async def test_a_rotation_breaks_no_question_and_loses_no_client(tmp_path: Path, storage_url: str) -> None:
    """Old alone, old before new, new before old, new alone: a question asked at each step is answered at the next."""
    question = None
    for step, secrets in enumerate(([OLD], [OLD, NEW], [NEW, OLD], [NEW])):
        async with deploy(tmp_path, changes(storage_url, *secrets)) as gateway:
            if question is None:
                await put_client(gateway)
            else:
                done = await answer(gateway, question, "yes", cookie=cookie_of(f"s{step - 1}"))
                assert done.status_code == 200
                assert await gateway.state_of(f"s{step - 1}") == "ended"
            await gateway.register(f"s{step}", sub=f"user{step}")
            question = await gateway.get(PLAIN, cookie=cookie_of(f"s{step}"), accept=HTML)
            assert asks(question)
            assert await secret_of(gateway, "stored") == SECRET


async def test_another_secret_is_refused_at_the_start(tmp_path: Path, storage_url: str) -> None:
    """Not found out at a logout: a process that can open nothing of what the others seal does not serve."""
    async with deploy(tmp_path, changes(storage_url, OLD)):
        pass
    with pytest.raises(BadSettings, match="sealed with another secret"):
        async with deploy(tmp_path, changes(storage_url, NEW)):
            pass
    async with deploy(tmp_path, changes(storage_url, OLD)):
        pass


async def test_a_secret_that_cannot_be_opened_is_no_refused_hint(
    tmp_path: Path, storage_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows whether the hint is good, so it is a 503, and registering the client again is the way out.

    The storage is not blamed; the log names issuer, client and setting.
    """
    async with deploy(tmp_path, {"storage": {"url": storage_url}}) as gateway:
        await put_client(gateway)
        await put_client(gateway, "another")
        await gateway.gateway.store.write(swapped())
        await gateway.register(clients=[{"client_id": "stored"}])
        request = {"id_token_hint": id_token("HS256", aud="stored")}
        for accept in (HTML, JSON):
            refused = await gateway.get(PLAIN, request, cookie=cookie_of(), accept=accept)
            assert refused.status_code == 503
            assert "Retry-After" in refused.headers
            assert "storage" not in refused.text
            assert "until its settings are corrected" in refused.text
        assert (
            "issuer acme: the client_secret of client stored cannot be opened with storage.sealing_secrets"
            in caplog.text
        )
        assert (await gateway.get("/readyz")).status_code == 200
        assert await gateway.state_of() == "live"
        await put_client(gateway)
        assert (await gateway.get(PLAIN, request, cookie=cookie_of(), accept=HTML)).status_code == 200
        assert await gateway.state_of() == "ended"


def swapped() -> Script[None]:
    """Somebody who can write the database puts one client's secret in another's place."""
    rows = yield Statement("SELECT secret FROM clients WHERE client_id = 'another'", {})
    yield Statement("UPDATE clients SET secret = :secret WHERE client_id = 'stored'", {"secret": rows[0][0]})


# Where the secret comes from


def mode_of(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.sqlite_alone("the files are SQLite's")
async def test_files_are_for_their_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database, what SQLite puts next to it, and the secret, whatever the umask."""
    before = os.umask(0)
    try:
        async with deploy(tmp_path) as gateway:
            await gateway.register()
            made = {path.name: mode_of(path) for path in tmp_path.iterdir()}  # noqa: ASYNC240
    finally:
        os.umask(before)
    names = ("endsession.db", "endsession.db-wal", "endsession.db-shm", "endsession.db.secret")
    assert made == dict.fromkeys(names, 0o600)


async def test_processes_of_one_machine_share_the_file(tmp_path: Path) -> None:
    """Made once, with a secret that nobody can guess, and read again by everybody else."""
    settings = configuration.Settings.model_validate({"storage": {"url": "sqlite:///e.db"}})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: sealing_secrets(settings, tmp_path), range(40)))
    assert all(secrets == found[0] for secrets in found)
    assert len(found[0][0]) == 64
    assert [path.name for path in tmp_path.iterdir()] == ["e.db.secret"]  # noqa: ASYNC240


def test_the_file_holds_a_secret_in_each_line(tmp_path: Path) -> None:
    """So that it can be rotated like the setting."""
    secret_file(tmp_path / "e.db").write_text(f"{NEW}\n{OLD}\n")
    assert sealing_secrets(configuration.Settings.model_validate({"storage": {"url": "sqlite:///e.db"}}), tmp_path) == [
        NEW,
        OLD,
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n", f"{NEW}\nshort".encode(), b"\xff" * 40])
def test_a_file_without_a_good_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    """Nothing is sealed with what can be guessed."""
    secret_file(tmp_path / "e.db").write_bytes(content)
    with pytest.raises(BadSettings, match=r"e\.db\.secret"):
        sealing_secrets(configuration.Settings.model_validate({"storage": {"url": "sqlite:///e.db"}}), tmp_path)


def test_the_setting_goes_before_the_file(tmp_path: Path) -> None:
    """No file is made where the settings have a secret."""
    settings = configuration.Settings.model_validate({"storage": {"url": "sqlite:///e.db", "sealing_secrets": [NEW]}})
    assert sealing_secrets(settings, tmp_path) == [NEW]
    assert list(tmp_path.iterdir()) == []


def test_postgresql_needs_the_setting(tmp_path: Path) -> None:
    """Another process would seal with another secret, and half of all answers would be refused."""
    settings = configuration.Settings.model_validate({"storage": {"url": "postgresql://localhost/x"}})
    with pytest.raises(BadSettings, match="openssl rand"):
        sealing_secrets(settings, tmp_path)
