"""A hint that acts alone, at the endpoints: how old it may be, whose it is, and where it is served at all (T4, T31)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.deployment import CONFIGURATION, TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import AUTHPI, HTML, JSON, PING, PLAIN, asks, both_methods, log_out
from tests.kit.tokens import SECRET, id_token, jwks

DAY = 86_400


def aged(days: float, **changes: Any) -> str:
    """An ID token of that age, which expired long ago."""
    now = int(time.time())
    issued = now - int(days * DAY)
    return id_token(iat=issued, exp=issued + 3600, **changes)


# Its age


@both_methods
async def test_a_year_old_id_token_ends_nothing_alone(gateway: Deployment, method: str) -> None:
    """From another machine, or as an image on any page: a refusal, and the session stays."""
    await gateway.register()
    response = await log_out(gateway, method, AUTHPI, accept="image/avif,image/webp,*/*", id_token_hint=aged(365))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
    assert await gateway.state_of() == "live"


@both_methods
async def test_the_cookie_confirms_a_hint_of_any_age(gateway: Deployment, method: str) -> None:
    """In the user's own browser the same token logs out."""
    await gateway.register()
    hint = aged(365)
    response = await log_out(gateway, method, AUTHPI, cookie=cookie_of(), id_token_hint=hint)
    assert response.status_code == 200
    assert await gateway.state_of() == "ended"


async def test_where_no_sessions_are_registered_it_is_bounded_as_well(tmp_path: Path) -> None:
    """`participants = "all"`: an unknown session may well be live, so its hints would be good without end."""
    async with deploy(tmp_path, {"issuers": {"acme": {"participants": "all"}}}) as gateway:
        assert (await gateway.get(AUTHPI, {"id_token_hint": aged(31)})).status_code == 401
        assert (await gateway.get(AUTHPI, {"id_token_hint": aged(29)})).status_code == 200


@both_methods
async def test_it_does_not_override_the_browsers_own_session(gateway: Deployment, method: str) -> None:
    """AuthPI: the browser is signed in to one session and sends the hint of another. Both stay."""
    await gateway.register()
    await gateway.register("s-2")
    hint = id_token(sid="s-2")
    response = await log_out(gateway, method, AUTHPI, cookie=cookie_of(), id_token_hint=hint)
    assert response.status_code == 403
    assert [await gateway.state_of(sid) for sid in ("s-alice", "s-2")] == ["live", "live"]


# A hint that its client has signed itself


def own_hint(**changes: Any) -> str:
    """A hint that anyone who knows the client's secret can make."""
    return id_token("HS256", **{"aud": "hmac", **changes})


@both_methods
@pytest.mark.parametrize(
    ("path", "expected"), [(AUTHPI, ("error", "invalid_token")), (PLAIN, ("status", "nothing_to_end"))]
)
async def test_a_clients_own_hint_ends_nothing_alone(
    gateway: Deployment, method: str, path: str, expected: tuple[str, str]
) -> None:
    """Also of a session in which the client takes part, with and without `sid`."""
    await gateway.register(clients=[{"client_id": "hmac"}, {"client_id": "web"}])
    for sid in ("s-alice", None):
        response = await log_out(gateway, method, path, accept=JSON, id_token_hint=own_hint(sid=sid))
        assert expected in response.json().items()
        assert await gateway.state_of() == "live"


@both_methods
@pytest.mark.parametrize("path", [AUTHPI, PLAIN])
@pytest.mark.parametrize("sid", ["s-alice", None])
async def test_with_the_cookie_it_ends_the_browsers_session(
    gateway: Deployment, method: str, path: str, sid: str | None
) -> None:
    """In which its client takes part."""
    await gateway.register(clients=[{"client_id": "hmac"}, {"client_id": "web"}])
    response = await log_out(gateway, method, path, cookie=cookie_of(), id_token_hint=own_hint(sid=sid))
    assert response.status_code == 200
    assert await gateway.state_of() == "ended"


