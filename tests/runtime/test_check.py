"""`endsession check`: what the settings alone cannot show, above all whether apps find our keys."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from endsession import settings as configuration
from endsession.network.lookup import Lookups
from endsession.protocol.hint import VerifiedHint
from endsession.provider.fetch import Fetcher
from endsession.runtime.check import look_around
from endsession.runtime.check_storage import Finding
from endsession.settings import Problem
from endsession.store.script import Database
from endsession.store.seen_hints import SeenHints
from endsession.store.sqlite import SqliteDatabase
from tests.kit import servers
from tests.kit.logout_tokens import write_keys
from tests.kit.ports import free_port
from tests.kit.provider import Provider, provider
from tests.kit.serving import CHECKOUT, ROOT, serving
from tests.kit.tokens import jwks, signing_key

OURS = "https://login.example/acme/jwks.json"
KID = signing_key("RS256", "logout").kid


@pytest.fixture
async def web() -> AsyncIterator[Provider]:
    """A provider that publishes its own key and none of our keys."""
    async with provider() as server:
        server.publish(*jwks("RS256")["keys"])
        yield server


async def problems_of(folder: Path, **table: Any) -> list[Problem]:
    """The problems of an issuer with these settings and one signing key."""
    return [finding.problem for finding in await findings(folder, **table)]


async def found(folder: Path, **table: Any) -> list[tuple[str, bool, str]]:
    """The findings about such an issuer: where, whether certain, and what."""
    return [
        (".".join(map(str, finding.problem.location[2:])), finding.certain, finding.problem.message)
        for finding in await findings(folder, **table)
    ]


async def findings(folder: Path, **table: Any) -> list[Finding]:
    """All that the check finds."""
    keys = {} if {"jwks_uri", "jwks_file", "jwks"} & set(table) else {"jwks": jwks("RS256")}
    table = {"issuer": "https://op.example", "signing_keys": write_keys(folder, "RS256"), **keys, **table}
    settings = configuration.Settings.model_validate({"issuers": {"acme": table}})
    fetcher = Fetcher(Lookups(), timeout=2)
    try:
        return [finding async for finding in look_around(settings, "https://login.example", folder, fetcher.get)]
    finally:
        await fetcher.close()


def metadata(web: Provider, **changes: Any) -> bytes:
    """A provider's metadata, as JSON."""
    return json.dumps({"issuer": "https://op.example", "jwks_uri": web.url, **changes}).encode()


async def test_our_keys_have_to_be_published(tmp_path: Path, web: Provider) -> None:
    """Apps verify logout tokens with what the provider publishes; without our `kid` in it, none ever verifies."""
    message = f"{web.url} does not have {KID}: apps will not find the keys of our logout tokens"
    assert await found(tmp_path, jwks_uri=web.url) == [("signing_keys", True, message)]
    web.publish(*jwks("RS256")["keys"], *jwks("RS256", kid="logout")["keys"])
    assert await found(tmp_path, jwks_uri=web.url) == []


async def test_another_key_under_our_kid_is_not_ours(tmp_path: Path, web: Provider) -> None:
    """A copy that was not made anew after a change of keys."""
    web.publish({**jwks("RS256", kid="older")["keys"][0], "kid": KID})
    (finding,) = await found(tmp_path, jwks_uri=web.url)
    assert finding[:2] == ("signing_keys", True)


async def test_keys_that_are_retired_have_to_be_published_as_well(tmp_path: Path, web: Provider) -> None:
    """Every file that is named: the next key has to be known to apps before it signs."""
    web.publish(*jwks("RS256", kid="logout")["keys"])
    (finding,) = await found(tmp_path, jwks_uri=web.url, signing_keys=write_keys(tmp_path, "RS256", "ES256"))
    assert str(signing_key("ES256", "logout").kid) in finding[2]
    assert str(KID) not in finding[2]


@pytest.mark.parametrize("table", [{"publish_op_keys": True}, {"signing_keys": ()}, {"jwks_uri": OURS}])
async def test_nothing_is_asked_where_there_is_nothing_to_find(
    tmp_path: Path, web: Provider, table: dict[str, Any]
) -> None:
    """Where the provider points at our set, or where nothing is signed by us."""
    assert await found(tmp_path, **{"jwks_uri": web.url, **table}) == []
    assert web.requests == []


async def test_apps_look_where_the_providers_metadata_say(tmp_path: Path, web: Provider) -> None:
    """Its `jwks_uri` is the one that counts: with ours there, all is well whatever the gateway itself reads."""
    web.body = metadata(web, jwks_uri=OURS)
    assert await found(tmp_path, jwks_uri=web.url + "?x", op_metadata_uri=web.url) == []
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"issuer": "https://op.example.org"}, "its issuer is not https://op.example, character by character"),
        ({"jwks_uri": None}, "it has no jwks_uri, which every provider's metadata has"),
    ],
)
async def test_metadata_of_somebody_else(
    tmp_path: Path, web: Provider, changes: Mapping[str, Any], message: str
) -> None:
    """They would never be served, so they are a mistake now."""
    web.body = metadata(web, **changes)
    assert await found(tmp_path, op_metadata_uri=web.url) == [
        ("op_metadata_uri", True, f"what is there cannot be used: {message}")
    ]


