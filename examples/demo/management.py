"""How a provider tells the gateway of sessions: three of its management operations, over HTTP."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx2


class SessionOver(Exception):
    """The gateway has ended the session: nothing may be issued in it any more."""


class Management:
    """The gateway's management operations for one issuer."""

    def __init__(self, http: httpx2.AsyncClient, gateway: str, token: str) -> None:
        """`gateway` is the gateway's URL for the issuer; `token` is the bearer token that the operator gave."""
        self._http, self._gateway = http, gateway
        self._headers = {"Authorization": f"Bearer {token}"}

    async def session_began(self, sid: str, *, sub: str, label: str, cookie: str) -> None:
        """Somebody signed in. The gateway learns the digest of the cookie's value, never the value."""
        digest = hashlib.sha256(cookie.encode()).hexdigest()
        await self._send("PUT", sid, {"sub": sub, "user_label": label, "cookie_sha256": [digest]})

    async def app_joined(self, sid: str, client_id: str) -> None:
        """An app gets an ID token in this session, so it has to be told when the session ends. Raises SessionOver."""
        await self._send("POST", f"{sid}/clients", {"client_id": client_id})

    async def is_live(self, sid: str) -> bool:
        """Whether the session is still alive: the gateway may have ended it since."""
        return bool((await self.session(sid))["state"] == "live")

    async def session(self, sid: str) -> dict[str, Any]:
        """What the gateway knows of a session."""
        return await self._send("GET", sid)

    async def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self._gateway}/sessions/{path}"
        answer = await self._http.request(method, url, json=body, headers=self._headers)
        if answer.status_code == 409:
            raise SessionOver
        answer.raise_for_status()
        return dict(answer.json())
