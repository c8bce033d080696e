"""Every vendor's endpoint answers as its vendor documents it, by every method that it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.flow import HTML, answer, asks, clears_cookie, log_out
from tests.kit.tokens import id_claims, id_token, sign, signing_key

from .table import ALL, ENDPOINTS, SIGNED_OUT, SITUATIONS, STANDARD, Endpoint

each_endpoint = pytest.mark.parametrize(
    ("name", "method"), [(name, method) for name, endpoint in ENDPOINTS.items() for method in endpoint.methods]
)
ENCODED_STATE = "a%20b%2F%C3%BC"
GLOBEX = "https://globex.example/signed-out"


def hint(kind: str, sid: str) -> str:
    """An ID token: `own` of that session, `of mallory` of a session of hers, or `forged`."""
    if kind == "of mallory":
        return id_token(sid="s-mallory", sub="mallory")
    if kind == "forged":
        return sign(id_claims(sid=sid), key=signing_key(kid="a-stranger"), header={"kid": signing_key().kid})
    return id_token(sid=sid)


def parameters(endpoint: Endpoint, sid: str, said: dict[str, str]) -> dict[str, str]:
    """A request under the vendor's names. What the vendor does not know is sent all the same."""
    values = {**said, **({"id_token_hint": hint(said["id_token_hint"], sid)} if "id_token_hint" in said else {})}
    return {endpoint.names.get(name, name): value for name, value in values.items()}


def seen(endpoint: Endpoint, said: dict[str, str], response: httpx2.Response) -> str:
    """The answer, in the words of the table."""
    if response.status_code == 303:
        with_state = "state" in said and "state" in endpoint.takes
        assert response.headers["location"] == SIGNED_OUT + (f"?state={ENCODED_STATE}" if with_state else "")
        return "goes on"
    assert "location" not in response.headers
    if response.status_code != 200:
        return f"{response.status_code} {response.json()['error']}"
    if asks(response):
        return "asks"
    return "page with a link" if SIGNED_OUT in response.text else "page"


@each_endpoint
async def test_every_situation(tmp_path: Path, name: str, method: str) -> None:
    """Each request leads to the documented answer, and the session ends, or stays, as documented."""
    endpoint, found = ENDPOINTS[name], {}
    async with deploy(tmp_path, ALL) as gateway:
        await gateway.register("s-mallory", sub="mallory")
        for number, (situation, said) in enumerate(SITUATIONS.items()):
            sid = f"s-{number}"
            await gateway.register(sid)
            nobody = situation.startswith("nobody")
            response = await log_out(
                gateway,
                method,
                endpoint.url,
                cookie="" if nobody else cookie_of(sid),
                **parameters(endpoint, sid, said),
            )
            found[situation] = f"{seen(endpoint, said, response)}, {await gateway.state_of(sid)}"
            assert clears_cookie(response) == (found[situation].endswith("ended") and not nobody), situation
        assert await gateway.state_of("s-mallory") == "live"
    assert found == endpoint.outcomes


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("name", "situation", "goes_on"),
    [
        ("keycloak", "client and URI", True),
        ("auth0", "client and URI", True),
        ("hydra", "nothing", False),
        ("duende", "client and URI", False),
    ],
)
async def test_a_yes_leads_where_the_request_asked(
    tmp_path: Path, name: str, situation: str, method: str, goes_on: bool
) -> None:
    """Where the vendor asks, a yes ends the session, and the browser goes on only where the vendor documents that."""
    endpoint, said = ENDPOINTS[name], SITUATIONS[situation]
    async with deploy(tmp_path, ALL) as gateway:
        await gateway.register()
        sent = parameters(endpoint, "s-alice", said)
        question = await log_out(gateway, method, endpoint.url, cookie=cookie_of(), accept=HTML, **sent)
        response = await answer(gateway, question, "yes", cookie=cookie_of())
        assert await gateway.state_of() == "ended"
        assert response.headers.get("location") == (f"{SIGNED_OUT}?state={ENCODED_STATE}" if goes_on else None)


@each_endpoint
async def test_what_the_vendor_does_not_document_is_not_read(tmp_path: Path, name: str, method: str) -> None:
    """A parameter that the vendor does not know is ignored, even one that would be refused where it is known."""
    endpoint = ENDPOINTS[name]
    known = {endpoint.names.get(parameter, parameter) for parameter in endpoint.takes}
    unknown = {*STANDARD, "federated", "initiating_idp", "redirect_uri"} - known
    async with deploy(tmp_path, ALL) as gateway:
        await gateway.register()
        said = SITUATIONS["hint and URI" if "id_token_hint" in known else "client and URI"]
        sent = {**parameters(endpoint, "s-alice", said), **dict.fromkeys(unknown, "\x01")}
        response = await log_out(gateway, method, endpoint.url, cookie=cookie_of(), **sent)
        assert seen(endpoint, said, response) == "goes on"
        assert await gateway.state_of() == "ended"


@each_endpoint
async def test_another_issuer(tmp_path: Path, name: str, method: str) -> None:
    """The issuer is that of the path under the vendor's own word for it, or else that of the host; or there is none."""
    endpoint = ENDPOINTS[name]
    by_path = "acme" in endpoint.url
    url = endpoint.url.replace("acme", "globex")
    headers = {} if by_path else {"host": "login.globex.example"}
    sent = {"client_id": "web", "id_token_hint": id_token(sid="s-bob", sub="bob", iss="https://login.example/globex")}
    sent[endpoint.names.get("post_logout_redirect_uri", "post_logout_redirect_uri")] = GLOBEX
    where: dict[str, Any] = {"params" if method == "GET" else "data": sent}
    async with deploy(tmp_path, ALL) as gateway:
        response = await gateway.send(method, url, headers=headers, **where)
        assert response.headers["location"] == GLOBEX
        if by_path:
            assert (await gateway.send(method, endpoint.url.replace("acme", "nobody"), **where)).status_code == 404


@pytest.mark.parametrize("name", ["auth0-v2", "cognito"])
async def test_what_is_documented_for_get_alone(tmp_path: Path, name: str) -> None:
    """A POST is a 405 that says so, and is never taken for one to an issuer of that name."""
    async with deploy(tmp_path, ALL) as gateway:
        await gateway.register()
        response = await gateway.post(ENDPOINTS[name].url, {"id_token_hint": id_token()}, cookie=cookie_of())
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD"
        assert await gateway.state_of() == "live"


@each_endpoint
async def test_it_is_not_there_unless_it_is_switched_on(gateway: Deployment, name: str, method: str) -> None:
    """Without `server.vendors` none of these paths ends anything."""
    await gateway.register()
    response = await log_out(gateway, method, ENDPOINTS[name].url, cookie=cookie_of(), id_token_hint=id_token())
    assert response.status_code in (401, 404, 405)  # or the path is that of a management operation
    assert await gateway.state_of() == "live"