@both_methods
@pytest.mark.parametrize("sid", ["s-alice", None])
async def test_a_client_that_takes_no_part_ends_nothing_unasked(
    gateway: Deployment, method: str, sid: str | None
) -> None:
    """A link on its page is a question at the plain endpoint, and refused at AuthPI's."""
    await gateway.register()
    hint = own_hint(sid=sid)
    assert asks(await log_out(gateway, method, PLAIN, cookie=cookie_of(), accept=HTML, id_token_hint=hint))
    refused = await log_out(gateway, method, AUTHPI, cookie=cookie_of(), id_token_hint=hint)
    assert refused.status_code in (401, 403)
    assert await gateway.state_of() == "live"


async def test_it_does_not_tell_whether_a_session_is_there(gateway: Deployment) -> None:
    """A live session, an ended one and none at all: one answer to a client that takes no part in any (T24)."""
    await gateway.register()
    await gateway.register("s-over")
    await gateway.send("DELETE", "/acme/sessions/s-over", token=TOKEN)
    answers = set()
    for sid in ("s-alice", "s-over", "s-none"):
        for path in (AUTHPI, PLAIN):
            response = await gateway.get(path, {"id_token_hint": own_hint(sid=sid)}, accept=JSON)
            answers.add((response.status_code, response.text))
    assert answers == {(200, '{"status":"nothing_to_end"}')}


async def test_a_parked_hint_of_a_clients_own_is_still_one(gateway: Deployment) -> None:
    """A form of another site comes back by GET, with a sealed handle in the place of the hint."""
    await gateway.register(clients=[{"client_id": "hmac"}])
    parked = await gateway.post(AUTHPI, {"id_token_hint": own_hint()}, accept=HTML)
    assert parked.status_code == 303
    response = await gateway.get(parked.headers["location"], accept=HTML)
    assert response.status_code == 401
    assert await gateway.state_of() == "live"


async def test_where_no_sessions_are_registered_a_clients_own_hint_names_none(tmp_path: Path) -> None:
    """Nobody knows there who takes part in what."""
    async with deploy(tmp_path, {"issuers": {"acme": {"participants": "all"}}}) as gateway:
        response = await gateway.get(AUTHPI, {"id_token_hint": own_hint()}, accept=JSON)
        assert response.json() == {"status": "nothing_to_end"}
        assert await gateway.rows("SELECT sid FROM sessions") == []


# clients:write is not sessions:write

REGISTRAR = "a-registrar's-token"


@pytest.fixture
async def registrar(tmp_path: Path) -> AsyncIterator[Deployment]:
    """A deployment with a token that may register clients, and nothing else."""
    token = {
        "name": "registrar",
        "sha256": hashlib.sha256(REGISTRAR.encode()).hexdigest(),
        "issuers": ["acme"],
        "scopes": ["clients:read", "clients:write"],
    }
    tokens = [*CONFIGURATION["management"]["tokens"], token]
    async with deploy(tmp_path, {"management": {"tokens": tokens}}) as deployment:
        yield deployment


async def put(gateway: Deployment, client_id: str, token: str = REGISTRAR, **metadata: Any) -> int:
    """Register a client; the status."""
    path = f"/acme/clients?client_id={client_id}"
    response = await gateway.send("PUT", path, json=metadata, token=token)
    if response.status_code == 403:
        assert response.json()["error"] == "insufficient_scope"
        assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
    return response.status_code


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
async def test_a_registrar_registers_nobody_who_signs_hints(registrar: Deployment, alg: str) -> None:
    """With a secret of one's own one makes hints, so that registration needs `sessions:write` as well."""
    own = {"client_secret": "s" * 64, "id_token_signed_response_alg": alg}
    assert await put(registrar, "mine", **own) == 403
    assert (await registrar.get("/acme/clients?client_id=mine", token=TOKEN)).status_code == 404
    assert await put(registrar, "mine", TOKEN, **own) == 201