@pytest.mark.parametrize("member", ["jwks_uri", "op_metadata_uri"])
async def test_a_provider_that_cannot_be_reached_from_here(tmp_path: Path, web: Provider, member: str) -> None:
    """Nothing is known to be wrong: it is said, and no failure."""
    (nobody,) = await found(tmp_path, **{member: f"http://127.0.0.1:{free_port()}/"})
    assert nobody[:2] == (member, False)
    web.break_down("503 Service Unavailable")
    (busy,) = await found(tmp_path, **{member: web.url})
    assert busy[:2] == (member, False)
    assert "status 503" in busy[2]


async def test_keys_that_cannot_be_used_are_found_before_the_start(tmp_path: Path) -> None:
    """Private keys and the provider's, in files and in the settings, as the gateway itself would refuse them."""
    (tmp_path / "public.jwk").write_text(json.dumps(jwks("RS256")["keys"][0]))
    (tmp_path / "text.jwk").write_text("no key")
    for name in ("public.jwk", "text.jwk"):
        (tmp_path / name).chmod(0o600)
    assert [item[:2] for item in await found(tmp_path, signing_keys=("public.jwk", "text.jwk"))] == [
        ("signing_keys.0", True),
        ("signing_keys.1", True),
    ]
    assert [item[:2] for item in await found(tmp_path, decryption_keys=("text.jwk",))] == [("decryption_keys.0", True)]
    assert [item[:2] for item in await found(tmp_path, jwks_file="text.jwk")] == [("jwks_file", True)]
    assert [item[:2] for item in await found(tmp_path, jwks={"key": []})] == [("jwks", True)]


async def test_a_key_says_how_to_put_it_right(tmp_path: Path) -> None:
    """A file that holds no key, one that is a folder, and keys of the provider that are none."""
    (tmp_path / "text.jwk").write_text("no key")
    (tmp_path / "text.jwk").chmod(0o600)
    (tmp_path / "folder").mkdir()
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"signing_keys": ("text.jwk",)}, "not valid JSON", "endsession keygen --alg RS256"),
        ({"decryption_keys": ("text.jwk",)}, "not valid JSON", "endsession keygen --alg RSA-OAEP-256"),
        ({"signing_keys": ("folder",)}, f"{tmp_path / 'folder'} cannot be read: Is a directory", "correct the name"),
        ({"jwks_file": "folder"}, f"{tmp_path / 'folder'} cannot be read: Is a directory", "correct the name"),
        ({"jwks_file": "text.jwk"}, "", "the provider's JWK Set"),
    ]
    for table, message, fix in cases:
        problems = await problems_of(tmp_path, **table)
        assert any(message in problem.message and fix in problem.fix for problem in problems), (table, problems)


async def test_a_client_that_could_never_be_told(tmp_path: Path) -> None:
    """Its algorithm has none of our keys. An issuer on this machine makes its own."""
    clients = {"web": {"backchannel_logout_uri": "https://app.example/x", "id_token_signed_response_alg": "ES256"}}
    (finding,) = await found(tmp_path, clients=clients)
    assert finding[:2] == ("clients.web.id_token_signed_response_alg", True)
    assert await found(tmp_path, clients=clients, issuer="http://127.0.0.1:1/", signing_keys=()) == []


