"""The lab's app believes nobody: its logout tokens and its ID tokens have to be right in all that they say."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.kit.logout_tokens import EVENT
from tests.kit.tokens import id_claims, jwks, sign

from . import id_tokens
from .clients import WEB
from .network import Network
from .proofs import half_hash
from .rp import App, SignedIn, running_app

ISSUER = "https://login.example/acme"


@pytest.fixture
async def app(network: Network) -> AsyncIterator[App]:
    """An app with two sessions of alice's and one of bob's, at an issuer that publishes a key."""
    metadata = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}

    async def configuration(_: Any) -> JSONResponse:
        return JSONResponse(metadata)

    async def keys(_: Any) -> JSONResponse:
        return JSONResponse(jwks("RS256"))

    routes = [Route("/acme/.well-known/openid-configuration", configuration), Route("/acme/keys", keys)]
    network.route("login.example", httpx2.ASGITransport(app=Starlette(routes=routes)))
    async with running_app(WEB, ISSUER, network) as app:
        for sub, sid in (("alice", "s-1"), ("alice", "s-2"), ("bob", "s-3")):
            app.sessions[sid] = SignedIn({"sub": sub, "sid": sid}, {})
        yield app


def logout_claims(**changes: Any) -> dict[str, Any]:
    """The claims of a logout token for alice's session s-1; a change to None leaves the claim out."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "web", "iat": now, "exp": now + 120, "jti": secrets.token_hex(16)}
    claims |= {"events": {EVENT: {}}, "sub": "alice", "sid": "s-1", **changes}
    return {name: value for name, value in claims.items() if value is not None}


async def post(app: App, token: str) -> int:
    """Send a logout token as the gateway does, to a port of this machine; the status."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.post(app.backchannel_logout_uri, data={"logout_token": token})).status_code


@pytest.mark.parametrize(("sid", "left"), [("s-1", {"s-2", "s-3"}), (None, {"s-3"})])
async def test_a_logout_token_ends_what_it_names(app: App, sid: str | None, left: set[str]) -> None:
    """One with a sid ends that session, and one without all of the user's."""
    token = sign(logout_claims(sid=sid), header={"typ": "logout+jwt"})
    assert await post(app, token) == 200
    assert set(app.sessions) == left
    assert app.logout_tokens == [token]


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"iss": "https://other.example"}, {}),
        ({"aud": "shop"}, {}),
        ({"nonce": "n"}, {}),
        ({"events": {}}, {}),
        ({"sub": None, "sid": None}, {}),
        ({"exp": 1}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"kid": "another"}),
    ],
)
async def test_a_wrong_logout_token_is_refused(app: App, changes: dict[str, Any], header: dict[str, str]) -> None:
    """It gets a 400, all sessions stay, and the test can see why."""
    token = sign(logout_claims(**changes), header={"typ": "logout+jwt", **header})
    assert await post(app, token) == 400
    assert (len(app.sessions), len(app.refused_logout_tokens), app.logout_tokens) == (3, 1, [])


def checked(token: str, **more: Any) -> dict[str, Any]:
    """What the app makes of an ID token."""
    return id_tokens.id_token(token, jwks("RS256"), issuer=ISSUER, audience="web", **more)


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://other.example"}, {"aud": []}, {"aud": "shop"}, {"azp": "shop"}, {"exp": 1}, {"nonce": "other"}],
)
def test_a_wrong_id_token_is_refused(changes: dict[str, Any]) -> None:
    """Issuer, audience, authorized party, time and nonce are looked at; the same token without the change is good."""
    assert checked(sign(id_claims(nonce="n")), nonce="n")["sub"] == "alice"
    with pytest.raises(AssertionError):
        checked(sign(id_claims(**{"nonce": "n", **changes})), nonce="n")


def test_an_id_token_is_bound_to_its_code_and_access_token() -> None:
    """A hash of another one is refused, and so is a key that is not published."""
    token = sign(id_claims(at_hash=half_hash("a"), c_hash=half_hash("c")))
    assert checked(token, access_token="a", code="c")
    for wrong in ({"access_token": "b"}, {"code": "d"}):
        with pytest.raises(AssertionError):
            checked(token, **wrong)
    with pytest.raises((JoseError, ValueError)):
        checked(sign(id_claims(), kid="another"))
