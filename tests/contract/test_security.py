"""Bearer tokens of management operations: asked for by the document, scoped, and within the token's issuers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from endsession.contract.app import build
from endsession.management.wrong_tokens import WrongTokens
from endsession.protocol.errors import RateLimited
from endsession.runtime.app import MANAGEMENT_TAGS, PUBLIC_TAGS, application
from tests.kit.deployment import CONFIGURATION, DOCUMENT, READER, TOKEN, Deployment, deploy
from tests.kit.logs import whole_log
from tests.kit.raw import Answer, ask
from tests.kit.tokens import id_token

SESSION = "/acme/sessions/s-1"
SCOPES = ("sessions:read", "sessions:write", "deliveries:read", "deliveries:write", "clients:read", "clients:write")
OPERATIONS = [
    pytest.param(method.upper(), path, item[method], id=item[method]["operationId"])
    for path, item in DOCUMENT.raw["paths"].items()
    for method in ("get", "put", "post", "delete")
    if "security" in item.get(method, {})
]
BODIES = {
    "putSession": {"sub": "alice"},
    "joinSession": {"client_id": "web"},
    "hydraToken": {"session": {}},
    "registerIdToken": {"id_token": id_token()},
    "putClient": {"client_name": "An App"},
    "explainLogout": {},
}


def token_for(scope: str) -> str:
    """A token of acme's with that scope and no other."""
    return f"only {scope}".replace(" ", "-")


@pytest.fixture(scope="module")
async def scoped(tmp_path_factory: pytest.TempPathFactory, backend: str) -> AsyncIterator[Deployment]:
    """A deployment with one token for each scope."""
    tokens = [
        {
            "name": scope,
            "sha256": hashlib.sha256(token_for(scope).encode()).hexdigest(),
            "issuers": ["acme"],
            "scopes": [scope],
        }
        for scope in SCOPES
    ]
    every = [*CONFIGURATION["management"]["tokens"], *tokens]
    async with deploy(tmp_path_factory.mktemp("scoped"), {"management": {"tokens": every}}) as deployment:
        yield deployment


async def call(
    app: ASGIApp, method: str, path: str, operation: dict[str, Any], token: str | None, issuer: str = "acme"
) -> Answer:
    """A request that fits the operation."""
    target = path.replace("{issuer_id}", issuer).replace("{sid}", "s-1").replace("{delivery_id}", "0abc")
    required = {"deleteSessions": "?sub=alice", "putClient": "?client_id=new", "deleteClient": "?client_id=new"}
    body = BODIES.get(operation["operationId"])
    headers = [("content-type", "application/json")] if body is not None else []
    return await ask(
        app,
        method,
        target + required.get(operation["operationId"], ""),
        headers=headers,
        body=json.dumps(body).encode() if body is not None else b"",
        token=token,
    )


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
async def test_every_management_operation_is_held_to_its_scope(
    scoped: Deployment, method: str, path: str, operation: dict[str, Any]
) -> None:
    """401 without a token, 403 with any token that has not the scope, and the operation's own answer with it."""
    nobody = await call(scoped.app, method, path, operation, None)
    assert nobody.status == 401
    assert nobody.header("www-authenticate") == 'Bearer error="invalid_token"'
    for scope in SCOPES:
        answer = await call(scoped.app, method, path, operation, token_for(scope))
        if scope == operation["x-scope"]:
            assert answer.status in (200, 201, 204, 404, 409), scope
        else:
            assert answer.status == 403, scope
            assert answer.header("www-authenticate") == 'Bearer error="insufficient_scope"'
            assert json.loads(answer.body)["error"] == "insufficient_scope"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
@pytest.mark.parametrize("issuer", ["globex", "nobody"])
async def test_an_issuer_out_of_reach_does_not_exist(
    scoped: Deployment, method: str, path: str, operation: dict[str, Any], issuer: str
) -> None:
    """T31: across issuers it is 404, the same whether there is such an issuer or not."""
    answer = await call(scoped.app, method, path, operation, token_for(operation["x-scope"]), issuer)
    assert answer.status == 404
    assert json.loads(answer.body) == {"error": "not_found", "error_description": "There is no such issuer."}


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer{TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer x{TOKEN}",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        f"Bearer {TOKEN} {TOKEN}",
        f"Token {TOKEN}",
        TOKEN,
        "Bearer \xff\xfe",
        "Bearer " + "x" * 10_000,
    ],
)
async def test_what_is_no_token_is_a_401(shared: Deployment, authorization: str) -> None:
    """Another scheme, another token, a token and a half."""
    answer = await ask(shared.app, "GET", SESSION, headers=[("authorization", authorization)])
    assert answer.status == 401
    assert json.loads(answer.body)["error"] == "invalid_token"


@pytest.mark.usefixtures("backend")
async def test_wrong_tokens_are_slowed_and_logged(tmp_path: Path, everything_logged: pytest.LogCaptureFixture) -> None:
    """T31: after a few, any token from that address is refused unread, and the log has the address alone."""
    async with deploy(tmp_path, {"limits": {"wrong_tokens_per_address": "3/minute"}}) as gateway:
        answers = [await ask(gateway.app, "GET", SESSION, token=f"s3cret-guess-{number}") for number in range(5)]
        assert [answer.status for answer in answers] == [401, 401, 401, 429, 429]
        assert 1 <= int(answers[-1].header("retry-after") or 0) <= 61
        assert (await ask(gateway.app, "GET", SESSION, token=TOKEN)).status == 429
        assert (await ask(gateway.app, "GET", SESSION)).status == 401
        assert "management token refused: unknown token (token 'unknown', address 192.0.2.7)" in everything_logged.text
        assert "s3cret-guess" not in whole_log(everything_logged)
        proxied = [("x-forwarded-for", "203.0.113.9")]  # of a peer that is no proxy
        assert (await ask(gateway.app, "GET", SESSION, token=TOKEN, headers=proxied)).status == 429


