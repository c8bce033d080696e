"""PingFederate's endpoint, as its vendor documents it."""

from pathlib import Path

import pytest

from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.flow import HTML, PING, answer, asks, both_methods, clears_cookie, log_out
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"


@both_methods
async def test_without_a_hint_the_user_is_asked(gateway: Deployment, method: str) -> None:
    """No hint: a question page, and the session stays."""
    await gateway.register()
    response = await log_out(gateway, method, PING, cookie=cookie_of())
    assert asks(response)
    assert await gateway.state_of() == "live"
    assert not clears_cookie(response)


@both_methods
async def test_a_hint_of_the_session_redirects_with_state(gateway: Deployment, method: str) -> None:
    """303 to exactly the registered URI with `state`; the session has ended and the cookie cleared."""
    await gateway.register()
    response = await log_out(
        gateway,
        method,
        PING,
        cookie=cookie_of(),
        id_token_hint=id_token(),
        post_logout_redirect_uri=SIGNED_OUT,
        state="a b/ü",
    )
    assert response.status_code == 303
    assert response.headers["location"] == SIGNED_OUT + "?state=a%20b%2F%C3%BC"
    assert await gateway.state_of() == "ended"
    assert clears_cookie(response)


@both_methods
async def test_no_state_is_added_unless_it_was_given(gateway: Deployment, method: str) -> None:
    """`state` appears in the redirect if and only if it was in the request; an empty one counts as absent."""
    await gateway.register()
    response = await log_out(
        gateway,
        method,
        PING,
        cookie=cookie_of(),
        id_token_hint=id_token(),
        post_logout_redirect_uri="https://app.example/bye?x=1",
        state="",
    )
    assert response.headers["location"] == "https://app.example/bye?x=1"


@both_methods
async def test_an_unregistered_uri_is_ignored(gateway: Deployment, method: str) -> None:
    """The session ends, a local page shows, nothing redirects, and `state` is not echoed."""
    await gateway.register()
    response = await log_out(
        gateway,
        method,
        PING,
        cookie=cookie_of(),
        accept=HTML,
        id_token_hint=id_token(),
        post_logout_redirect_uri="https://evil.example/",
        state="secret-state-value",
    )
    assert response.status_code == 200
    assert "You are signed out" in response.text
    assert "location" not in response.headers
    assert "secret-state-value" not in response.text
    assert "evil.example" not in response.text
    assert await gateway.state_of() == "ended"


async def test_a_json_body_is_refused(gateway: Deployment) -> None:
    """The required Content-Type of a POST is application/x-www-form-urlencoded."""
    response = await gateway.send("POST", PING, json={"state": "x"})
    assert response.status_code == 415


@both_methods
async def test_client_id_alone_asks_and_then_redirects(gateway: Deployment, method: str) -> None:
    """`client_id` with a registered URI and no hint: a question, and after a yes the redirect with `state`."""
    await gateway.register()
    question = await log_out(
        gateway,
        method,
        PING,
        cookie=cookie_of(),
        client_id="web",
        post_logout_redirect_uri=SIGNED_OUT,
        state="xyz",
    )
    assert asks(question)
    response = await answer(gateway, question, "yes", cookie=cookie_of())
    assert response.status_code == 303
    assert response.headers["location"] == SIGNED_OUT + "?state=xyz"
    assert await gateway.state_of() == "ended"
    assert clears_cookie(response)


@both_methods
@pytest.mark.parametrize("hint", ["not-a-jwt", id_token(kid="unknown"), id_token(iss="https://evil.example")])
async def test_a_hint_that_cannot_be_validated_asks(gateway: Deployment, method: str, hint: str) -> None:
    """An invalid hint is a question, never an error and never a redirect."""
    await gateway.register()
    response = await log_out(
        gateway,
        method,
        PING,
        cookie=cookie_of(),
        id_token_hint=hint,
        post_logout_redirect_uri=SIGNED_OUT,
    )
    assert asks(response)
    assert await gateway.state_of() == "live"


@both_methods
async def test_without_a_configured_cookie_every_request_asks(tmp_path: Path, method: str) -> None:
    """PingFederate "prompts users to confirm if the cookie isn't configured"; a yes then ends the hint's session."""
    blind = {"issuers": {"acme": {"cookie": None}}}
    async with deploy(tmp_path, blind) as gateway:
        await gateway.register()
        question = await log_out(gateway, method, PING, id_token_hint=id_token(), post_logout_redirect_uri=SIGNED_OUT)
        assert asks(question)
        response = await answer(gateway, question, "yes")
        assert response.headers["location"] == SIGNED_OUT
        assert await gateway.state_of() == "ended"


async def test_the_host_names_the_issuer(gateway: Deployment) -> None:
    """The path has no issuer: a configured host stands for one, any other is the default issuer's."""
    await gateway.send("PUT", "/acme/sessions/x", json={"sub": "alice"}, token="a-management-token")
    hint = id_token(iss="https://login.example/globex", sid=None, sub="alice")
    uri = "https://globex.example/signed-out"
    at_globex = {"headers": {"host": "login.globex.example"}}
    response = await gateway.get(PING, {"id_token_hint": hint, "post_logout_redirect_uri": uri}, **at_globex)
    assert response.headers["location"] == uri
    response = await gateway.get(PING, {"id_token_hint": hint, "post_logout_redirect_uri": uri})
    assert response.status_code == 200


async def test_without_a_default_issuer_there_is_none(tmp_path: Path) -> None:
    """A host that stands for no issuer, and no default: 404, as a page."""
    async with deploy(tmp_path, {"issuers": {"acme": {"default": False}}}) as gateway:
        response = await gateway.get(PING)
        assert response.status_code == 404
        assert response.headers["content-type"].startswith("text/html")
