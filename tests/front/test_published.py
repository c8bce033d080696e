"""What the front publishes in the provider's place: metadata, and the union of both key sets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from endsession.protocol.errors import NotFound, ProviderUnavailable
from endsession.protocol.hint import VerifiedHint
from tests.kit.deployment import deploy
from tests.kit.provider import Provider, provider
from tests.kit.tokens import jwks, sign, signing_key

from .standin import EXOTIC, ISSUER, METADATA, OAUTH, OPENID, behind, publish, publish_all, read

pytestmark = pytest.mark.usefixtures("backend")
LOGOUT = {
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
    "frontchannel_logout_supported": True,
    "frontchannel_logout_session_supported": True,
}


@pytest.fixture
async def web() -> AsyncIterator[Provider]:
    """A provider that publishes its metadata and its keys."""
    async with provider() as server:
        publish_all(server)
        yield server


async def test_the_providers_metadata_with_our_logout(tmp_path: Path, web: Provider) -> None:
    """Issuer, endpoints and all else stay; its logout URL too, as the front answers it; nothing signed contradicts."""
    async with deploy(tmp_path, behind(web)) as gateway:
        answer = await read(gateway, OPENID)
        ours = (await gateway.get("/acme" + OPENID)).json()
    kept = {name: value for name, value in METADATA.items() if name != "signed_metadata"}
    expected = kept | LOGOUT | {"claims_supported": ["sub", "sid"]}
    assert json.loads(answer.body) == ours == expected
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


async def test_a_provider_without_logout_gets_ours(tmp_path: Path, web: Provider) -> None:
    """Its apps find the logout URL of this gateway."""
    publish(web, OPENID, {name: value for name, value in METADATA.items() if name != "end_session_endpoint"})
    async with deploy(tmp_path, behind(web)) as gateway:
        members = json.loads((await read(gateway, OPENID)).body)
    assert members["end_session_endpoint"] == "https://login.example/acme/end-session"


async def test_the_provider_is_asked_under_its_public_name(tmp_path: Path, web: Provider) -> None:
    """Host and scheme are the issuer's: else its metadata would name the upstream."""
    async with deploy(tmp_path, behind(web)) as gateway:
        await read(gateway, "/certs")
    assert [request[""] for request in web.requests] == [f"GET {OPENID} HTTP/1.1", "GET /certs HTTP/1.1"]
    for request in web.requests:
        assert request["host"] == request["x-forwarded-host"] == "login.example"
        assert request["x-forwarded-proto"] == "https"


async def test_the_union_of_both_key_sets(tmp_path: Path, web: Provider) -> None:
    """The provider's as it publishes them, of unknown types too, then ours, which were made without being asked for."""
    async with deploy(tmp_path, behind(web)) as gateway:
        keys = json.loads((await read(gateway, "/certs")).body)["keys"]
        own = gateway.gateway.issuers["acme"].public_keys()[:2]
        served = (await gateway.get("/acme/jwks.json")).json()["keys"]
    assert keys == [*jwks("RS256")["keys"], EXOTIC, *own]
    assert [key["kty"] for key in own] == ["RSA", "EC"]
    assert {key["kid"] for key in served} == {key["kid"] for key in keys} - {"pq"}
    assert not any("d" in key for key in keys)


async def test_all_processes_have_the_same_keys(tmp_path: Path, web: Provider) -> None:
    """Those that were made are kept: the second process publishes what the first one signs with."""
    async with deploy(tmp_path, behind(web)) as one, deploy(tmp_path, behind(web)) as other:
        assert one.gateway.issuers["acme"].public_keys() == other.gateway.issuers["acme"].public_keys()


async def test_private_members_are_not_repeated(tmp_path: Path, web: Provider) -> None:
    """A provider that publishes a private or a symmetric key by mistake is not helped in it."""
    private = signing_key("ES256", "k1").as_dict(private=True)
    publish(web, "/certs", {"keys": [private, {"kty": "oct", "k": "c2VjcmV0"}, 7]})
    async with deploy(tmp_path, behind(web)) as gateway:
        keys = json.loads((await read(gateway, "/certs")).body)["keys"]
    assert keys[0] == jwks("ES256")["keys"][0]
    assert len(keys) == 3
    assert not any({"d", "k"} & set(key) for key in keys)


