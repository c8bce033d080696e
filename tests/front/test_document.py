"""What `/openapi.json` says of fronted paths, and that it is so."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator

from endsession.contract.document import METHODS, Document, checked_document
from endsession.front import incoming, upstream
from endsession.front.document import with_fronts
from endsession.front.endpoints import Endpoint, Kind
from endsession.runtime import fronts as wiring
from tests.kit.deployment import DOCUMENT, deploy
from tests.kit.fronted import serving
from tests.kit.ports import free_port
from tests.lab.serving import listening
from tooling.documents import FRONTED, fronted_document

from .documented import Seen, documented
from .people import Person, refresh, sign_in, without_jar
from .scripted import ISSUER, ScriptedProvider, only_acme
from .standing import LEARN, OAUTH, OPENID, PASSED, Standing, key_of, standing_gateway

ONCE = pytest.mark.sqlite_alone("answers are documented whatever stores sessions")


def told(document: Document) -> dict[str, dict[str, list[str]]]:
    """The statuses of each operation of each fronted path."""
    return {
        path: {method: list(item[method]["responses"]) for method in METHODS if method in item}
        for path, item in document.raw["paths"].items()
        if "x-front" in item
    }


def test_every_kind_has_a_path_item() -> None:
    """With the methods of its protocol, and no kind is forgotten."""
    found = told(fronted_document(DOCUMENT))
    assert set(FRONTED) == set(get_args(Kind)) - {"unknown"}
    assert {kind: list(found[key_of(path)]) for kind, path in FRONTED.items()} == {
        "discovery": ["get", "options"],
        "jwks": ["get", "options"],
        "authorization": ["get", "post"],
        "token": ["post"],
        "par": ["post"],
        "logout": ["get", "post"],
        "introspection": ["post"],
        "userinfo": ["get", "post"],
        "revocation": ["post"],
        "redirect": ["get", "post"],
    }
    assert found["/token"]["post"] == ["200", "400", "408", "413", "502", "503", "504", "default"]
    assert all("default" in statuses for path in PASSED.values() for statuses in found[key_of(path)].values())


def test_the_document_with_fronts_is_valid() -> None:
    """OpenAPI 3.0, by a validator that knows nothing of us, and by the rules that we hold our own paths to."""
    document = fronted_document(DOCUMENT)
    assert list(OpenAPIV30SpecValidator(dict(document.raw)).iter_errors()) == []
    checked_document(document.raw)
    assert {tag["name"] for tag in document.raw["tags"]} >= {"front"}
    assert document.endpoints == DOCUMENT.endpoints


def endpoint(kind: Kind, host: str = "login.example", path: str = "/token", issuer_id: str = "acme") -> Endpoint:
    """A fronted endpoint."""
    return Endpoint(issuer_id, kind, "https", host, path)


def test_another_host_is_named() -> None:
    """A path of the public URL needs no server; one of another host, port or path prefix does."""
    for public_url, servers in (
        ("https://login.example", None),
        ("https://Login.example:443/", None),
        ("https://login.example/sso", [{"url": "https://login.example"}]),
        ("https://other.example", [{"url": "https://login.example"}]),
    ):
        item = with_fronts(DOCUMENT, [endpoint("token")], public_url).raw["paths"]["/token"]
        assert item.get("servers") == servers


def test_providers_of_two_hosts_share_a_path() -> None:
    """OpenAPI has one item for a path: it names both servers, and has the answers of both."""
    both = [endpoint("authorization"), endpoint("userinfo", "op.globex.example", issuer_id="globex")]
    document = with_fronts(DOCUMENT, both, ISSUER)
    item = document.raw["paths"]["/token"]
    assert item["servers"] == [{"url": ISSUER}, {"url": "https://op.globex.example"}]
    assert item["x-front"] == [
        {"issuer": "acme", "endpoint": "authorization"},
        {"issuer": "globex", "endpoint": "userinfo"},
    ]
    failures = {"400", "408", "413", "502", "503", "504"}
    assert set(item["get"]["responses"]) == {"200", "302", "303", "401", "default"} | failures
    assert set(item["get"]["responses"]["502"]["content"]) == {"text/html", "application/json"}
    checked_document(document.raw)


def test_our_own_paths_stay_ours() -> None:
    """Whatever a provider on another host has there. Of two endpoints at one URL the first counts, as in routing."""
    found = with_fronts(DOCUMENT, [endpoint("token", "op.example", "/healthz")], ISSUER)
    assert found is DOCUMENT
    clash = with_fronts(DOCUMENT, [endpoint("token"), endpoint("par")], ISSUER)
    assert clash.raw["paths"]["/token"]["x-front"] == [{"issuer": "acme", "endpoint": "token"}]


def test_operations_have_names_of_their_own() -> None:
    """Issuers that differ in what a name cannot have, and URLs of one kind, are numbered."""
    endpoints = [endpoint("token", path=f"/{issuer_id}/t", issuer_id=issuer_id) for issuer_id in ("a-b", "a_b")]
    document = with_fronts(DOCUMENT, endpoints, ISSUER)
    names = [item["post"]["operationId"] for item in document.raw["paths"].values() if "x-front" in item]
    assert names == ["frontABTokenPost", "frontABTokenPost2"]


@ONCE
async def test_it_is_served_as_soon_as_endpoints_are_known(tmp_path: Path) -> None:
    """As JSON and as YAML; what is routed has no such paths."""
    async with standing_gateway(tmp_path) as standing:
        served = (await standing.gateway.get("/openapi.json")).json()
        assert served == yaml.safe_load((await standing.gateway.get("/openapi.yaml")).text)
        fronted = {path for path, item in served["paths"].items() if "x-front" in item}
        assert fronted == {key_of(path) for path in FRONTED.values()} | {OAUTH}
        assert list(OpenAPIV30SpecValidator(served).iter_errors()) == []
        assert not fronted & set(standing.gateway.gateway.document.raw["paths"])


@ONCE
async def test_before_endpoints_are_known(tmp_path: Path) -> None:
    """The metadata's own URLs are all that there is, and what they answer is documented."""
    async with deploy(tmp_path, only_acme(free_port())) as gateway:
        served = (await gateway.get("/openapi.json")).json()
        assert {path for path, item in served["paths"].items() if "x-front" in item} == {OPENID, OAUTH}
        refused = await gateway.get(OPENID)
        seen = Seen(refused.status_code, refused.headers.raw, refused.content)
        assert seen.status == 503
        assert documented(gateway.gateway.served_document(), OPENID, "GET", seen)


