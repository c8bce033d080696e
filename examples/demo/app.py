"""A demo app (RP): signs people in at the provider, and out at the gateway.

What logging out asks of an app is four things: keep the ID token, send the browser to the `end_session_endpoint` with
it, compare `state` when the browser comes back, and end the local sessions that a logout token names.
"""

from __future__ import annotations

import secrets

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, Router

from .local_sessions import LocalSession, LocalSessions
from .pages import Pages
from .parties import App, Parties
from .provider_client import ProviderClient
from .tokens import BadToken

SESSION, LOGIN, LOGOUT = "app_session", "app_login", "app_logout"
"""Our cookies: the session; `state` and `nonce` of a sign-in under way; `state` of a logout under way."""


class RelyingParty:
    """One app's pages and endpoints."""

    def __init__(self, app: App, everybody: Parties, http: httpx2.AsyncClient) -> None:
        self._pages = Pages(everybody, app.client_id)
        self._provider = ProviderClient(app, everybody.issuer, http)
        self._sessions = LocalSessions()
        self.router = Router(
            [
                Route("/", self.home),
                Route("/login", self.login, methods=["POST"]),
                Route("/callback", self.callback),
                Route("/logout", self.logout, methods=["POST"]),
                Route("/signed-out", self.signed_out),
                Route("/backchannel", self.backchannel, methods=["POST"]),
            ]
        )

    async def home(self, request: Request) -> Response:
        """Whether the person is signed in to this app."""
        cookie = request.cookies.get(SESSION)
        elsewhere = self._sessions.was_ended_elsewhere(cookie)
        return self._pages.page("app.html", session=self._sessions.get(cookie), ended_elsewhere=elsewhere)

    async def login(self, request: Request) -> Response:
        """Send the browser to the provider."""
        state, nonce = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        return _redirect(await self._provider.sign_in_url(state, nonce), {LOGIN: f"{state}.{nonce}"})

    async def callback(self, request: Request) -> Response:
        """The browser comes back with a code. Only the browser that was sent there may bring one."""
        state, _, nonce = request.cookies.get(LOGIN, "").partition(".")
        if not state or request.query_params.get("state") != state:
            return self._pages.page("problem.html", 400, text="This sign-in was not begun in this browser.")
        try:
            token, claims = await self._provider.exchange(request.query_params.get("code", ""), nonce)
        except BadToken:
            return self._pages.page("problem.html", 400, text="The provider's answer does not hold.")
        cookie = self._sessions.begin(LocalSession(claims["sub"], claims["name"], claims.get("sid"), token))
        return _redirect("/", {SESSION: cookie, LOGIN: None})

    async def logout(self, request: Request) -> Response:
        """End the local session, then send the browser to the gateway with the ID token as a hint."""
        session = self._sessions.end(request.cookies.get(SESSION))
        if session is None:
            return _redirect("/")
        state = secrets.token_urlsafe(16)
        return _redirect(await self._provider.logout_url(session.id_token, state), {SESSION: None, LOGOUT: state})

    async def signed_out(self, request: Request) -> Response:
        """The browser comes back from the gateway. Anybody could link here, but only our own logout knows `state`."""
        state = request.cookies.get(LOGOUT)
        came_back = state is not None and request.query_params.get("state") == state
        session = self._sessions.get(request.cookies.get(SESSION))
        response = self._pages.page("signed_out.html", came_back=came_back, session=session)
        response.delete_cookie(LOGOUT)
        return response

    async def backchannel(self, request: Request) -> Response:
        """The gateway says that a session has ended (Back-Channel Logout 1.0, sections 2.5 to 2.8)."""
        form = await request.form()
        headers = {"Cache-Control": "no-store"}
        try:
            claims = await self._provider.check_logout_token(str(form.get("logout_token")))
        except BadToken as problem:
            error = {"error": "invalid_request", "error_description": f"The logout token does not hold: {problem}."}
            return JSONResponse(error, 400, headers)
        self._sessions.end_elsewhere(claims.get("sid"), claims.get("sub"))
        return Response(status_code=200, headers=headers)


def _redirect(url: str, cookies: dict[str, str | None] | None = None) -> Response:
    """303 to `url`, with cookies set, or cleared where the value is None."""
    response = RedirectResponse(url, 303)
    for name, value in (cookies or {}).items():
        if value is None:
            response.delete_cookie(name)
        else:
            response.set_cookie(name, value, httponly=True, samesite="lax")
    return response