async def test_compromised_keys_are_not_published(tmp_path: Path, web: Provider) -> None:
    """Apps must not take them either, known type or not."""
    kid = jwks("RS256")["keys"][0]["kid"]
    async with deploy(tmp_path, behind(web, compromised_keys=[kid, "pq"])) as gateway:
        keys = json.loads((await read(gateway, "/certs")).body)["keys"]
    assert {key["kid"] for key in keys}.isdisjoint({kid, "pq"})


async def test_keys_of_the_settings_verify_and_the_providers_are_published(tmp_path: Path, web: Provider) -> None:
    """`jwks` says what hints are verified with, and takes nothing away from apps."""
    async with deploy(tmp_path, behind(web, jwks=jwks("ES256"))) as gateway:
        keys = json.loads((await read(gateway, "/certs")).body)["keys"]
    assert keys[:2] == [*jwks("RS256")["keys"], EXOTIC]


async def test_a_hint_is_verified_with_the_keys_behind_the_front(tmp_path: Path, web: Provider) -> None:
    """Without any setting of keys: where they are, the metadata says."""
    claims = {"iss": ISSUER, "sub": "alice", "aud": "web", "iat": 1_700_000_000, "exp": 1_900_000_000, "sid": "s"}
    async with deploy(tmp_path, behind(web)) as gateway:
        hints = gateway.gateway.issuers["acme"].hints
        assert isinstance(await hints.read(sign(claims), None), VerifiedHint)
        assert not isinstance(await hints.read(sign(claims, kid="k2"), None), VerifiedHint)