async def run_check(folder: Path, text: str) -> tuple[int, str, str]:
    """The command, on these settings: its status, what it printed, and what it complained of."""
    (folder / "endsession.toml").write_text(text)
    process = await asyncio.create_subprocess_exec(
        *CHECKOUT, "check", "--config", str(folder / "endsession.toml"),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, complaints = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, output.decode(), complaints.decode().replace(str(folder), "FOLDER")


@pytest.mark.usefixtures("backend")
def test_what_the_command_warns_of_is_in_the_log_of_the_gateway(tmp_path: Path) -> None:
    """A leaked hint and one click: it is said where nobody runs the command, too."""
    port = free_port()
    table = f'issuer = "http://localhost:{port}/acme"\njwks = {{ keys = [] }}\n'
    text = f'[server]\nport = {port}\npublic_url = "http://localhost:{port}"\n[issuers.acme]\n{table}'
    (tmp_path / "endsession.toml").write_text(text)
    with serving(tmp_path, port):
        pass
    assert (
        "WARNING endsession.runtime.server: issuers.acme.cookie: there is none" in (tmp_path / "serve.log").read_text()
    )


async def test_the_command(tmp_path: Path, web: Provider) -> None:
    """Warnings leave its status at 0, mistakes make it 2; both say the place and the fix."""
    write_keys(tmp_path, "RS256")
    text = f"""
[server]
public_url = "https://login.example"
trusted_proxies = ["127.0.0.1"]
[issuers.acme]
issuer = "https://op.example"
jwks_uri = "{web.url}"
signing_keys = ["RS256.jwk"]
"""
    status, output, complaints = await run_check(tmp_path, text)
    assert (status, output) == (2, "")
    cookie, keys = complaints.split("FOLDER/endsession.toml, line ")[1:]
    assert cookie.startswith("5: issuers.acme.cookie (ENDSESSION_ISSUERS__ACME__COOKIE)")
    assert keys.startswith("8: issuers.acme.signing_keys (ENDSESSION_ISSUERS__ACME__SIGNING_KEYS)")
    assert f"Fix: publish there what {OURS} has" in keys
    web.publish(*jwks("RS256", kid="logout")["keys"])
    status, output, complaints = await run_check(tmp_path, text)
    assert (status, output) == (0, "The settings are valid. Issuers: 1, warnings: 1.\n")
    assert complaints.startswith("Warning: FOLDER/endsession.toml, line 5: issuers.acme.cookie")
    assert "Fix: configure the provider's cookie" in complaints


async def of_storage(url: str, folder: Path) -> list[tuple[bool, str]]:
    """The findings about storage."""
    settings = configuration.Settings.model_validate({"storage": {"url": url}})
    fetcher = Fetcher(Lookups(), timeout=2)
    try:
        findings = [setting async for setting in look_around(settings, "https://login.example", folder, fetcher.get)]
    finally:
        await fetcher.close()
    return [
        (finding.certain, finding.problem.message)
        for finding in findings
        if finding.problem.location == ("storage", "url")
    ]


async def test_a_file_that_cannot_be_used_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    """No folder, no database, and a schema of a newer version are mistakes; a file that is not there yet is none."""
    assert await of_storage("sqlite:///new.db", tmp_path) == []
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240
    folder = tmp_path / "missing"
    assert await of_storage("sqlite:///missing/e.db", tmp_path) == [(True, f"there is no folder {folder}")]
    (tmp_path / "text.db").write_text("this is no database " * 100)
    (tmp_path / "text.db").chmod(0o600)
    assert await of_storage("sqlite:///text.db", tmp_path) == [
        (True, f"{tmp_path / 'text.db'} is not an SQLite database")
    ]
    store = SqliteDatabase(tmp_path / "e.db")
    await store.close()
    assert await of_storage("sqlite:///e.db", tmp_path) == []
    connection = sqlite3.connect(tmp_path / "e.db")
    with connection:
        connection.execute("INSERT INTO migrations VALUES (9999, 0)")
    connection.close()
    message = "a newer version has changed its schema (migration 9999)"
    assert await of_storage("sqlite:///e.db", tmp_path) == [(True, message)]


async def test_a_server_that_is_away_is_a_warning(tmp_path: Path, postgres_server: str) -> None:
    """It may be in reach where the gateway runs; no password is repeated. One without a schema is fine."""
    assert await of_storage(servers.fresh_schema(postgres_server), tmp_path) == []
    away = f"postgresql://me:secret-of-mine@127.0.0.1:{free_port()}/endsession"
    ((certain, message),) = await of_storage(away, tmp_path)
    assert not certain
    assert message.startswith("PostgreSQL at 127.0.0.1:")
    assert "secret-of-mine" not in message


async def test_what_hints_have_shown_is_told(storage_url: str, tmp_path: Path, store: Database) -> None:
    """Verified ID tokens without `sid` contradict `id_tokens_have_sid = true`: the issuer, the clients and the fix."""
    seen = SeenHints(store)
    seen.note("acme", VerifiedHint("web", "alice", None, 1000, 2000))
    seen.note("gone", VerifiedHint("web", "alice", None, 1000, 2000))
    await seen.stop()
    fetcher = Fetcher(Lookups(), timeout=2)
    found = []
    for have_sid in (True, False):
        table = {"issuer": "https://op.example", "jwks": jwks("RS256"), "id_tokens_have_sid": have_sid}
        given: dict[str, Any] = {"storage": {"url": storage_url}, "issuers": {"acme": table}}
        settings = configuration.Settings(**given)
        found += [finding async for finding in look_around(settings, "https://login.example", tmp_path, fetcher.get)]
    await fetcher.close()
    (finding,) = found
    assert (finding.problem.location, finding.certain) == (("issuers", "acme", "id_tokens_have_sid"), False)
    assert "ID tokens of web carry no sid" in finding.problem.message
    assert finding.problem.fix == "set it to false, or let the provider put sid into its ID tokens"
