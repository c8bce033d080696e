"""What a relying party reads about an issuer: our members alone, or the provider's own document with ours in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kit.deployment import Deployment, deploy
from tests.kit.ports import free_port
from tests.kit.provider import Provider, provider

ACME = "/acme/.well-known/openid-configuration"
LOGOUT = {
    "end_session_endpoint": "https://login.example/acme/end-session",
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
    "frontchannel_logout_supported": True,
    "frontchannel_logout_session_supported": True,
}
BASE = {
    "issuer": "https://login.example/acme",
    "authorization_endpoint": "https://login.example/acme/authorize",
    "token_endpoint": "https://login.example/acme/token",
    "jwks_uri": "https://login.example/acme/certs",
    "check_session_iframe": "https://login.example/acme/frame",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "ui_locales_supported": ["fr"],
    "claims_supported": ["sub"],
    "vendors_own": {"x": [1, None, 2.5, "é"]},
    # What the provider says of logout, which is not so any more.
    "end_session_endpoint": "https://login.example/acme/old-logout",
    "backchannel_logout_supported": False,
    "frontchannel_logout_session_supported": False,
    "signed_metadata": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
}


def publish(web: Provider, members: Any, **headers: str) -> None:
    """Serve that document."""
    web.publish(**headers)
    web.body = json.dumps(members).encode()


def based_on(web: Provider, **table: Any) -> dict[str, Any]:
    """Settings with the provider's document as the base."""
    return {"issuers": {"acme": {"op_metadata_uri": web.url, **table}}}


async def read(gateway: Deployment, path: str = ACME) -> httpx2.Response:
    """The metadata, within a time that nothing should take."""
    async with asyncio.timeout(10):
        return await gateway.get(path)


async def settled(gateway: Deployment) -> None:
    """Return once no refresh is under way."""
    metadata = gateway.gateway.issuers["acme"].metadata
    assert metadata is not None
    while (task := metadata.remote._refreshing) is not None:
        await asyncio.wait([task])


@pytest.fixture
async def web() -> AsyncIterator[Provider]:
    """A provider that publishes its metadata."""
    async with provider() as server:
        publish(server, BASE)
        yield server


async def test_without_a_base_it_is_all_that_there_is_to_say_of_logout(gateway: Deployment) -> None:
    """Every member of the specifications on logout, and where our keys are (R51)."""
    assert (await read(gateway)).json() == {
        "issuer": "https://login.example/acme",
        "jwks_uri": "https://login.example/acme/jwks.json",
        **LOGOUT,
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "sid"],
        "ui_locales_supported": ["en"],
    }


async def test_a_provider_without_sid(tmp_path: Path) -> None:
    """Nothing is promised about sessions where ID tokens do not name them."""
    async with deploy(tmp_path, {"issuers": {"acme": {"id_tokens_have_sid": False}}}) as gateway:
        members = (await read(gateway)).json()
    assert members["backchannel_logout_session_supported"] is False
    assert members["frontchannel_logout_session_supported"] is False
    assert "sid" not in members["claims_supported"]


async def test_an_issuer_that_lives_elsewhere(tmp_path: Path) -> None:
    """Its metadata has to be at its own address (Discovery 1.0, section 4.3)."""
    async with deploy(tmp_path, {"issuers": {"acme": {"issuer": "https://op.example"}}}) as gateway:
        assert (await read(gateway)).status_code == 404


async def test_the_providers_document_with_ours_in_it(tmp_path: Path, web: Provider) -> None:
    """All that the provider says stays as it is, and what concerns logout is ours; nothing signed says otherwise."""
    async with deploy(tmp_path, based_on(web)) as gateway:
        answer = await read(gateway)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    kept = {name: value for name, value in BASE.items() if name != "signed_metadata"}
    assert answer.json() == kept | LOGOUT | {"claims_supported": ["sub", "sid"]}


async def test_whose_keys_are_announced(tmp_path: Path, web: Provider) -> None:
    """The provider's, unless our JWK Set has them as well."""
    async with deploy(tmp_path, based_on(web, publish_op_keys=True)) as gateway:
        assert (await read(gateway)).json()["jwks_uri"] == "https://login.example/acme/jwks.json"


