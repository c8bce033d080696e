"""`POST /{issuer_id}/hooks/hydra-token`: Ory Hydra says which tokens it is about to issue."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.kit.deployment import READER, TOKEN, Deployment
from tests.kit.tokens import id_token


def payload(grant: str = "authorization_code", client_id: str = "web", **claims: Any) -> dict[str, Any]:
    """What Hydra sends, with what is of no interest here as well."""
    made = {"jti": "", "iss": "https://op.example", "sub": "alice", "aud": [client_id], "ext": {"sid": "h-1"}, **claims}
    id_token_session = {"id_token_claims": made, "headers": {"extra": {"kid": "k"}}, "subject": made["sub"]}
    session = {"id_token": id_token_session, "extra": {}, "client_id": client_id, "consent_challenge": "c"}
    return {
        "session": session,
        "request": {"client_id": client_id, "grant_types": [grant], "granted_scopes": ["openid"]},
    }


async def hook(gateway: Deployment, body: dict[str, Any], token: str = TOKEN) -> httpx2.Response:
    """Hydra calls."""
    return await gateway.send("POST", "/acme/hooks/hydra-token", json=body, token=token)


async def sessions(gateway: Deployment) -> list[dict[str, Any]]:
    """Those that are known."""
    return list((await gateway.send("GET", "/acme/sessions", token=READER)).json()["sessions"])


async def test_a_sign_in_is_learnt(gateway: Deployment) -> None:
    """Its session begins with the first app, and the second joins; a logout with a hint ends it."""
    assert (await hook(gateway, payload())).status_code == 204
    assert (await hook(gateway, payload(client_id="other"))).status_code == 204
    (session,) = await sessions(gateway)
    assert {(app["client_id"], app["sid"]) for app in session["clients"]} == {("web", "h-1"), ("other", "h-1")}
    assert (await gateway.get("/acme/logout", {"id_token_hint": id_token(sid="h-1")})).status_code == 200
    assert await gateway.state_of(session["sid"]) == "ended"


async def test_an_ended_session_is_not_refreshed(gateway: Deployment) -> None:
    """While it lives it is; a new sign-in is a new session."""
    await hook(gateway, payload())
    assert (await hook(gateway, payload("refresh_token"))).status_code == 204
    (session,) = await sessions(gateway)
    await gateway.send("DELETE", f"/acme/sessions/{session['sid']}", token=TOKEN)
    refused = await hook(gateway, payload("refresh_token"))
    assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
    assert (await hook(gateway, payload(ext={"sid": "h-2"}))).status_code == 204
    assert [found["state"] for found in await sessions(gateway)].count("live") == 1


async def test_the_form_of_older_versions(gateway: Deployment) -> None:
    """They say `requester`."""
    body = payload()
    body["requester"] = body.pop("request")
    assert (await hook(gateway, body)).status_code == 204
    assert len(await sessions(gateway)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"session": {}},
        {"session": {"id_token": {"id_token_claims": {"sub": ""}, "subject": ""}}, "request": {"client_id": "web"}},
        payload("client_credentials", sub="web"),
    ],
)
async def test_a_token_of_no_user_begins_nothing(gateway: Deployment, body: dict[str, Any]) -> None:
    """Hydra goes on."""
    assert (await hook(gateway, body)).status_code == 204
    assert await sessions(gateway) == []


async def test_an_app_that_is_not_registered_is_said(gateway: Deployment) -> None:
    """It could not be told of a logout."""
    assert (await hook(gateway, payload(client_id="nobody"))).status_code == 422
    assert (await hook(gateway, payload(), READER)).status_code == 403
