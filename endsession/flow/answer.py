"""Step 10: the answer, to the browser or to a caller that wants JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from ..contract.rendering import json_response, page_response
from ..contract.request import Request
from ..front.at_logout import cookies_at_logout
from ..gateway import Gateway, Issuer
from ..pages import WayOn
from ..protocol.client import Client
from ..protocol.redirect import RegisteredRedirect, with_state
from ..protocol.session import Session
from .browser import browser_secret
from .frames import frames_page, with_known_sid
from .outcome import Outcome, redirect_to
from .result import apps_of, result_of
from .status import status_url


async def after_logout(request: Request, gateway: Gateway, issuer: Issuer, outcome: Outcome) -> Response:
    """Frames first if an app needs them; else 303 to the registered URI with `state`; else a page or a LogoutResult.

    The provider's cookie is cleared, but only one that was presented and belongs to what ended; behind a front, all of
    the provider's cookies that end with a session.
    """
    front = [delivery for delivery in outcome.deliveries if delivery.channel == "front"]
    frames = await with_known_sid(gateway, issuer, front)
    digest, cookie = browser_secret(request, gateway) if outcome.may_name_account else (None, "")
    if frames:
        response = await frames_page(gateway, issuer, outcome, frames, digest)
    elif outcome.decision.redirect is not None:
        response, cookie = redirect_to(outcome.decision.redirect, outcome.state), ""
    else:
        response = await _signed_out(request, gateway, issuer, outcome, digest)
    if cookie:
        response.headers.append("Set-Cookie", cookie)
    has_ended = outcome.decision.action == "end" or outcome.sessions.ended_here is not None
    if issuer.cookie and issuer.cookie.clearing and outcome.own and has_ended:
        response.headers.append("Set-Cookie", issuer.cookie.clearing)
    passing, session = gateway.issuer_fronts.get(issuer.id), outcome.ended
    if passing is not None and session is not None and outcome.own and outcome.decision.action == "end":
        response.raw_headers.extend(
            await cookies_at_logout(passing, request.headers, sid=session.sid, host=request.host)
        )
    return response


async def _signed_out(
    request: Request, gateway: Gateway, issuer: Issuer, outcome: Outcome, digest: str | None
) -> Response:
    """A page or a LogoutResult. `digest` is of this browser's secret, where it was the browser's own session."""
    has_ended = outcome.decision.action == "end" or outcome.decision.over
    session = outcome.ended if has_ended else None
    if request.wants == "json":
        status = "signed_out" if has_ended else "nothing_to_end"
        return json_response(await _as_json(gateway, issuer, session, status, digest))
    way_on = _link(outcome.decision.link, outcome.state)
    if not has_ended:
        return page_response(gateway.pages.nothing_to_end(way_on=way_on))
    if session is None or digest is None:
        return page_response(gateway.pages.signed_out(account=None, way_on=way_on))
    page = gateway.pages.signed_out(
        account=session.user_label,
        way_on=way_on,
        apps=await apps_of(gateway, issuer, session.sid),
        refresh=status_url(gateway, issuer, session.sid, browser=digest),
    )
    return page_response(page)


async def _as_json(
    gateway: Gateway, issuer: Issuer, session: Session | None, status: str, digest: str | None
) -> dict[str, Any]:
    if session is None:
        return {"status": status}
    result = await result_of(gateway, issuer, session.sid, status) if digest else {"status": status}
    return {**result, "status_url": status_url(gateway, issuer, session.sid, browser=digest)}


def kept(request: Request, gateway: Gateway, client: Client | None) -> Response:
    """The user said no: the session stays, and there is a way on, but no redirect."""
    if request.wants == "json":
        return json_response({"status": "kept"})
    way_on = WayOn(client.client_uri, client.name) if client and client.client_uri else None
    return page_response(gateway.pages.kept(way_on=way_on))


def _link(uri: RegisteredRedirect | None, state: str | None) -> WayOn | None:
    """A link leads to web URLs only; an app's own scheme is for redirects."""
    if uri is None or urlsplit(uri).scheme not in ("http", "https"):
        return None
    return WayOn(with_state(uri, state))