async def test_nor_takes_over_a_client_that_users_are_signed_in_to(registrar: Deployment) -> None:
    """Put in the place of an app of alice's session, with a known secret, a hint of its own would end the session."""
    assert await put(registrar, "app") == 201
    await registrar.register(clients=[{"client_id": "app"}])
    assert await put(registrar, "app", client_secret=SECRET, id_token_signed_response_alg="HS256") == 403
    hint = id_token("HS256", aud="app")
    assert (await registrar.get(AUTHPI, {"id_token_hint": hint}, cookie=cookie_of())).status_code == 401
    assert await registrar.state_of() == "live"


async def test_nor_are_keys_of_a_client_any_that_verify_hints(registrar: Deployment) -> None:
    """A client's JWK Set is what tokens are encrypted to. Hints are verified with the provider's keys alone."""
    await registrar.register()
    assert await put(registrar, "mine", jwks=jwks("RS256", kid="mine")) == 201
    hint = id_token(kid="mine", aud="mine")
    assert (await registrar.get(AUTHPI, {"id_token_hint": hint})).status_code == 401
    assert await registrar.state_of() == "live"


# Which endpoints an issuer serves


@both_methods
async def test_an_issuer_serves_what_it_names(tmp_path: Path, method: str) -> None:
    """The others answer 404, whatever is sent; nothing ends."""
    async with deploy(tmp_path, {"issuers": {"acme": {"endpoints": ["end-session"]}}}) as gateway:
        await gateway.register()
        for path in (AUTHPI, PING):
            response = await log_out(gateway, method, path, accept=JSON, cookie=cookie_of(), id_token_hint=id_token())
            assert response.status_code == 404
            assert "This issuer does not serve this endpoint." in response.text
        assert await gateway.state_of() == "live"
        response = await log_out(gateway, method, "/globex/logout", id_token_hint=id_token())
        assert response.status_code == 401  # another issuer's, which has not named any
        response = await log_out(gateway, method, PLAIN, cookie=cookie_of(), id_token_hint=id_token())
        assert response.status_code == 200
        assert await gateway.state_of() == "ended"


async def test_without_the_plain_endpoint(tmp_path: Path) -> None:
    """Discovery announces what is served, and an error page leads nowhere else."""
    table = {"endpoints": ["authpi", "pingfederate"], "announce": "pingfederate"}
    async with deploy(tmp_path, {"issuers": {"acme": table}}) as gateway:
        found = (await gateway.get("/acme/.well-known/openid-configuration")).json()
        assert found["end_session_endpoint"] == "https://login.example" + PING
        assert (await gateway.get(PLAIN, cookie=cookie_of())).status_code == 404
        page = await gateway.get(PING, {"id_token_hint": "x" * 40_000}, accept=HTML)
        assert "/acme/end-session" not in page.text


async def test_under_strict_a_hint_acts_alone_only_where_it_is_named(tmp_path: Path) -> None:
    """`preset = "strict"` leaves AuthPI's endpoint out; `endpoints` puts it in."""
    strict: dict[str, Any] = {"preset": "strict"}
    async with deploy(tmp_path, {"issuers": {"acme": strict}}) as gateway:
        await gateway.register()
        assert (await gateway.get(AUTHPI, {"id_token_hint": id_token()})).status_code == 404
        assert await gateway.state_of() == "live"
        assert (await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of())).status_code == 200
    named = strict | {"endpoints": ["end-session", "authpi"]}
    async with deploy(tmp_path, {"issuers": {"acme": named}}) as gateway:
        await gateway.register("s-2")
        assert (await gateway.get(AUTHPI, {"id_token_hint": id_token(sid="s-2")})).status_code == 200


async def test_explain_says_that_an_endpoint_is_not_served(tmp_path: Path) -> None:
    """An explanation of what nobody can ask would mislead."""
    async with deploy(tmp_path, {"issuers": {"acme": {"endpoints": ["end-session"]}}}) as gateway:
        question = {"endpoint": "/{issuer_id}/logout", "id_token_hint": id_token()}
        response = await gateway.send("POST", "/acme/logout/explain", json=question, token=TOKEN)
        assert response.status_code == 400
        assert response.json()["error_description"] == "This issuer does not serve the endpoint."
