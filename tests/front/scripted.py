"""A provider that answers at once, and browsers and apps that sign in at it by code: for tests of many sign-ins.

Everything in it that no log and no table may hold begins with `canary-` (see `tests.kit.logs`).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
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
        response = RedirectResponse(f"{target}?{urlencode({'code': code, 'state': asked['state']})}", 303)
        if new:
            response.set_cookie("op_session", cookie, secure=True, httponly=True, samesite="lax")
        return response

    async def token(self, request: Request) -> Response:
        """Exchange a code, or a refresh token, once."""
        self.seen.append(request)
        form = dict(parse_qsl((await request.body()).decode()))
        if request.headers.get("authorization") != _basic(form.get("as", "web")):
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


def _basic(client_id: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{CLIENT_SECRET}".encode()).decode()


def without_jar(base_url: str, **options: Any) -> httpx2.AsyncClient:
    """A client that keeps no cookies, to the gateway at that URL under the provider's public name."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    # Well below what the server keeps idle connections for: a request that meets its closing would be lost.
    options = {"limits": httpx2.Limits(keepalive_expiry=1), **options}
    return httpx2.AsyncClient(
        base_url=base_url, headers={"host": HOST}, cookies=jar, trust_env=False, timeout=30, **options
    )


@dataclass
class Begun:
    """An authorization request whose response has come."""

    client_id: str
    verifier: str
    nonce: str
    answer: Mapping[str, str]
    """The parameters of the redirect to the app."""


@dataclass
class Person:
    """A user at a browser."""

    user: str
    cookies: dict[str, str] = field(default_factory=dict)
    cookies_set: list[tuple[str, str]] = field(default_factory=list)
    """Every name and value that this browser was given."""

    @property
    def cookie_digest(self) -> str:
        """By what the gateway knows this browser."""
        return hashlib.sha256(self.cookies[BROWSER_COOKIE].encode()).hexdigest()

    @property
    def cookie_header(self) -> dict[str, str]:
        """What the browser sends to the provider's host."""
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"cookie": pairs} if pairs else {}

    async def ask(self, http: httpx2.AsyncClient, client_id: str = "web", **changes: str | None) -> httpx2.Response:
        """The authorization request of an app, as it is; see `authorize`."""
        parameters = {
            "client_id": client_id,
            "redirect_uri": f"https://{client_id}.example/callback",
            "response_type": "code",
            "scope": "openid",
            "state": "a-state",
            "login_hint": self.user,
            **changes,
        }
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        response = await http.get(f"/authorize?{query}", headers=self.cookie_header | {"sec-fetch-dest": "document"})
        self.take(response)
        return response

    async def authorize(self, http: httpx2.AsyncClient, client_id: str = "web", **changes: str | None) -> Begun:
        """Go to the provider, and come back to the app."""
        verifier, nonce = canary("verifier"), canary("nonce")
        keys = {"nonce": nonce, "code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        response = await self.ask(http, client_id, **{**keys, **changes})
        assert response.status_code == 303, (response.status_code, response.text)
        answer = dict(parse_qsl(urlsplit(response.headers["location"]).query))
        return Begun(client_id, verifier, nonce, answer)

    def take(self, response: httpx2.Response) -> None:
        """Keep cookies, as a browser does."""
        for line in response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies_set.append((name, value))
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


async def post_token(http: httpx2.AsyncClient, client_id: str, form: Mapping[str, str]) -> httpx2.Response:
    """A token request of an app."""
    headers = {"authorization": _basic(client_id), "content-type": "application/x-www-form-urlencoded"}
    return await http.post("/token", content=urlencode({**form, "as": client_id}), headers=headers)


async def exchange(http: httpx2.AsyncClient, begun: Begun) -> httpx2.Response:
    """The app exchanges the code."""
    form = {"grant_type": "authorization_code", "code": begun.answer["code"], "code_verifier": begun.verifier}
    return await post_token(http, begun.client_id, form)


async def refresh(http: httpx2.AsyncClient, client_id: str, token: str) -> httpx2.Response:
    """The app refreshes."""
    return await post_token(http, client_id, {"grant_type": "refresh_token", "refresh_token": token})


async def sign_in(http: httpx2.AsyncClient, person: Person, client_id: str = "web") -> dict[str, Any]:
    """From the app's page to its tokens."""
    response = await exchange(http, await person.authorize(http, client_id))
    assert response.status_code == 200, response.text
    return dict(response.json())


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