async def added(standing: Standing, slow: Standing, path: str, method: str) -> dict[int, Seen]:
    """What the front says itself at an endpoint that passes requests on, by status; `slow` has little patience."""
    answers = [
        await standing.ask(method, path, "Content-Length: 99999999"),
        await standing.ask(method, path, "Content-Length: 5", body=b"a"),
        await standing.ask(method, path, "Authorization: a", "Authorization: b"),
        await slow.ask(method, path),
    ]
    standing.moody.says = b"SSH-2.0-OpenSSH_9.2\r\n\r\n"
    answers.append(await standing.ask(method, path))
    standing.moody.says = None
    async with standing.while_busy(path, method):
        answers.append(await standing.ask(method, path))
    return {seen.status: seen for seen in answers}


@ONCE
async def test_each_failure_occurs_and_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large, too late, a provider that is slow, broken, busy: at each endpoint, in the form that is documented."""
    monkeypatch.setattr(wiring, "CONNECTIONS", 1)
    monkeypatch.setattr(upstream, "QUEUE", 0.05)
    monkeypatch.setattr(incoming, "BODY_WITHIN", 0.05)
    (tmp_path / "slow").mkdir()
    async with standing_gateway(tmp_path) as standing, standing_gateway(tmp_path / "slow", seconds=0.1) as slow:
        slow.moody.says = None
        for kind, path in PASSED.items():
            item = standing.document.raw["paths"][key_of(path)]
            for method in (method.upper() for method in METHODS if method in item):
                answers = await added(standing, slow, path, method)
                assert set(answers) == {400, 408, 413, 502, 503, 504}, kind
                for seen in answers.values():
                    assert documented(standing.document, key_of(path), method, seen), (kind, method, seen)
                listed = {int(status) for status in item[method.lower()]["responses"] if status.isdigit()}
                own = {"userinfo": {401}}.get(kind, set())
                assert {status for status in listed if status >= 400} == set(answers) | own


@ONCE
async def test_an_app_gets_the_failure_by_a_documented_redirect(tmp_path: Path) -> None:
    """Where its redirect URI is registered, instead of the page."""
    async with standing_gateway(tmp_path) as standing:
        asked = "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fweb.example%2Fcallback"
        seen = await standing.ask("GET", f"/authorize?{asked}")
        assert seen.status == 303
        assert "error=temporarily_unavailable" in str(seen.header("location"))
        assert documented(standing.document, "/authorize", "GET", seen)


@ONCE
async def test_each_answer_of_documents_occurs_and_is_documented(tmp_path: Path) -> None:
    """The metadata and the keys: read, still right, not there, not to be written, never known; and preflights."""
    async with standing_gateway(tmp_path, keys=False) as standing:
        right = f"If-None-Match: {(await standing.ask('GET', OPENID)).header('etag')}"
        seen = {
            ("GET", OPENID): {200: await standing.ask("GET", OPENID), 304: await standing.ask("GET", OPENID, right)},
            ("GET", OAUTH): {404: await standing.ask("GET", OAUTH)},
            ("POST", OPENID): {405: await standing.ask("POST", OPENID)},
            ("GET", "/certs"): {503: await standing.ask("GET", "/certs")},
            ("POST", "/certs"): {405: await standing.ask("POST", "/certs")},
            ("OPTIONS", "/certs"): {502: await standing.ask("OPTIONS", "/certs")},
        }
        for (method, path), answers in seen.items():
            for status, answer in answers.items():
                assert answer.status == status, (method, path)
                assert documented(standing.document, path, method, answer), (method, path, answer)


@ONCE
async def test_each_answer_about_an_ended_session_occurs_and_is_documented(tmp_path: Path) -> None:
    """A refresh token, an access token at userinfo, and what introspection says instead of the provider."""
    async with listening(ScriptedProvider().asgi) as port, deploy(tmp_path, only_acme(port, learn=LEARN)) as gateway:
        async with serving(gateway.app) as (host, own_port), without_jar(f"http://{host}:{own_port}") as http:
            alice = Person("alice")
            tokens = await sign_in(http, alice)
            hint = {"id_token_hint": tokens["id_token"]}
            left = await http.get("/bye", params=hint, headers=alice.cookie_header)
            bearer = {"authorization": f"Bearer {tokens['access_token']}"}
            answers = {
                ("/bye", "GET"): (200, left),
                ("/token", "POST"): (400, await refresh(http, "web", tokens["refresh_token"])),
                ("/userinfo", "GET"): (401, await http.get("/userinfo", headers=bearer)),
                ("/userinfo", "POST"): (401, await http.post("/userinfo", headers=bearer)),
                ("/introspect", "POST"): (
                    200,
                    await http.post("/introspect", data={"token": tokens["access_token"]}),
                ),
            }
        document = gateway.gateway.served_document()
    for (path, method), (status, answer) in answers.items():
        seen = Seen(answer.status_code, answer.headers.raw, answer.content)
        assert seen.status == status, (path, answer.text)
        assert documented(document, path, method, seen), (path, seen)
    assert answers["/introspect", "POST"][1].json() == {"active": False}