@pytest.mark.usefixtures("backend")
async def test_nobody_locks_the_owner_of_a_token_out(tmp_path: Path) -> None:
    """A token that was right from an address goes on to be, though others guess from there; no other token does."""
    async with deploy(tmp_path, {"limits": {"wrong_tokens_per_address": "3/minute"}}) as gateway:
        assert (await ask(gateway.app, "GET", SESSION, token=TOKEN)).status == 404
        for number in range(5):
            await ask(gateway.app, "GET", SESSION, token=f"guess-{number}")
        assert (await ask(gateway.app, "GET", SESSION, token=TOKEN)).status == 404
        assert (await ask(gateway.app, "GET", SESSION, token=READER)).status == 429


def test_the_slowness_ends() -> None:
    """With the window of the limit, and only at the address itself."""
    now = 0.0
    wrong = WrongTokens("2/minute", lambda: now)
    for _ in range(2):
        wrong.check("192.0.2.1", "a")
        wrong.wrong("192.0.2.1")
    with pytest.raises(RateLimited):
        wrong.check("192.0.2.1", "b")
    wrong.check("192.0.2.2", "b")
    now = 60.0
    wrong.check("192.0.2.1", "b")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_written_in_any_case(shared: Deployment, scheme: str) -> None:
    """RFC 9110, section 11.1."""
    answer = await ask(shared.app, "GET", SESSION, headers=[("authorization", f"{scheme} {TOKEN}")])
    assert answer.status == 404


async def test_a_token_elsewhere_is_no_token(shared: Deployment) -> None:
    """Neither the query nor a cookie nor a form carries it: those end up in logs and come from other sites."""
    for target, headers in (
        (f"{SESSION}?access_token={TOKEN}", []),
        (SESSION, [("cookie", f"access_token={TOKEN}; Authorization=Bearer {TOKEN}")]),
    ):
        assert (await ask(shared.app, "GET", target, headers=headers)).status == 401


async def test_nothing_is_read_for_a_stranger(shared: Deployment) -> None:
    """Without a token neither the size nor the form of a body matters: 401 before all of it."""
    for body in (b"x" * 200_000, b"{", b""):
        assert (await ask(shared.app, "PUT", SESSION, body=body)).status == 401
    assert (await ask(shared.app, "GET", f"/acme/sessions/{'x' * 500}")).status == 401


async def test_a_reader_of_all_issuers_reads_everywhere_and_writes_nowhere(shared: Deployment) -> None:
    """`issuers = ["*"]` reaches every issuer, within its scopes."""
    for issuer in ("acme", "globex", "blind"):
        assert (await ask(shared.app, "GET", f"/{issuer}/sessions", token=READER)).status == 200
        assert (await ask(shared.app, "DELETE", f"/{issuer}/sessions/s", token=READER)).status == 403


async def test_a_failing_check_of_tokens_is_a_500_without_detail(shared: Deployment) -> None:
    """What breaks between routing and the operation is answered like any other failure."""

    class Broken(dict[str, Any]):
        def get(self, *_: object) -> Any:
            raise RuntimeError("a-detail-of-the-inside")

    tokens = replace(shared.gateway.management, callers=Broken())
    broken = build(DOCUMENT, replace(shared.gateway, management=tokens))
    answer = await ask(broken, "GET", SESSION, token=TOKEN)
    assert answer.status == 500
    assert answer.text == '{"error":"server_error","error_description":"The service could not complete the request."}'


# Two listeners


@pytest.mark.parametrize(
    ("tags", "served", "not_served"),
    [
        (PUBLIC_TAGS, ["/acme/logout", "/acme/jwks.json", "/healthz", "/openapi.json"], [SESSION, "/acme/deliveries"]),
        (
            MANAGEMENT_TAGS,
            [SESSION, "/acme/deliveries", "/acme/clients", "/healthz"],
            ["/acme/logout", "/acme/jwks.json"],
        ),
    ],
)
@pytest.mark.usefixtures("backend")
async def test_a_listener_serves_its_tags_only(
    tmp_path: Path, tags: tuple[str, ...], served: list[str], not_served: list[str]
) -> None:
    """With a listener of its own, management cannot be reached from where browsers come, nor the other way."""
    async with deploy(tmp_path) as gateway:
        app = application(gateway.gateway, gateway.settings, tags)
        for path in served:
            assert (await ask(app, "GET", path, token=TOKEN)).status != 405
            missing = await ask(app, "GET", path, token=TOKEN)
            assert missing.status != 404 or "session" in missing.text
        for path in not_served:
            for method in ("GET", "POST", "PUT", "DELETE"):
                assert (await ask(app, method, path, token=TOKEN)).status == 404


@pytest.mark.usefixtures("backend")
async def test_allow_of_a_listener_is_its_own(tmp_path: Path) -> None:
    """A path whose methods are divided between listeners promises at each one what is served there."""
    async with deploy(tmp_path) as gateway:
        public = application(gateway.gateway, gateway.settings, PUBLIC_TAGS)
        assert (await ask(public, "PATCH", "/acme/logout")).header("allow") == "GET, HEAD, POST"
