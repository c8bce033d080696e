"""A deployment of the real gateway, in this process: real settings, real document, real storage, real pages.

Requests go through the whole ASGI application. Only the ports to the outside can be replaced, and only by argument.
"""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
from starlette.types import ASGIApp

from endsession import settings as configuration
from endsession.contract.document import Document, load_document
from endsession.gateway import Gateway
from endsession.runtime.app import Ports, application, open_gateway
from endsession.runtime.served import served_document
from endsession.settings.check import check
from endsession.store.script import Script, Statement

from .storages import SEALING_SECRET, storage_url
from .tokens import SECRET, jwks

TOKEN = "a-management-token"
READER = "a-reading-token"
DOCUMENT = load_document()

CONFIGURATION: dict[str, Any] = {
    "server": {"public_url": "https://login.example", "trusted_proxies": ["192.0.2.250"]},
    "limits": {"logout_per_address": "", "logout_per_client": "", "wrong_tokens_per_address": ""},
    "management": {
        "tokens": [
            {
                "name": "login-service",
                "sha256": hashlib.sha256(TOKEN.encode()).hexdigest(),
                "issuers": ["acme"],
                "scopes": [
                    f"{what}:{do}" for what in ("sessions", "deliveries", "clients") for do in ("read", "write")
                ],
            },
            {
                "name": "reader",
                "sha256": hashlib.sha256(READER.encode()).hexdigest(),
                "issuers": ["*"],
                "scopes": ["sessions:read"],
            },
        ]
    },
    "issuers": {
        "acme": {
            "issuer": "https://login.example/acme",
            "default": True,
            "jwks": jwks("RS256", "ES256"),
            "cookie": {"name": "op_session"},
            "clients": {
                "web": {
                    "client_name": "The Web App",
                    "client_uri": "https://app.example/",
                    "redirect_uris": ["https://app.example/callback"],
                    "post_logout_redirect_uris": ["https://app.example/signed-out", "https://app.example/bye?x=1"],
                },
                "other": {
                    "id_token_signed_response_alg": "ES256",
                    "post_logout_redirect_uris": ["https://other.example/signed-out"],
                },
                "hmac": {"id_token_signed_response_alg": "HS256", "client_secret": SECRET},
                "gone": {"disabled": True, "post_logout_redirect_uris": ["https://app.example/signed-out"]},
            },
        },
        # The same keys as acme: only `iss` stands between the two (T11).
        "globex": {
            "issuer": "https://login.example/globex",
            "hosts": ["login.globex.example"],
            "jwks": jwks("RS256", "ES256"),
            "cookie": {"name": "op_session"},
            "clients": {"web": {"post_logout_redirect_uris": ["https://globex.example/signed-out"]}},
        },
        # No cookie reaches this one.
        "blind": {
            "issuer": "https://login.example/blind",
            "jwks": jwks("RS256"),
            "clients": {"web": {"post_logout_redirect_uris": ["https://blind.example/signed-out"]}},
        },
    },
}


def with_secret(configured: dict[str, Any]) -> dict[str, Any]:
    """`configured`, with the sealing secret that PostgreSQL needs; with SQLite, the gateway makes its own."""
    storage = configured["storage"]
    if storage["url"].startswith("sqlite:") or "sealing_secrets" in storage:
        return configured
    return {**configured, "storage": {**storage, "sealing_secrets": [SEALING_SECRET]}}


class Clock:
    """The time, which a test may let pass, and the clock, which it may set."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.passed = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset

    def monotonic(self) -> float:
        """The time that has passed, whatever the clock says."""
        return time.monotonic() + self.passed

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.offset += seconds
        self.passed += seconds

    def jump(self, seconds: float) -> None:
        """Set the clock forward, or back by a negative number."""
        self.offset += seconds


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` merged in, table by table; a change to None removes what `base` has."""
    result = copy.deepcopy(dict(base))
    for key, value in changes.items():
        if value is None and key in result:
            del result[key]
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def on_storage(folder: Path, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """`changes`, and where it names no storage that of the running test (see `tests.kit.storages`)."""
    named = "url" in changes.get("storage", {})
    return changes if named else merged(changes, {"storage": {"url": storage_url(folder)}})


@dataclass
class Deployment:
    """A running gateway and a way to talk to it."""

    gateway: Gateway
    settings: configuration.Settings
    app: ASGIApp
    clock: Clock
    http: httpx2.AsyncClient

    async def get(self, path: str, params: Any = None, **options: Any) -> httpx2.Response:
        """GET, without following redirects. `cookie=` sets the Cookie header, `accept=` the Accept header."""
        return await self.send("GET", path, params=params, **options)

    async def post(self, path: str, form: Any = None, **options: Any) -> httpx2.Response:
        """POST a form."""
        return await self.send("POST", path, data=form, **options)

    async def send(
        self, method: str, path: str, *, cookie: str = "", accept: str = "", token: str = "", **options: Any
    ) -> httpx2.Response:
        """Send a request as it is."""
        headers = dict(options.pop("headers", {}))
        headers |= {"cookie": cookie} if cookie else {}
        headers["accept"] = accept or headers.get("accept", "*/*")
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        self.http.cookies.clear()  # a test says itself which cookies a browser sends
        return await self.http.request(method, path, headers=headers, **options)

    async def register(self, sid: str = "s-alice", *, issuer: str = "acme", **said: Any) -> httpx2.Response:
        """Sign alice in: a session whose cookie is `op_session=cookie-of-SID`, with the client web in it."""
        body = {
            "sub": "alice",
            "cookie_sha256": [hashlib.sha256(f"cookie-of-{sid}".encode()).hexdigest()],
            "clients": [{"client_id": "web"}],
            **said,
        }
        return await self.send("PUT", f"/{issuer}/sessions/{sid}", json=body, token=TOKEN)

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """What stands in the database."""

        def script() -> Script[list[tuple[Any, ...]]]:
            return (yield Statement(sql, values))

        return await self.gateway.store.read(script())

    async def state_of(self, sid: str = "s-alice", issuer: str = "acme") -> str:
        """`live` or `ended`."""
        answer = await self.send("GET", f"/{issuer}/sessions/{sid}", token=READER)
        return str(answer.json()["state"])


def cookie_of(sid: str = "s-alice") -> str:
    """The Cookie header of a browser that is signed in to a session that `register` made."""
    return f"op_session=cookie-of-{sid}"


@asynccontextmanager
async def deploy(
    folder: Path,
    changes: Mapping[str, Any] | None = None,
    *,
    document: Document = DOCUMENT,
    ports: Ports | None = None,
) -> AsyncIterator[Deployment]:
    """Run a gateway in `folder` with the ordinary configuration and `changes` to it."""
    settings = configuration.Settings(**with_secret(merged(CONFIGURATION, on_storage(folder, changes or {}))))
    problems: list[configuration.Problem] = []
    document = served_document(document, settings.server, folder, problems)
    problems += check(settings, document, folder)
    assert not problems, problems
    clock = Clock()
    surroundings = replace(ports, base=folder) if ports else Ports(folder, clock, clock.monotonic)
    async with open_gateway(settings, document, surroundings) as gateway:
        app = application(gateway, settings)
        transport = httpx2.ASGITransport(app, client=("192.0.2.7", 40000))
        async with httpx2.AsyncClient(transport=transport, base_url="https://login.example") as http:
            yield Deployment(gateway, settings, app, clock, http)
