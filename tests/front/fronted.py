"""The scripted provider behind a gateway in this process."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from endsession.runtime.app import Ports
from tests.kit.deployment import Deployment, deploy, merged
from tests.lab.serving import listening

from .people import Person, without_jar
from .scripted import ISSUER, ScriptedProvider, only_acme


@dataclass
class Fronted:
    """The scripted provider behind a gateway in this process, with a client that keeps no cookies."""

    provider: ScriptedProvider
    gateway: Deployment
    http: httpx2.AsyncClient

    async def browser_of(self, tokens: Mapping[str, Any]) -> list[str]:
        """The digests of the browsers of a refresh token's session."""
        rows = await self.gateway.rows(
            "SELECT c.sha256 FROM front_tokens t JOIN session_cookies c ON c.sid = t.sid WHERE t.sha256 = :key",
            key=hashlib.sha256(tokens["refresh_token"].encode()).hexdigest(),
        )
        return [digest for (digest,) in rows]

    async def sessions_of(self, user: str) -> list[str]:
        """The live sessions of a user."""
        rows = await self.gateway.rows("SELECT sid FROM sessions WHERE sub = :sub AND ended_at IS NULL", sub=user)
        return [sid for (sid,) in rows]

    async def log_out(self, tokens: Mapping[str, Any], person: Person) -> None:
        """Log out at the provider's public logout endpoint."""
        response = await self.http.get(
            "/bye", params={"id_token_hint": tokens["id_token"]}, headers=person.cookie_header
        )
        assert response.status_code == 200, response.text


@asynccontextmanager
async def fronted(
    folder: Path,
    *,
    front: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    ports: Ports | None = None,
) -> AsyncIterator[Fronted]:
    """Put the scripted provider behind a gateway. `front` is in the table of the front, `changes` in the settings."""
    provider = ScriptedProvider()
    async with listening(provider.asgi) as port:
        configured = merged(only_acme(port, **(front or {})), changes or {})
        async with deploy(folder, configured, ports=ports) as gateway:
            transport = httpx2.ASGITransport(gateway.app, client=("192.0.2.7", 40000))
            async with without_jar(ISSUER, transport=transport) as http:
                yield Fronted(provider, gateway, http)
