"""The demo's provider (OP): a login page, the authorization code flow, ID tokens. Logging out is the gateway's."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from .management import SessionOver
from .pages import Pages
from .parties import USERS, App, Parties
from .sign_ins import Session, SignIns

COOKIE = "op_session"
CODE_LIFETIME = 60


@dataclass(frozen=True, slots=True)
class Code:
    """What an authorization code stands for."""

    session: Session
    client_id: str
    nonce: str | None
    expires_at: float


class Provider:
    """The provider's endpoints."""

    def __init__(self, everybody: Parties, sign_ins: SignIns, http: httpx2.AsyncClient) -> None:
        self._everybody, self._sign_ins, self._http = everybody, sign_ins, http
        self._pages = Pages(everybody, "provider")
        self._apps = {app.client_id: app for app in everybody.apps}
        self._codes: dict[str, Code] = {}
        self.routes = [
            Route("/", self.home),
            Route("/authorize", self.authorize),
            Route("/login", self.login, methods=["POST"]),
            Route("/token", self.token, methods=["POST"]),
            Route("/jwks.json", self.jwks),
            Route("/.well-known/openid-configuration", self.metadata),
        ]

    async def authorize(self, request: Request) -> Response:
        """An app wants somebody signed in (OpenID Connect Core 1.0, section 3.1.2)."""
        asked = request.query_params
        app = self._apps.get(asked.get("client_id", ""))
        if app is None or asked.get("redirect_uri") != app.redirect_uri or asked.get("response_type") != "code":
            return self._pages.page(
                "problem.html", 400, text="The app asked for a sign-in in a way that the provider refuses."
            )
        session = await self._sign_ins.of(request.cookies.get(COOKIE))
        if session is None:
            return self._pages.page("login.html", app=app, users=USERS, query=str(asked))
        code = secrets.token_urlsafe(24)
        self._codes[code] = Code(session, app.client_id, asked.get("nonce"), time.time() + CODE_LIFETIME)
        answer = {"code": code, "state": asked.get("state", ""), "iss": self._everybody.issuer}
        return RedirectResponse(f"{app.redirect_uri}?{urlencode(answer)}", 303)

    async def login(self, request: Request) -> Response:
        """Somebody chose an account on the login page; then the app's request goes on."""
        form = await request.form()
        user = str(form.get("user"))
        if user not in USERS:
            return self._pages.page("problem.html", 400, text="There is no such account.")
        cookie, _ = await self._sign_ins.begin(user)
        response = RedirectResponse(f"/authorize?{form.get('query')}", 303)
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="lax")
        return response

    async def token(self, request: Request) -> Response:
        """An app exchanges a code for an ID token (section 3.1.3)."""
        form = await request.form()
        app = self._client_of(str(form.get("client_id")), str(form.get("client_secret")))
        if app is None:
            return _no("invalid_client", 401)
        code = self._codes.pop(str(form.get("code")), None)
        if code is None or code.client_id != app.client_id or code.expires_at < time.time():
            return _no("invalid_grant")
        if form.get("grant_type") != "authorization_code" or form.get("redirect_uri") != app.redirect_uri:
            return _no("invalid_grant")
        try:
            id_token = await self._sign_ins.issue(code.session, app, code.nonce)
        except SessionOver:
            return _no("invalid_grant")
        answer = {"id_token": id_token, "access_token": secrets.token_urlsafe(24), "token_type": "Bearer"}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def jwks(self, request: Request) -> Response:
        """Our key and the gateway's: an app checks ID tokens and logout tokens against one and the same set."""
        answer = await self._http.get(f"{self._everybody.gateway}/jwks.json")
        answer.raise_for_status()
        return JSONResponse({"keys": [self._sign_ins.key.public, *answer.json()["keys"]]})

    async def metadata(self, request: Request) -> Response:
        """Discovery. The end_session_endpoint is all that an app has to know of the gateway."""
        issuer = self._everybody.issuer
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks.json",
                "end_session_endpoint": f"{self._everybody.gateway}/end-session",
                "backchannel_logout_supported": True,
                "backchannel_logout_session_supported": True,
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        )

    async def home(self, request: Request) -> Response:
        """Who is signed in here, and which apps the gateway will tell when that ends."""
        session = await self._sign_ins.of(request.cookies.get(COOKIE))
        known = await self._sign_ins.what_the_gateway_knows(session) if session else {"clients": []}
        return self._pages.page(
            "provider.html",
            user=USERS[session.sub] if session else None,
            joined=[self._apps[member["client_id"]].name for member in known["clients"]],
            logout=f"{self._everybody.gateway}/end-session",
        )

    def _client_of(self, client_id: str, secret: str) -> App | None:
        app = self._apps.get(client_id)
        return app if app and secrets.compare_digest(app.secret.encode(), secret.encode()) else None


def _no(error: str, status: int = 400) -> Response:
    return JSONResponse({"error": error}, status, headers={"Cache-Control": "no-store"})
