"""Keys and secrets in a registration: private ones are refused and never shown, expired ones verify nothing (T32)."""

from __future__ import annotations

import json
import time

import pytest

from endsession.store.audit import Trace
from endsession.store.clients import store_client
from tests.kit.deployment import TOKEN, Deployment, cookie_of
from tests.kit.flow import AUTHPI
from tests.kit.tokens import SECRET, id_token, jwks, signing_key

PATH = "/acme/clients?client_id=app"


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA", "HS256"])
async def test_a_private_key_is_refused(gateway: Deployment, alg: str) -> None:
    """400, with the member and nothing of the key; and there is no such client afterwards."""
    private = signing_key(alg, "app").as_dict(private=True)
    response = await gateway.send("PUT", PATH, json={"jwks": {"keys": [private]}}, token=TOKEN)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"
    assert response.json()["error_description"].startswith("The member jwks cannot be registered: ")
    assert str(private.get("d") or private["k"]) not in response.text
    assert (await gateway.get(PATH, token=TOKEN)).status_code == 404


async def test_public_keys_are_registered_and_shown(gateway: Deployment) -> None:
    """As they are."""
    keys = jwks("RS256", kid="app")
    response = await gateway.send("PUT", PATH, json={"jwks": keys}, token=TOKEN)
    assert response.status_code == 201
    assert response.json()["jwks"] == keys


async def test_what_was_stored_before_is_never_shown(gateway: Deployment) -> None:
    """A private key of an earlier version's registration stays in the database and leaves no answer."""
    private = signing_key("RS256", "app").as_dict(private=True)
    metadata = {"client_id": "app", "jwks": {"keys": [private]}}
    await gateway.gateway.store.write(store_client("acme", "app", metadata, None, Trace("tester", "192.0.2.7", 0)))
    for path in (PATH, "/acme/clients"):
        clients = (await gateway.get(path, token=TOKEN)).json()["clients"]
        shown = next(client for client in clients if client["client_id"] == "app")
        assert shown["jwks"] == jwks("RS256", kid="app")
        assert str(private["d"]) not in json.dumps(shown)


async def test_a_secret_that_has_expired_ends_nothing(gateway: Deployment) -> None:
    """Also with the cookie, of a session in which the client takes part."""
    own = {"client_secret": SECRET, "id_token_signed_response_alg": "HS256"}
    for expires_in, status in ((-1, 401), (3600, 200)):
        expires_at = int(time.time()) + expires_in
        body = own | {"client_secret_expires_at": expires_at}
        shown = (await gateway.send("PUT", PATH, json=body, token=TOKEN)).json()
        assert shown["client_secret_expires_at"] == expires_at
        await gateway.register(clients=[{"client_id": "app"}])
        hint = id_token("HS256", aud="app")
        assert (await gateway.get(AUTHPI, {"id_token_hint": hint}, cookie=cookie_of())).status_code == status
    assert await gateway.state_of() == "ended"
