"""What an app says to its provider, and how it believes the answers. The URLs come from discovery."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx2

from .parties import App
from .tokens import BadToken, check_id_token, check_logout_token


class ProviderClient:
    """The provider, as one app sees it."""

    def __init__(self, app: App, issuer: str, http: httpx2.AsyncClient) -> None:
        self._app, self._issuer, self._http = app, issuer, http

    async def sign_in_url(self, state: str, nonce: str) -> str:
        """Where to send the browser to sign in (OpenID Connect Core 1.0, section 3.1.2.1)."""
        asked = {
            "response_type": "code",
            "scope": "openid profile",
            "client_id": self._app.client_id,
            "redirect_uri": self._app.redirect_uri,
            "state": state,
            "nonce": nonce,
        }
        return f"{(await self._metadata())['authorization_endpoint']}?{urlencode(asked)}"

    async def exchange(self, code: str, nonce: str) -> tuple[str, dict[str, Any]]:
        """The ID token for a code, and its claims (section 3.1.3). Raises BadToken."""
        metadata = await self._metadata()
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._app.redirect_uri,
            "client_id": self._app.client_id,
            "client_secret": self._app.secret,
        }
        answer = await self._http.post(metadata["token_endpoint"], data=asked)
        if answer.status_code != 200:
            raise BadToken("the provider refused the code")
        token = answer.json()["id_token"]
        keys = await self._keys(metadata)
        return token, check_id_token(token, keys, issuer=self._issuer, client_id=self._app.client_id, nonce=nonce)

    async def logout_url(self, id_token: str, state: str) -> str:
        """Where to send the browser to log out (RP-Initiated Logout 1.0, section 2)."""
        asked = {
            "id_token_hint": id_token,
            "client_id": self._app.client_id,
            "post_logout_redirect_uri": self._app.post_logout_redirect_uri,
            "state": state,
        }
        return f"{(await self._metadata())['end_session_endpoint']}?{urlencode(asked)}"

    async def check_logout_token(self, token: str) -> dict[str, Any]:
        """The claims of a logout token. Raises BadToken."""
        keys = await self._keys(await self._metadata())
        return check_logout_token(token, keys, issuer=self._issuer, client_id=self._app.client_id)

    async def _metadata(self) -> dict[str, Any]:
        return await self._get(f"{self._issuer}/.well-known/openid-configuration")

    async def _keys(self, metadata: dict[str, Any]) -> dict[str, Any]:
        return await self._get(metadata["jwks_uri"])

    async def _get(self, url: str) -> dict[str, Any]:
        return dict((await self._http.get(url)).raise_for_status().json())
