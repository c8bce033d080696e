"""AuthPI's endpoint, as its vendor documents it: everything an error needs is JSON, and nobody is asked."""

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from endsession.protocol.errors import ServiceUnavailable
from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.faults import StorageFaults
from tests.kit.flow import AUTHPI, HTML, both_methods, clears_cookie, log_out
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"


def is_error(response: httpx2.Response, status: int, code: str) -> bool:
    """Whether the answer is an OAuthError with that status and code, even for a browser."""
    assert response.headers["content-type"] == "application/json", response.text
    assert set(response.json()) <= {"error", "error_description", "error_uri"}
    return (response.status_code, response.json()["error"]) == (status, code)


@both_methods
async def test_no_hint(gateway: Deployment, method: str) -> None:
    """`id_token_hint` is required: 400, as JSON even to a browser."""
    await gateway.register()
    response = await log_out(gateway, method, AUTHPI, cookie=cookie_of(), accept=HTML, state="x")
    assert is_error(response, 400, "invalid_request")
    assert await gateway.state_of() == "live"


@both_methods
@pytest.mark.parametrize("cookie", ["", cookie_of()])
async def test_the_hint_represents_the_session_to_terminate(gateway: Deployment, method: str, cookie: str) -> None:
    """With or without the cookie, the hint's session ends, and a registered URI is redirected to."""
    await gateway.register()
    response = await log_out(
        gateway,
        method,
        AUTHPI,
        cookie=cookie,
        id_token_hint=id_token(exp=int(time.time()) - 5 * 86_400, iat=int(time.time()) - 6 * 86_400),
        post_logout_redirect_uri=SIGNED_OUT,
        state="s",
    )
    assert response.status_code == 303
    assert response.headers["location"] == SIGNED_OUT + "?state=s"
    assert await gateway.state_of() == "ended"
    assert clears_cookie(response) == bool(cookie)


async def test_post_takes_its_parameters_from_the_query_as_get_does(gateway: Deployment) -> None:
    """AuthPI documents query parameters for its POST."""
    await gateway.register()
    parameters = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT, "state": "s"}
    response = await gateway.send("POST", AUTHPI, params=parameters)
    assert response.headers["location"] == SIGNED_OUT + "?state=s"
    assert await gateway.state_of() == "ended"


async def test_post_takes_half_from_the_query_and_half_from_the_form(gateway: Deployment) -> None:
    """Different parameters may stand in different places; one and the same in both is refused."""
    await gateway.register()
    response = await gateway.post(AUTHPI, {"state": "s"}, params={"state": "t", "id_token_hint": id_token()})
    assert is_error(response, 400, "invalid_request")
    assert await gateway.state_of() == "live"
    form = {"id_token_hint": id_token()}
    response = await gateway.post(AUTHPI, form, params={"state": "t"}, cookie=cookie_of(), accept=HTML)
    assert response.status_code == 200
    assert await gateway.state_of() == "ended"


@both_methods
async def test_bad_signature(gateway: Deployment, method: str) -> None:
    """401 `invalid_token` with WWW-Authenticate; the session stays."""
    await gateway.register()
    token = id_token()
    response = await log_out(gateway, method, AUTHPI, id_token_hint=token[:-6] + "AAAAAA")
    assert is_error(response, 401, "invalid_token")
    assert "invalid_token" in response.headers["www-authenticate"]
    assert await gateway.state_of() == "live"


@both_methods
async def test_not_a_jwt(gateway: Deployment, method: str) -> None:
    """What is no JWT at all is a malformed request: 400."""
    response = await log_out(gateway, method, AUTHPI, id_token_hint="not-a-jwt")
    assert is_error(response, 400, "invalid_request")


@both_methods
async def test_another_users_hint(gateway: Deployment, method: str) -> None:
    """A browser that is signed in as somebody else: 403, and both sessions stay."""
    await gateway.register()
    await gateway.register("s-bob", sub="bob")
    hint = id_token(sub="bob", sid="s-bob")
    response = await log_out(gateway, method, AUTHPI, cookie=cookie_of(), id_token_hint=hint)
    assert is_error(response, 403, "access_denied")
    assert await gateway.state_of() == "live"
    assert await gateway.state_of("s-bob") == "live"


@both_methods
async def test_unknown_issuer(gateway: Deployment, method: str) -> None:
    """404 `not_found`."""
    response = await log_out(gateway, method, "/nobody/logout", id_token_hint=id_token())
    assert is_error(response, 404, "not_found")


