"""A real app: the back-channel endpoint of a published relying-party library takes the gateway's logout tokens."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import uvicorn
from cryptojwt.key_jar import KeyJar
from idpyoidc.client.oauth2.stand_alone_client import backchannel_logout
from idpyoidc.client.oidc import RP
from idpyoidc.exception import MessageException, MissingSigningKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.kit.logout_tokens import EVENT
from tests.kit.ports import free_port
from tests.kit.servers import wait_for_port
from tests.kit.serving import serving
from tests.kit.tokens import id_claims, jwks, sign

TOKEN = "the-management-token-of-the-peer"
SETTINGS = """
[server]
port = {port}
public_url = "http://localhost:{port}"

[[management.tokens]]
name = "peer"
sha256 = "{digest}"
issuers = ["acme"]
scopes = ["sessions:read", "sessions:write"]

[issuers.acme]
issuer = "http://localhost:{port}/acme"
jwks_file = "jwks.json"

[issuers.acme.clients.app]
backchannel_logout_uri = "http://127.0.0.1:{app_port}/backchannel"
"""


class App:
    """An app whose sessions and whose judgement of logout tokens are the library's."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.ended: list[str] = []
        self._rp: RP | None = None

    def sign_in(self, sub: str) -> None:
        """What the library keeps of a user who has signed in."""
        keys = KeyJar()
        keys.import_jwks(httpx2.get(f"{self.issuer}/jwks.json", trust_env=False).json(), self.issuer)
        self._rp = RP(
            keyjar=keys,
            config={
                "client_id": "app",
                "client_secret": "a-secret-of-the-app-of-32-characters",
                "issuer": self.issuer,
                "redirect_uris": ["https://app.example/cb"],
                "base_url": "https://app.example",
            },
        )
        state = self._rp.get_context().cstate
        state.set(f"session of {sub}", {"iss": self.issuer})
        state.bind_key(sub, f"session of {sub}")

    async def backchannel(self, request: Request) -> Response:
        """The app's endpoint: 200 when the library accepts the token, 400 when it does not."""
        body = (await request.body()).decode()
        try:
            ended = await asyncio.to_thread(backchannel_logout, self._rp, body)
        except (MessageException, MissingSigningKey, KeyError, ValueError):
            return Response(status_code=400)
        self.ended.append(ended)
        return Response(headers={"cache-control": "no-store"})


@pytest.fixture
def peers(tmp_path: Path, backend: str) -> Iterator[tuple[str, App, int]]:
    """The gateway as a process, and the app as a server; yields the gateway, the app and the app's port."""
    port, app_port = free_port(), free_port()
    (tmp_path / "jwks.json").write_text(json.dumps(jwks("RS256")))
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    (tmp_path / "endsession.toml").write_text(SETTINGS.format(port=port, app_port=app_port, digest=digest))
    app = App(f"http://localhost:{port}/acme")
    routes = Starlette(routes=[Route("/backchannel", app.backchannel, methods=["POST"])])
    config = uvicorn.Config(routes, host="127.0.0.1", port=app_port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for_port(app_port)
    with serving(tmp_path, port) as gateway:
        yield gateway, app, app_port
    server.should_exit = True
    thread.join(10)


def test_the_library_ends_the_session_that_the_token_names(peers: tuple[str, App, int]) -> None:
    """Signed in through the provider, logged out at the gateway: the library takes the token and finds its session."""
    gateway, app, _ = peers
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx2.Client(base_url=gateway, trust_env=False) as http:
        app.sign_in("alice")
        http.put("/acme/sessions/s-1", json={"sub": "alice", "clients": [{"client_id": "app"}]}, headers=headers)
        hint = sign(id_claims(iss=app.issuer, aud="app", sid="s-1"))
        response = http.get("/acme/logout", params={"id_token_hint": hint})
        assert response.status_code == 200
        assert app.ended == ["session of alice"]
        session = http.get("/acme/sessions/s-1", headers=headers).json()
        assert [delivery["state"] for delivery in session["deliveries"]] == ["delivered"]


def test_the_library_refuses_what_the_gateway_never_made(peers: tuple[str, App, int]) -> None:
    """The same endpoint takes no token of somebody else's key, so its acceptance above means something."""
    _, app, app_port = peers
    app.sign_in("alice")
    claims = id_claims(iss=app.issuer, aud="app", sid="s-1", nonce=None, jti="x", events={EVENT: {}})
    forged = sign(claims, header={"typ": "logout+jwt"})
    url = f"http://127.0.0.1:{app_port}/backchannel"
    assert httpx2.post(url, data={"logout_token": forged}, trust_env=False).status_code == 400
    assert app.ended == []
