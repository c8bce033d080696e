"""A provider that answers at once: for tests of many sign-ins, and of providers that are hostile or careless.

Everything in it that no log and no table may hold begins with `canary-` (see `tests.kit.logs`).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.kit.tokens import jwks, sign

ISSUER = "https://login.example"
HOST = "login.example"
BROWSER_COOKIE = "__Host-endsession-browser"
CLIENT_SECRET = "canary-secret-of-the-client-of-forty-characters"
CLIENTS = ("web", "shop")


def canary(kind: str) -> str:
    """Something secret, of that kind."""
    return f"canary-{kind}-{secrets.token_urlsafe(24)}"


@dataclass(frozen=True)
class Grant:
    """What was issued to an app, until it is exchanged."""

    client_id: str
    sub: str
    auth_time: int
    nonce: str | None = None
    challenge: str | None = None


@dataclass
class ScriptedProvider:
    """Code flow with nonce, PKCE, rotated refresh tokens, and a session cookie. Who signs in, `login_hint` says."""

    sessions: dict[str, Grant] = field(default_factory=dict)
    """By the value of the cookie."""
    codes: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    crossed: list[str] = field(default_factory=list)
    """Requests that came with somebody else's cookie, or with one of the gateway's."""
    seen: list[Request] = field(default_factory=list)
    resumes: bool = False
    """Whether codes are sent from a page of its own, past the front, as node-oidc-provider does after its pages."""
    garbage: bool = False
    """Whether its token endpoint answers with something that is not a JSON object."""
    echoes: bool = False
    """Whether it sends browsers to its login page with all parameters of the request, whatever they are."""

    def metadata(self, _: Request) -> Response:
        """OpenID Connect Discovery."""
        return JSONResponse(
            {
                "issuer": ISSUER,
                "jwks_uri": f"{ISSUER}/certs",
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "pushed_authorization_request_endpoint": f"{ISSUER}/par",
                "userinfo_endpoint": f"{ISSUER}/userinfo",
                "introspection_endpoint": f"{ISSUER}/introspect",
                "revocation_endpoint": f"{ISSUER}/revoke",
                "end_session_endpoint": f"{ISSUER}/bye",
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
            }
        )

    def keys(self, _: Request) -> Response:
        """The JWK Set."""
        return JSONResponse(jwks("RS256"))

    def authorize(self, request: Request) -> Response:
        """Sign in whom `login_hint` names, or whom the cookie names; the cookie has to be of the same user."""
        self.seen.append(request)
        asked, cookie = request.query_params, request.cookies.get("op_session", "")
        session = self.sessions.get(cookie)
        user = asked.get("login_hint", "")
        if BROWSER_COOKIE in request.cookies:
            self.crossed.append("the gateway's cookie came")
        if session is not None and user and session.sub != user:
            self.crossed.append(f"a cookie of {session.sub} came from {user}")
        target = asked["redirect_uri"]
        if self.echoes and session is None:
            return RedirectResponse(f"/login?{request.url.query}", 303)
        if session is None and (asked.get("prompt") == "none" or not user):
            return RedirectResponse(f"{target}?{urlencode({'error': 'login_required', 'state': asked['state']})}", 303)
        new = session is None
        if session is None:
            cookie, session = canary("cookie"), Grant("", user, int(time.time()))
            self.sessions[cookie] = session
        code = canary("code")
        self.codes[code] = Grant(
            asked["client_id"], session.sub, session.auth_time, asked.get("nonce"), asked.get("code_challenge")
        )
        target = f"{target}?{urlencode({'code': code, 'state': asked['state']})}"
        response = RedirectResponse(f"/resume?{urlencode({'to': target})}" if self.resumes else target, 303)
        if new:
            response.set_cookie("op_session", cookie, secure=True, httponly=True, samesite="lax")
        return response

    async def token(self, request: Request) -> Response:
        """Exchange a code, or a refresh token, once."""
        self.seen.append(request)
        if self.garbage:
            return Response("[]", media_type="application/json")
        form = dict(parse_qsl((await request.body()).decode()))
        if request.headers.get("authorization") != basic(form.get("as", "web")):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form["grant_type"] == "refresh_token":
            grant = self.refresh.pop(form["refresh_token"], None)
        else:
            grant = self.codes.pop(form["code"], None)
            if grant is not None and grant.challenge != challenge_of(form.get("code_verifier", "")):
                grant = None
        if grant is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        refresh_token, now = canary("refresh"), int(time.time())
        self.refresh[refresh_token] = grant
        claims = {"iss": ISSUER, "sub": grant.sub, "aud": grant.client_id, "iat": now, "exp": now + 3600}
        claims |= {"auth_time": grant.auth_time}
        if form["grant_type"] != "refresh_token" and grant.nonce is not None:
            claims |= {"nonce": grant.nonce}
        return JSONResponse(
            {
                "access_token": canary("access"),
                "token_type": "Bearer",
                "expires_in": 300,
                "refresh_token": refresh_token,
                "id_token": sign(claims),
                "scope": "openid",
            },
            headers={"cache-control": "no-store"},
        )

    async def push(self, _: Request) -> Response:
        """A pushed request, which is not kept."""
        return JSONResponse({"request_uri": canary("pushed"), "expires_in": 60}, 201)

    async def about_a_token(self, request: Request) -> Response:
        """Introspection, userinfo and revocation: every token is good."""
        self.seen.append(request)
        return JSONResponse({"active": True, "sub": "alice"})

    @property
    def asgi(self) -> Starlette:
        """As a web application."""
        both = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.metadata),
                Route("/certs", self.keys),
                Route("/authorize", self.authorize, methods=both),
                Route("/token", self.token, methods=["POST"]),
                Route("/par", self.push, methods=["POST"]),
                Route("/userinfo", self.about_a_token, methods=both),
                Route("/introspect", self.about_a_token, methods=["POST"]),
                Route("/revoke", self.about_a_token, methods=["POST"]),
            ]
        )


def challenge_of(verifier: str) -> str:
    """S256 (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def basic(client_id: str) -> str:
    """How a client authenticates (RFC 6749, section 2.3.1)."""
    return "Basic " + base64.b64encode(f"{client_id}:{CLIENT_SECRET}".encode()).decode()


def acme(port: int, **front: Any) -> dict[str, Any]:
    """The table of the issuer whose provider listens on that port of this machine."""
    return {
        "issuer": ISSUER,
        "jwks": None,
        "cookie": None,
        "clients": {
            name: {
                "redirect_uris": [f"https://{name}.example/callback"],
                "post_logout_redirect_uris": [f"https://{name}.example/signed-out"],
            }
            for name in CLIENTS
        },
        "front": {"upstream": f"http://127.0.0.1:{port}", **front},
    }


def only_acme(port: int, **front: Any) -> dict[str, Any]:
    """Changes to the ordinary deployment of tests: one issuer, with a front."""
    table = acme(port, **front)
    clients = dict.fromkeys(("web", "other", "hmac", "gone")) | table["clients"]
    return {"issuers": {"acme": {**table, "clients": clients}, "globex": None, "blind": None}}
