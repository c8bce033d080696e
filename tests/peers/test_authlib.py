"""A real peer as the login side: a provider made with Authlib signs a user in, and the gateway logs the user out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.kit.ports import free_port
from tests.kit.serving import serving

from .authlib_provider import COOKIE, Provider, RegisteredClient, running

APP = "https://app.example"
TOKEN = "the-management-token-of-the-peer"
SETTINGS = """
[server]
port = {port}
public_url = "http://localhost:{port}"

[[management.tokens]]
name = "peer"
sha256 = "{digest}"
issuers = ["peer"]
scopes = ["sessions:read", "sessions:write"]

[issuers.peer]
issuer = "{issuer}"
default = true
jwks_uri = "{issuer}/jwks.json"
cookie = {{ name = "{cookie}", secure = false }}

[issuers.peer.clients.web]
post_logout_redirect_uris = ["{app}/signed-out"]
"""


@dataclass
class Scene:
    """Both sides, running, and a browser that knows neither yet."""

    provider: Provider
    gateway: str
    browser: httpx2.Client

    def sign_in(self) -> str:
        """Sign alice in and run the code flow for the app `web`. Returns its ID token."""
        self.browser.post(f"{self.provider.issuer}/login", data={"sub": "alice"})
        return str(self.exchange(self.code()).raise_for_status().json()["id_token"])

    def authorize(self) -> httpx2.Response:
        """The app sends the browser to the provider."""
        client = self.provider.client
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "state": "of-the-app",
            "nonce": "n-1",
        }
        return self.browser.get(f"{self.provider.issuer}/authorize", params=asked)

    def code(self) -> str:
        """A code of the session that the browser is signed in to."""
        return dict(parse_qsl(urlsplit(self.authorize().headers["location"]).query))["code"]

    def exchange(self, code: str) -> httpx2.Response:
        """The app shows its code."""
        client = self.provider.client
        return httpx2.post(
            f"{self.provider.issuer}/token",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri},
            auth=(client.client_id, client.client_secret),
            trust_env=False,
        )

    def session(self) -> dict[str, Any]:
        """What the gateway knows of the session that began last."""
        *_, last = self.provider.signed_in.values()
        url = f"{self.gateway}/peer/sessions/{last.sid}"
        return dict(httpx2.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False).json())

    def end(self) -> None:
        """The session that began last is ended by somebody else: the browser keeps its cookie."""
        *_, last = self.provider.signed_in.values()
        url = f"{self.gateway}/peer/sessions/{last.sid}"
        httpx2.delete(url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False).raise_for_status()

    def cookies(self) -> set[str]:
        """The names of the cookies that the browser keeps."""
        return {cookie.name for cookie in self.browser.cookies.jar}


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory, backend: str) -> Iterator[tuple[Provider, str]]:
    """The provider and the gateway, each on a port of its own."""
    folder, port, peer_port = tmp_path_factory.mktemp("peer"), free_port(), free_port()
    # Authlib takes http from localhost by this name only.
    issuer = f"http://localhost:{peer_port}"
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    text = SETTINGS.format(port=port, digest=digest, issuer=issuer, cookie=COOKIE, app=APP)
    (folder / "endsession.toml").write_text(text)
    client = RegisteredClient("web", "a-secret-of-the-app", f"{APP}/callback")
    provider = Provider(issuer, client, f"http://localhost:{port}/peer", TOKEN)
    with running(provider, peer_port), serving(folder, port) as gateway:
        yield provider, gateway


@pytest.fixture
def scene(sides: tuple[Provider, str]) -> Iterator[Scene]:
    """Both sides with a new browser."""
    with httpx2.Client(trust_env=False) as browser:
        yield Scene(*sides, browser)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/peer/logout", "/idp/init_logout.openid", "/peer/end-session"])
def test_an_id_token_of_the_peer_logs_its_user_out(scene: Scene, method: str, path: str) -> None:
    """The token verifies against the peer's published keys; the session ends, the cookie goes, `state` comes back."""
    asked = {
        "id_token_hint": scene.sign_in(),
        "post_logout_redirect_uri": f"{APP}/signed-out",
        "state": "af0ifjsldkj",
    }
    before = scene.session()
    assert (before["state"], before["clients"]) == ("live", [{"client_id": "web"}])
    place: dict[str, Any] = {"params": asked} if method == "GET" else {"data": asked}
    answer = scene.browser.request(method, scene.gateway + path, **place)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{APP}/signed-out?state=af0ifjsldkj")
    assert (scene.session()["state"], scene.session()["end_reason"]) == ("ended", "user")
    assert COOKIE not in scene.cookies()


def test_a_token_of_the_peer_that_was_changed_ends_nothing(scene: Scene) -> None:
    """One changed character of the signature is enough for AuthPI's endpoint to refuse with 401."""
    token = scene.sign_in()
    at = len(token) - 20
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    answer = scene.browser.get(f"{scene.gateway}/peer/logout", params={"id_token_hint": changed})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert scene.session()["state"] == "live"


def test_a_session_that_was_ended_elsewhere_issues_nothing(scene: Scene) -> None:
    """Neither by the cookie, which the browser still has, nor by a code that was given before."""
    scene.sign_in()
    code = scene.code()
    scene.end()
    assert COOKIE in scene.cookies()
    assert scene.authorize().status_code == 401
    refused = scene.exchange(code)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.sqlite_alone("there is no gateway")
def test_nobody_is_signed_in_while_the_gateway_is_unavailable() -> None:
    """A session that the gateway does not know of could not be ended."""
    port = free_port()
    client = RegisteredClient("web", "a-secret-of-the-app", f"{APP}/callback")
    provider = Provider(f"http://localhost:{port}", client, f"http://localhost:{free_port()}/peer", TOKEN)
    with running(provider, port):
        answer = httpx2.post(f"{provider.issuer}/login", data={"sub": "alice"}, trust_env=False)
    assert (answer.status_code, provider.signed_in) == (503, {})
    assert "set-cookie" not in answer.headers