async def test_a_base_is_served_for_an_issuer_that_lives_elsewhere(tmp_path: Path, web: Provider) -> None:
    """A proxy at the issuer's own address can then fetch it here."""
    publish(web, {**BASE, "issuer": "https://op.example"})
    async with deploy(tmp_path, based_on(web)) as gateway:
        assert (await read(gateway)).status_code == 503
    (folder := tmp_path / "second").mkdir()
    changes = {"issuers": {"acme": {"issuer": "https://op.example", "op_metadata_uri": web.url}}}
    async with deploy(folder, changes) as gateway:
        members = (await read(gateway)).json()
    assert members["issuer"] == "https://op.example"
    assert members["end_session_endpoint"] == LOGOUT["end_session_endpoint"]


BROKEN: Mapping[str, tuple[str, bytes]] = {
    "another issuer's": ("200 OK", json.dumps({**BASE, "issuer": "https://login.example/globex"}).encode()),
    "a slash more": ("200 OK", json.dumps({**BASE, "issuer": "https://login.example/acme/"}).encode()),
    "no issuer": ("200 OK", b'{"jwks_uri": "https://login.example/acme/certs"}'),
    "no keys": ("200 OK", b'{"issuer": "https://login.example/acme"}'),
    "claims that are none": ("200 OK", json.dumps({**BASE, "claims_supported": "sub"}).encode()),
    "languages that are none": ("200 OK", json.dumps({**BASE, "ui_locales_supported": [1]}).encode()),
    "a list": ("200 OK", json.dumps([BASE]).encode()),
    "a number that is none": ("200 OK", json.dumps({**BASE, "x": float("nan")}).encode()),
    "a page": ("200 OK", b"<html>maintenance</html>"),
    "nothing": ("200 OK", b""),
    "bytes": ("200 OK", b"\xff\xfe\x00"),
    "very deep": ("200 OK", b"[" * 100_000),
    "very long": ("200 OK", json.dumps({**BASE, "x": "x" * 300_000}).encode()),
    "an error": ("500 Internal Server Error", json.dumps(BASE).encode()),
    "a redirect": ("302 Found", json.dumps(BASE).encode()),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_what_is_no_metadata_of_this_issuer_is_never_served(tmp_path: Path, web: Provider, kind: str) -> None:
    """While nothing good was ever fetched: 503, and a new attempt when the answer said that one may come back.

    Once there was something good, it stays.
    """
    web.break_down(*BROKEN[kind])
    async with deploy(tmp_path, based_on(web)) as gateway:
        refusal = await read(gateway)
        assert (refusal.status_code, refusal.json()["error"]) == (503, "temporarily_unavailable")
        assert "provider" in refusal.json()["error_description"]
        publish(web, BASE)
        assert (await read(gateway)).status_code == 503
        assert len(web.requests) == 1
        gateway.clock.advance(int(refusal.headers["retry-after"]))
        assert (await read(gateway)).status_code == 200
        web.break_down(*BROKEN[kind])
        gateway.clock.advance(86_400)
        for _ in range(2):
            assert (await read(gateway)).json()["token_endpoint"] == BASE["token_endpoint"]
            await settled(gateway)
        assert len(web.requests) == 3


async def test_a_provider_that_is_not_there(tmp_path: Path) -> None:
    """Nobody listens: 503, and the gateway runs all the same."""
    uri = f"http://127.0.0.1:{free_port()}/.well-known/openid-configuration"
    async with deploy(tmp_path, {"issuers": {"acme": {"op_metadata_uri": uri}}}) as gateway:
        assert (await read(gateway)).status_code == 503
        assert (await gateway.get("/healthz")).status_code == 200
        assert (await read(gateway, "/globex/.well-known/openid-configuration")).status_code == 200


async def test_it_is_kept_for_as_long_as_the_provider_says(tmp_path: Path, web: Provider) -> None:
    """Then it is asked for again, conditionally, in the background of a request that is answered at once."""
    publish(web, BASE, cache_control="max-age=600", etag='"one"')
    async with deploy(tmp_path, based_on(web)) as gateway:
        await asyncio.gather(*(read(gateway) for _ in range(10)))
        gateway.clock.advance(590)
        await read(gateway)
        await settled(gateway)
        assert len(web.requests) == 1
        gateway.clock.advance(20)
        web.open.clear()
        publish(web, {**BASE, "token_endpoint": "https://login.example/acme/new"})
        assert (await read(gateway)).json()["token_endpoint"] == BASE["token_endpoint"]
        await web.wait_for(2)
        assert web.requests[1]["if-none-match"] == '"one"'
        web.open.set()
        await settled(gateway)
        assert (await read(gateway)).json()["token_endpoint"] == "https://login.example/acme/new"