@both_methods
@pytest.mark.parametrize("uri", ["https://evil.example/", "javascript:alert(1)", "/signed-out", "https://app.example/"])
async def test_unregistered_uri(gateway: Deployment, method: str, uri: str) -> None:
    """422 with the session kept: everything is checked before anything ends."""
    await gateway.register()
    response = await log_out(
        gateway, method, AUTHPI, cookie=cookie_of(), id_token_hint=id_token(), post_logout_redirect_uri=uri
    )
    assert is_error(response, 422, "invalid_redirect_uri")
    assert uri not in response.text
    assert await gateway.state_of() == "live"


@both_methods
async def test_over_the_limit(tmp_path: Path, method: str) -> None:
    """429 with Retry-After in whole seconds; another address is not affected."""
    async with deploy(tmp_path, {"limits": {"logout_per_address": "2/minute"}}) as gateway:
        for _ in range(2):
            assert (await log_out(gateway, method, AUTHPI, id_token_hint="x")).status_code == 400
        response = await log_out(gateway, method, AUTHPI, id_token_hint="x")
        assert is_error(response, 429, "temporarily_unavailable")
        assert 1 <= int(response.headers["retry-after"]) <= 61


async def test_only_verified_hints_count_against_a_client(tmp_path: Path) -> None:
    """Nobody can use up a client's allowance with tokens that do not verify."""
    async with deploy(tmp_path, {"limits": {"logout_per_client": "1/minute"}}) as gateway:
        forged = id_token()[:-6] + "AAAAAA"
        for _ in range(3):
            assert (await gateway.get(AUTHPI, {"id_token_hint": forged})).status_code == 401
        assert (await gateway.get(AUTHPI, {"id_token_hint": id_token()})).status_code == 200
        assert (await gateway.get(AUTHPI, {"id_token_hint": id_token()})).status_code == 429


@both_methods
async def test_one_user_does_not_use_up_the_allowance_of_the_others(tmp_path: Path, method: str) -> None:
    """T20: a user who repeats a logout with the hints of an app, from wherever, keeps nobody else from it."""
    async with deploy(tmp_path, {"limits": {"logout_per_client": "2/minute"}}) as gateway:

        async def status(**claims: Any) -> int:
            return (await log_out(gateway, method, AUTHPI, id_token_hint=id_token(**claims))).status_code

        assert [await status(sub="mallory") for _ in range(3)] == [200, 200, 429]
        await gateway.register()
        assert await status() == 200
        assert await gateway.state_of() == "ended"
        assert [await status(sub="mallory", sid="another"), await status(sub="bob", sid="b")] == [429, 200]


@both_methods
async def test_storage_gone_and_back(tmp_path: Path, method: str) -> None:
    """503 as OAuthError with Retry-After, no redirect, nothing ended; and repeating it later works."""
    faults = StorageFaults()
    async with deploy(tmp_path, ports=faults.ports) as gateway:
        await gateway.register()
        request = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT}
        faults.fail(lambda: ServiceUnavailable(detail="no disk"))
        response = await log_out(gateway, method, AUTHPI, **request)
        assert is_error(response, 503, "temporarily_unavailable")
        assert int(response.headers["retry-after"]) >= 1
        assert "location" not in response.headers
        faults.repair()
        assert await gateway.state_of() == "live"
        assert (await log_out(gateway, method, AUTHPI, **request)).status_code == 303


@both_methods
async def test_an_unexpected_exception(tmp_path: Path, method: str) -> None:
    """500 as OAuthError, and no detail leaves."""
    faults = StorageFaults()
    async with deploy(tmp_path, ports=faults.ports) as gateway:
        faults.fail(lambda: RuntimeError("a detail that must not leave"))
        response = await log_out(gateway, method, AUTHPI, id_token_hint=id_token())
        assert is_error(response, 500, "server_error")
        assert "detail" not in response.text


@both_methods
async def test_without_sid_the_user_must_have_one_session(gateway: Deployment, method: str) -> None:
    """A hint without `sid` ends the one live session of its user with its client; with two it is refused."""
    await gateway.register()
    await gateway.register("s-2")
    hint = id_token(sid=None)
    assert is_error(await log_out(gateway, method, AUTHPI, id_token_hint=hint), 403, "access_denied")
    await gateway.send("DELETE", "/acme/sessions/s-2", token="a-management-token")
    assert (await log_out(gateway, method, AUTHPI, id_token_hint=hint)).status_code == 200
    assert await gateway.state_of() == "ended"
