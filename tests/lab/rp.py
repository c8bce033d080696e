"""An app that signs people in at a provider: a relying party with sessions of its own, reached over HTTP.

Its pages: `/` says who is signed in, `/login` starts a flow, `/callback` ends it, `/logout` is RP-initiated logout, and
`/backchannel` takes logout tokens (Back-Channel Logout 1.0).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.kit.logout_tokens import validate

from . import id_tokens
from .clients import Client
from .network import Network, Server
from .proofs import Prover, s256
from .serving import listening
from .talk import Refused, Talk

FRAGMENT_READER = """<!doctype html><title>One moment</title><form method="post"><input type="hidden" name="fragment">
</form><script>document.forms[0].fragment.value = location.hash.slice(1); document.forms[0].submit()</script>"""
SESSION, PENDING = "app_session", "app_login"


@dataclass(frozen=True)
class Flow:
    """How an app signs people in: any mix of these."""

    scope: str = "openid"
    response_type: str = "code"
    response_mode: str | None = None
    nonce: bool = True
    pkce: bool = True
    par: bool = False
    dpop: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    """More parameters of each authorization request."""


@dataclass(frozen=True)
class _Pending:
    """What the app remembers of a request until its response."""

    state: str
    nonce: str | None
    verifier: str | None


@dataclass
class SignedIn:
    """A session of the app."""

    claims: dict[str, Any]
    tokens: dict[str, Any]


@dataclass
class App:
    """A relying party. Its sessions, and what it has seen, are there to be looked at."""

    client: Client
    issuer: str
    network: Network
    flow: Flow = Flow()
    token_endpoint: str | None = None
    """In place of the published one, as for an app that has an internal URL of it."""
    sessions: dict[str, SignedIn] = field(default_factory=dict)
    logout_tokens: list[str] = field(default_factory=list)
    """Those that were valid."""
    refused_logout_tokens: list[str] = field(default_factory=list)
    """Why a logout token was not."""
    port: int = 0
    _pending: dict[str, _Pending] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.talk = Talk(self.network, self.issuer, self.client, self.token_endpoint)
        if self.flow.dpop:
            self.talk.dpop = Prover()

    def url(self, path: str = "/") -> str:
        """A URL of the app, for browsers of the lab."""
        return f"https://{self.client.host}{path}"

    @property
    def backchannel_logout_uri(self) -> str:
        """Where it takes logout tokens: a URL of this machine, that is reached without the lab's network."""
        return f"http://127.0.0.1:{self.port}/backchannel"

    @property
    def only(self) -> SignedIn:
        """Its only session."""
        (session,) = self.sessions.values()
        return session

    async def refresh(self, session: SignedIn) -> dict[str, Any]:
        """New tokens for a session, whose ID token is checked if there is one; `Refused` where it gets none."""
        tokens = await self.talk.tokens(grant_type="refresh_token", refresh_token=session.tokens["refresh_token"])
        if "id_token" in tokens:
            claims = id_tokens.id_token(
                tokens["id_token"], await self.talk.jwks(), issuer=self.issuer, audience=self.client.client_id
            )
            assert claims["sub"] == session.claims["sub"], claims
        session.tokens = {**session.tokens, **tokens}
        return tokens

    async def home(self, request: Request) -> Response:
        """Who is signed in."""
        session = self.sessions.get(request.cookies.get(SESSION, ""))
        return JSONResponse({"signed_in": session is not None, "sub": session and session.claims["sub"]})

    async def login(self, request: Request) -> Response:
        """Send the browser to the provider; the query is added to the authorization request."""
        flow = self.flow
        pending = _Pending(
            secrets.token_urlsafe(16),
            secrets.token_urlsafe(16) if flow.nonce else None,
            secrets.token_urlsafe(32) if flow.pkce else None,
        )
        parameters = {
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "response_type": flow.response_type,
            "scope": flow.scope,
            "state": pending.state,
            **({"nonce": pending.nonce} if pending.nonce else {}),
            **({"response_mode": flow.response_mode} if flow.response_mode else {}),
            **flow.parameters,
            **request.query_params,
        }
        if pending.verifier:
            parameters |= {"code_challenge": s256(pending.verifier), "code_challenge_method": "S256"}
        if flow.par:
            parameters = {"client_id": self.client.client_id, "request_uri": await self.talk.push(parameters)}
        target = f"{await self.talk.endpoint('authorization')}?{urlencode(parameters)}"
        response = RedirectResponse(target, 303)
        key = secrets.token_urlsafe(16)
        self._pending[key] = pending
        response.set_cookie(PENDING, key, secure=True, httponly=True, samesite="none")
        return response

    async def callback(self, request: Request) -> Response:
        """Take the provider's response, and sign the browser in; an error is a 403 that names it."""
        body = (await request.body()).decode() if request.method == "POST" else request.url.query
        answer = dict(parse_qsl(body))
        if request.method == "GET" and not answer.keys() & {"state", "response"}:
            return HTMLResponse(FRAGMENT_READER)
        answer = dict(parse_qsl(answer.get("fragment", body)))
        pending = self._pending.pop(request.cookies.get(PENDING, ""), None)
        if pending is None:
            return JSONResponse({"error": "this browser has not asked"}, 403)
        if "response" in answer:  # JARM
            jwks = await self.talk.jwks()
            claims = id_tokens.verify(answer["response"], jwks, issuer=self.issuer, audience=self.client.client_id)
            answer = {name: str(value) for name, value in claims.items()}
        if not secrets.compare_digest(answer.get("state", ""), pending.state):
            return JSONResponse({"error": "another state"}, 403)
        if "error" in answer:
            return JSONResponse({"error": answer["error"]}, 403)
        try:
            session = await self._exchange(answer, pending)
        except (Refused, JoseError, AssertionError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 403)
        key = secrets.token_urlsafe(16)
        self.sessions[key] = session
        response = RedirectResponse("/", 303)
        response.set_cookie(SESSION, key, secure=True, httponly=True, samesite="lax")
        return response

    async def _exchange(self, answer: dict[str, str], pending: _Pending) -> SignedIn:
        jwks, audience = await self.talk.jwks(), self.client.client_id
        if "id_token" in answer:  # hybrid
            id_tokens.id_token(
                answer["id_token"],
                jwks,
                issuer=self.issuer,
                audience=audience,
                nonce=pending.nonce,
                code=answer["code"],
            )
        form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": self.client.redirect_uri}
        tokens = await self.talk.tokens(**form, **({"code_verifier": pending.verifier} if pending.verifier else {}))
        claims = id_tokens.id_token(
            tokens["id_token"],
            jwks,
            issuer=self.issuer,
            audience=audience,
            nonce=pending.nonce,
            access_token=tokens["access_token"],
        )
        return SignedIn(claims, tokens)

    async def logout(self, request: Request) -> Response:
        """End the app's session, and go to the provider's logout endpoint; the query is added to the request."""
        session = self.sessions.pop(request.cookies.get(SESSION, ""), None)
        parameters = {
            "post_logout_redirect_uri": self.client.post_logout_redirect_uri,
            "client_id": self.client.client_id,
        }
        if session is not None:
            parameters["id_token_hint"] = session.tokens["id_token"]
        target = f"{await self.talk.endpoint('end_session')}?{urlencode({**parameters, **request.query_params})}"
        response = RedirectResponse(target, 303)
        response.delete_cookie(SESSION, secure=True, httponly=True, samesite="lax")
        return response

    async def signed_out(self, _: Request) -> Response:
        """Where the browser comes back to after a logout."""
        return JSONResponse({"signed_out": True})

    async def backchannel(self, request: Request) -> Response:
        """Take a logout token, and end the sessions that it names: by `sid`, or all of the user's."""
        token = dict(parse_qsl((await request.body()).decode())).get("logout_token", "")
        try:
            jwks = await self.talk.jwks()
            claims = validate(token, jwks, issuer=self.issuer, audience=self.client.client_id, alg="RS256")
        except (AssertionError, JoseError, ValueError, KeyError) as error:
            self.refused_logout_tokens.append(f"{type(error).__name__}: {error}")
            return JSONResponse({"error": "invalid_request"}, 400)
        name = "sid" if "sid" in claims else "sub"
        ended = [key for key, session in self.sessions.items() if session.claims.get(name) == claims[name]]
        for key in ended:
            del self.sessions[key]
        self.logout_tokens.append(token)
        return Response(status_code=200, headers={"Cache-Control": "no-store"})

    @property
    def asgi(self) -> Starlette:
        """The app as a web application."""
        return Starlette(
            routes=[
                Route("/", self.home),
                Route("/login", self.login),
                Route("/callback", self.callback, methods=["GET", "POST"]),
                Route("/logout", self.logout),
                Route("/signed-out", self.signed_out),
                Route("/backchannel", self.backchannel, methods=["POST"]),
            ]
        )


@asynccontextmanager
async def running_app(
    client: Client, issuer: str, network: Network, flow: Flow = Flow(), token_endpoint: str | None = None
) -> AsyncIterator[App]:
    """An app that listens on a port of this machine, and under its host name in the lab's network."""
    app = App(client, issuer, network, flow, token_endpoint)
    async with listening(app.asgi) as app.port:
        network.route(client.host, Server(app.port))
        yield app
