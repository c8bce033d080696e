"""How an app talks to its provider, without a browser: metadata, keys, pushed requests and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from .clients import Client
from .network import Network
from .proofs import ASSERTION_TYPE, Prover, client_assertion


class Refused(Exception):
    """An error response of the provider. Its string is the OAuth error code."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        try:
            self.error = str(response.json()["error"])
        except (ValueError, KeyError, TypeError):
            self.error = f"{self.status} without an error code: {response.text[:500]}"
        super().__init__(self.error)


@dataclass
class Talk:
    """One client's connections to one provider."""

    network: Network
    issuer: str
    client: Client
    token_endpoint: str | None = None
    """In place of the published one, as for an app that has an internal URL of it."""
    dpop: Prover | None = None
    _metadata: dict[str, Any] = field(default_factory=dict)

    async def metadata(self) -> dict[str, Any]:
        """The provider's metadata, whose issuer has to be the one that is configured (Discovery 4.3)."""
        if not self._metadata:
            found = await self._get(f"{self.issuer}/.well-known/openid-configuration")
            assert found["issuer"] == self.issuer, found
            self._metadata = found
        return self._metadata

    async def endpoint(self, name: str) -> str:
        """The URL of an endpoint, as in `token` for `token_endpoint`."""
        return str((await self.metadata())[f"{name}_endpoint"])

    async def jwks(self) -> dict[str, Any]:
        """The provider's keys as they are now."""
        return await self._get((await self.metadata())["jwks_uri"])

    async def tokens(self, **form: str) -> dict[str, Any]:
        """The token endpoint's response to a grant; `Refused` for an error."""
        return await self.post(self.token_endpoint or await self.endpoint("token"), form)

    async def push(self, parameters: Mapping[str, str]) -> str:
        """Push an authorization request (RFC 9126); its `request_uri`."""
        answer = await self.post(await self.endpoint("pushed_authorization_request"), parameters)
        return str(answer["request_uri"])

    async def userinfo(self, access_token: str) -> dict[str, Any]:
        """The claims of the userinfo endpoint."""
        url = await self.endpoint("userinfo")
        headers = {"Authorization": f"Bearer {access_token}"}
        response = await self._send("GET", url, headers, None, access_token)
        if response.status_code != 200:
            raise Refused(response)
        return dict(response.json())

    async def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Post a form as this client; `Refused` for an error."""
        auth = None
        extra = {"client_id": self.client.client_id}
        if self.client.authentication == "client_secret_basic":
            auth = httpx2.BasicAuth(self.client.client_id, self.client.secret)
            extra = {}
        elif self.client.authentication == "private_key_jwt":
            extra |= {"client_assertion_type": ASSERTION_TYPE}
            extra |= {"client_assertion": client_assertion(self.client, self.issuer, await self.endpoint("token"))}
        response = await self._send("POST", url, {}, {**form, **extra}, None, auth)
        if response.status_code not in (200, 201):
            raise Refused(response)
        return dict(response.json())

    async def _get(self, url: str) -> dict[str, Any]:
        response = await self._send("GET", url, {}, None, None)
        assert response.status_code == 200, (url, response.status_code, response.text[:500])
        return dict(response.json())

    async def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        form: Mapping[str, str] | None,
        access_token: str | None,
        auth: httpx2.BasicAuth | None = None,
    ) -> httpx2.Response:
        """One request, and another if the server gives a nonce for its DPoP proof (RFC 9449, section 8)."""
        for _ in range(2):
            if self.dpop is not None and (form is not None or access_token):
                headers = {**headers, "DPoP": self.dpop.proof(method, url, access_token)}
                if access_token:
                    headers["Authorization"] = f"DPoP {access_token}"
            request = httpx2.Request(method, url, headers=headers, data=dict(form) if form is not None else None)
            if auth is not None:
                request = next(auth.sync_auth_flow(request))
            response = await self.network.handle_async_request(request)
            await response.aread()
            await response.aclose()
            if self.dpop is None or "dpop-nonce" not in response.headers:
                return response
            known, self.dpop.nonce = self.dpop.nonce, response.headers["dpop-nonce"]
            if response.status_code not in (400, 401) or known == self.dpop.nonce:
                return response
        return response
