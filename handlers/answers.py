"""Step 10: the answer, to the browser or to a caller that wants JSON."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, Response

from endsession.contract.negotiation import prefers
from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.pages import Page, WayOn
from endsession.protocol.client import Client
from endsession.protocol.decide import Decision
from endsession.protocol.errors import NotFound
from endsession.protocol.redirect import RegisteredRedirect, with_state
from endsession.protocol.session import Sessions
from endsession.store.sessions import SessionRecord

from .questions import status_url


def after_logout(
    request: Request,
    gateway: Gateway,
    issuer: Issuer,
    decision: Decision,
    sessions: Sessions,
    state: str | None,
    client: Client | None,
) -> Response:
    """303 to the registered URI with `state`, else a page or a LogoutResult; and the provider's cookie is cleared."""
    if decision.redirect is not None:
        # Not RedirectResponse: it re-encodes, and the URI has to stay as it was registered.
        response = Response(status_code=303, headers={"Location": with_state(decision.redirect, state)})
    else:
        response = _signed_out(request, gateway, issuer, decision, sessions, state)
    if issuer.cookie and _cookie_is_of_ended_session(decision, sessions):
        response.headers.append("Set-Cookie", issuer.cookie.clearing)
    return response


def _cookie_is_of_ended_session(decision: Decision, sessions: Sessions) -> bool:
    """Only a cookie that was presented and belongs to what ended: no stranger's request may sign a visitor out."""
    if sessions.ended_here is not None:
        return True
    return decision.session is not None and decision.session is sessions.browser and decision.action == "end"


def _signed_out(
    request: Request,
    gateway: Gateway,
    issuer: Issuer,
    decision: Decision,
    sessions: Sessions,
    state: str | None,
) -> Response:
    over = decision.action == "end" or decision.over
    session = decision.session or sessions.ended_here
    if prefers(request.headers.get("accept", "")) == "json":
        result = {"status": "signed_out" if over else "nothing_to_end"}
        if over and session is not None:
            result["status_url"] = status_url(gateway, issuer, session.sid)
        return json_response(result)
    way_on = _link(decision.link, state)
    if not over:
        return _page(gateway.pages.nothing_to_end(way_on=way_on))
    own = sessions.browser or sessions.ended_here
    account = own.user_label if own is not None and own is session else None
    return _page(gateway.pages.signed_out(account=account, way_on=way_on))


def kept(request: Request, gateway: Gateway, issuer: Issuer, client: Client | None) -> Response:
    """The user said no: the session stays, and there is a way on, but no redirect."""
    if prefers(request.headers.get("accept", "")) == "json":
        return json_response({"status": "kept"})
    way_on = WayOn(client.client_uri, client.name) if client and client.client_uri else None
    return _page(gateway.pages.kept(way_on=way_on))


def status(request: Request, gateway: Gateway, issuer: Issuer, record: SessionRecord | None) -> Response:
    """What became of a logout. Raises NotFound when nothing of it is known any more."""
    if record is None:
        raise NotFound("Nothing is known of this logout any more.")
    over = not record.live(gateway.clock())
    if prefers(request.headers.get("accept", "")) == "html":
        page = (
            gateway.pages.signed_out(account=record.user_label, way_on=None)
            if over
            else gateway.pages.kept(way_on=None)
        )
        return _page(page)
    return json_response({"status": "signed_out" if over else "kept"})


def _link(uri: RegisteredRedirect | None, state: str | None) -> WayOn | None:
    """A link leads to web addresses only; an app's own scheme is for redirects."""
    if uri is None or urlsplit(uri).scheme not in ("http", "https"):
        return None
    return WayOn(with_state(uri, state))


def _page(page: Page) -> Response:
    return HTMLResponse(page.html, headers={"Content-Security-Policy": page.csp})
