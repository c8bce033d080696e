"""The admin APIs of providers, played from their documentation: a wrong path, method, token or body is refused.

Keycloak, Ory Hydra, authentik and Zitadel cannot be had here, so this shows that the gateway does what the
documentation says, and nothing of the products themselves.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .receivers import in_a_thread

CLIENT, SECRET, TOKEN = "the gateway", "an-admin-secret:%+", "an-admin-token"
ENDINGS: dict[str, dict[str, Any]] = {
    "keycloak": {"values": {"realm": "acme"}, "client_id": CLIENT, "client_secret": SECRET},
    "hydra": {},
    "authentik": {"scope": "user", "token": TOKEN},
    "zitadel": {"client_id": CLIENT, "client_secret": SECRET},
}
"""What an operator sets for each provider, but for `provider` and `url`."""


@dataclass
class AdminApi:
    """All four on one server. `sessions` are the live ones: the user of each sid."""

    port: int = 0
    sessions: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    """How often the end of each sid or user was asked for, whatever was answered."""
    instead: deque[Response] = field(default_factory=deque)
    """Answers of the admin API to its next calls."""
    tokens_instead: deque[Response] = field(default_factory=deque)
    """Answers of the token endpoint to its next requests."""
    issued: int = 0
    lifetime: int = 300
    seen: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, target and body of each call."""
    _valid: set[str] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def ending(self, provider: str, **changes: Any) -> dict[str, Any]:
        """Changes to the configuration of a deployment: issuer acme ends its sessions at this provider."""
        table = {"provider": provider, "url": self.url, **ENDINGS[provider], **changes}
        return {"issuers": {"acme": {"ending": table}}, "delivery": {"allow_networks": ["127.0.0.0/8"]}}

    def forget_tokens(self) -> None:
        """No access token that was issued is good any more."""
        self._valid.clear()

    async def wait_for_calls(self, count: int, seconds: float = 20) -> None:
        """Return once there were that many calls."""
        await asyncio.to_thread(self._wait, count, seconds)

    def _wait(self, count: int, seconds: float) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.calls.total() >= count, seconds), self.calls

    def _end(self, named: str, sids: list[str]) -> int:
        for sid in sids:
            self.sessions.pop(sid, None)
        return len(sids)

    async def _begin(self, request: Request, named: str, *, tokens: set[str] | None) -> Response | None:
        """Count a call and refuse one without a good token; `tokens` is None where no credentials are asked for."""
        with self._changed:
            self.calls[named] += 1
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            self.seen.append((request.method, target, await request.body()))
            self._changed.notify_all()
        if self.instead:
            return self.instead.popleft()
        header = request.headers.get("authorization")
        if tokens is None:
            return None if header is None else Response(status_code=400)
        kind, _, token = (header or "").partition(" ")
        return None if kind == "Bearer" and token in tokens else JSONResponse({"error": "HTTP 401"}, 401)

    async def token_endpoint(self, request: Request) -> Response:
        """Client credentials by HTTP Basic, and nothing else (RFC 6749, sections 2.3.1 and 4.4.2)."""
        form = await request.form()
        if self.tokens_instead:
            return self.tokens_instead.popleft()
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        expected = base64.b64encode(b"the+gateway:an-admin-secret%3A%25%2B").decode()
        if (kind, pair) != ("Basic", expected):
            return JSONResponse({"error": "invalid_client"}, 401)
        zitadel = request.url.path == "/oauth/v2/token"
        wants = {"grant_type": "client_credentials"}
        wants |= {"scope": "openid urn:zitadel:iam:org:project:id:zitadel:aud"} if zitadel else {}
        if dict(form) != wants:
            return JSONResponse({"error": "invalid_request"}, 400)
        self.issued += 1
        token = f"an-access-token-{self.issued}-" + 6000 * "x"
        self._valid.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def keycloak_session(self, request: Request) -> Response:
        """DELETE /admin/realms/{realm}/sessions/{session}."""
        sid = request.path_params["sid"]
        if refusal := await self._begin(request, sid, tokens=self._valid):
            return refusal
        if request.path_params["realm"] != "acme":
            return JSONResponse({"error": "Realm not found."}, 404)
        if sid not in self.sessions:
            return JSONResponse({"error": "Sesssion not found"}, 404)
        self._end(sid, [sid])
        return Response(status_code=204)

    async def keycloak_user(self, request: Request) -> Response:
        """POST /admin/realms/{realm}/users/{user-id}/logout."""
        sub = request.path_params["sub"]
        if refusal := await self._begin(request, sub, tokens=self._valid):
            return refusal
        if not (of_user := self._of(sub)):
            return JSONResponse({"error": "User not found"}, 404)
        self._end(sub, of_user)
        return Response(status_code=204)

    async def hydra(self, request: Request) -> Response:
        """DELETE /admin/oauth2/auth/sessions/login: 204 as well for what it does not know."""
        query = request.query_params
        if refusal := await self._begin(request, query.get("sid") or query.get("subject", ""), tokens=None):
            return refusal
        if len(query) != 1 or not (query.get("sid") or query.get("subject")):
            return JSONResponse({"error": "invalid_request"}, 400)
        self._end("", [query["sid"]] if "sid" in query else self._of(query["subject"]))
        return Response(status_code=204)

    async def authentik(self, request: Request) -> Response:
        """DELETE /api/v3/core/authenticated_sessions/bulk_delete/?user_pks=N."""
        users = request.query_params.getlist("user_pks")
        if refusal := await self._begin(request, ",".join(users), tokens={TOKEN}):
            return refusal
        if not users or not all(user.isdigit() for user in users):
            return JSONResponse({"user_pks": ["A valid integer is required."]}, 400)
        return JSONResponse({"deleted": self._end("", [sid for user in users for sid in self._of(user)])})

    async def zitadel(self, request: Request) -> Response:
        """DELETE /v2/sessions/{session_id} with a JSON body: 200 as well for what it does not know."""
        sid = request.path_params["sid"]
        if refusal := await self._begin(request, sid, tokens=self._valid):
            return refusal
        if request.headers.get("content-type") != "application/json" or await request.json() != {}:
            return JSONResponse({"code": 3, "message": "invalid"}, 400)
        self._end(sid, [sid])
        return JSONResponse({"details": {"sequence": "1"}})

    def _of(self, sub: str) -> list[str]:
        return [sid for sid, user in self.sessions.items() if user == sub]


@contextlib.contextmanager
def admin_api() -> Iterator[AdminApi]:
    """A running server of all four."""
    api = AdminApi()
    routes = [
        Route("/realms/acme/protocol/openid-connect/token", api.token_endpoint, methods=["POST"]),
        Route("/oauth/v2/token", api.token_endpoint, methods=["POST"]),
        Route("/admin/realms/{realm}/sessions/{sid}", api.keycloak_session, methods=["DELETE"]),
        Route("/admin/realms/{realm}/users/{sub}/logout", api.keycloak_user, methods=["POST"]),
        Route("/admin/oauth2/auth/sessions/login", api.hydra, methods=["DELETE"]),
        Route("/api/v3/core/authenticated_sessions/bulk_delete/", api.authentik, methods=["DELETE"]),
        Route("/v2/sessions/{sid}", api.zitadel, methods=["DELETE"]),
    ]
    with in_a_thread(Starlette(routes=routes)) as api.port:
        yield api