async def test_another_key_under_our_kid_is_logged(
    tmp_path: Path, web: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """Both are published: the provider's first, since sign-ins need it."""
    async with deploy(tmp_path, behind(web)) as gateway:
        own = gateway.gateway.issuers["acme"].public_keys()[0]
        publish(web, "/certs", {"keys": [{**jwks("RS256")["keys"][0], "kid": own["kid"]}]})
        keys = json.loads((await read(gateway, "/certs")).body)["keys"]
    assert [key["kid"] for key in keys[:2]] == [own["kid"], own["kid"]]
    assert f"has another key under our kid {own['kid']}" in caplog.text


async def test_conditional_requests(tmp_path: Path, web: Provider) -> None:
    """A strong ETag of the merged bytes; 304 to who has them; HEAD has the headers alone."""
    async with deploy(tmp_path, behind(web)) as gateway:
        for path in (OPENID, "/certs"):
            full = await read(gateway, path)
            etag = full.headers["etag"]
            assert etag.startswith('"')
            for tags in (etag, f'"x", W/{etag}', "*"):
                answer = await read(gateway, path, if_none_match=tags)
                assert (answer.status_code, answer.body, answer.headers["etag"]) == (304, b"", etag)
            assert (await read(gateway, path, if_none_match='"x"')).status_code == 200
            head = await read(gateway, path, "HEAD")
            assert (head.status_code, head.body) == (200, b"")
            assert head.headers["content-length"] == str(len(full.body))


async def test_bytes_are_made_once(tmp_path: Path, web: Provider) -> None:
    """While nothing changes, also where the provider is asked again."""
    async with deploy(tmp_path, behind(web)) as gateway:
        for path in (OPENID, "/certs"):
            first = await read(gateway, path)
            gateway.clock.advance(61)
            assert (await read(gateway, path)).body is first.body
    assert len(web.requests) == 5


async def test_a_new_key_is_published_when_the_old_set_has_expired(tmp_path: Path, web: Provider) -> None:
    """The one who asks waits for it: an app that meets a new key looks once."""
    publish(web, "/certs", jwks("RS256"), cache_control="max-age=300")
    async with deploy(tmp_path, behind(web)) as gateway:
        first = await read(gateway, "/certs")
        publish(web, "/certs", jwks("RS256", kid="k2"), cache_control="max-age=300")
        gateway.clock.advance(299)
        assert (await read(gateway, "/certs")).body == first.body
        gateway.clock.advance(1)
        second = await read(gateway, "/certs")
    assert json.loads(second.body)["keys"][0] == jwks("RS256", kid="k2")["keys"][0]
    assert second.headers["etag"] != first.headers["etag"]


async def test_how_long_others_may_keep_it(tmp_path: Path, web: Provider) -> None:
    """As long as the provider says, counted from when it said so; where it says nothing, they have to ask."""
    publish(web, "/certs", jwks("RS256"), cache_control="public, max-age=300")
    async with deploy(tmp_path, behind(web)) as gateway:
        await read(gateway, "/certs")
        gateway.clock.advance(120)
        keys, metadata = await read(gateway, "/certs"), await read(gateway, OPENID)
    assert (keys.headers["cache-control"], keys.headers["age"]) == ("public, max-age=300", "120")
    assert metadata.headers["cache-control"] == "no-cache"
    assert "age" not in metadata.headers


@pytest.mark.parametrize("trouble", ["500", "html", "other issuer", "hangs"])
async def test_an_unavailable_provider(tmp_path: Path, web: Provider, trouble: str) -> None:
    """The last known documents, across a restart; its paths stay fronted, and nobody waits long."""
    async with deploy(tmp_path, behind(web)) as gateway:
        before = [(await read(gateway, path)).body for path in (OPENID, "/certs")]
    match trouble:
        case "500":
            web.paths = {OPENID: ("500 Oops", {}, b""), "/certs": ("500 Oops", {}, b"")}
        case "html":
            web.paths = {OPENID: ("200 OK", {}, b"<html>"), "/certs": ("200 OK", {}, b"<html>")}
        case "other issuer":
            publish(web, OPENID, METADATA | {"issuer": "https://evil.example"})
            publish(web, "/certs", {"no": "keys"})
        case "hangs":
            web.open.clear()
    async with deploy(tmp_path, behind(web)) as gateway:
        assert (await read(gateway, OPENID)).body == before[0]
        keys = json.loads((await read(gateway, "/certs")).body)["keys"]
        assert gateway.gateway.fronts.find("login.example", b"/token") is not None
    # Keys of unknown types are known to the process alone that has fetched them.
    assert keys == [key for key in json.loads(before[1])["keys"] if key["kid"] != "pq"]


async def test_what_was_never_known(tmp_path: Path, web: Provider) -> None:
    """An error, and not our members alone, which apps would keep; it heals when the provider is there."""
    web.paths = {OPENID: ("503 Starting", {}, b"")}
    async with deploy(tmp_path, behind(web)) as gateway:
        with pytest.raises(ProviderUnavailable):
            await read(gateway, OPENID)
        assert (await gateway.get("/acme" + OPENID)).status_code == 503
        fronts = gateway.gateway.fronts
        assert fronts.find("login.example", b"/token") is None
        assert fronts.awaits("Login.example") is fronts.providers["acme"]
        assert fronts.awaits("other.example") is None
        publish_all(web)
        gateway.clock.advance(6)
        assert (await read(gateway, OPENID)).status_code == 200
        assert fronts.find("login.example", b"/token") is not None
        assert fronts.awaits("login.example") is None


async def test_the_document_of_oauth(tmp_path: Path, web: Provider) -> None:
    """RFC 8414's URL has what the provider has there, with ours in it, and nothing where it has nothing."""
    async with deploy(tmp_path, behind(web)) as gateway:
        with pytest.raises(NotFound):
            await read(gateway, OAUTH)
        asked = len(web.requests)
        with pytest.raises(NotFound):
            await read(gateway, OAUTH)
        assert len(web.requests) == asked
        publish(web, OAUTH, METADATA | {"only_here": True})
        gateway.clock.advance(61)
        members = json.loads((await read(gateway, OAUTH)).body)
    assert members["only_here"] is True
    assert members["backchannel_logout_supported"] is True


@pytest.mark.parametrize(
    ("sent", "origin", "allowed"),
    [
        ("*", None, "*"),
        ("*", "https://app.example", "*"),
        ("", None, None),
        ("", "https://app.example", None),
        ("echo", None, None),
        ("echo", "https://app.example", "https://app.example"),
    ],
)
async def test_which_pages_may_read_it(
    tmp_path: Path, web: Provider, sent: str, origin: str | None, allowed: str | None
) -> None:
    """The provider decides; one that decides by the page's origin is asked with it, once."""
    headers = {"access-control-allow-origin": sent} if sent == "*" else {}
    web.paths[OPENID] = ("200 OK", headers, web.paths[OPENID][2])
    async with deploy(tmp_path, behind(web)) as gateway:
        await read(gateway, OPENID)
        if sent == "echo":
            echoing = {"access-control-allow-origin": "https://app.example", "vary": "Origin"}
            web.paths[OPENID] = ("200 OK", echoing, web.paths[OPENID][2])
        asked = {"origin": origin} if origin else {}
        for _ in range(3):
            answer = await read(gateway, OPENID, **asked)
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert answer.headers.get("vary") == (None if sent == "*" else "Origin")
    assert [request.get("origin") for request in web.requests].count("https://app.example") == bool(
        origin and sent != "*"
    )
