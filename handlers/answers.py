"""Step 10: the answer, to the browser or to a caller that wants JSON."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.responses import HTMLResponse, Response

from endsession.contract.negotiation import prefers
from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.pages import Frame, Page, WayOn
from endsession.protocol.client import Client
from endsession.protocol.decide import Decision
from endsession.protocol.errors import NotFound, ServiceUnavailable
from endsession.protocol.redirect import RegisteredRedirect, with_state
from endsession.protocol.session import Session, Sessions
from endsession.store.deliveries import Delivery, mark_attempted
from endsession.store.sessions import load_session

from .questions import open_handle, still_registered
from .results import apps_of, result_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a logout request led to. `deliveries` are those that this request's ending wrote."""

    decision: Decision
    sessions: Sessions
    state: str | None
    client: Client | None
    deliveries: Sequence[Delivery]
    endpoint: str

    @property
    def ended(self) -> Session | None:
        """The session that is over now, if it is known which."""
        return self.decision.session or self.sessions.ended_here

    @property
    def own(self) -> bool:
        """Whether it was the session of this very browser, as its cookie proves."""
        browser = self.sessions.browser or self.sessions.ended_here
        return browser is not None and self.ended is not None and browser.sid == self.ended.sid


def is_browser(request: Request) -> bool:
    """Whether a page, and frames in it, can be shown."""
    return prefers(request.headers.get("accept", "")) == "html"


async def after_logout(request: Request, gateway: Gateway, issuer: Issuer, outcome: Outcome) -> Response:
    """Frames first if an app needs them; else 303 to the registered URI with `state`; else a page or a LogoutResult.

    The provider's cookie is cleared, but only one that was presented and belongs to what ended.
    """
    frames = [one for one in outcome.deliveries if one.channel == "front"]
    if frames:
        response = await _front_channel(gateway, issuer, outcome, frames)
    elif outcome.decision.redirect is not None:
        response = _redirect(outcome.decision.redirect, outcome.state)
    else:
        response = await _signed_out(request, gateway, issuer, outcome)
    over = outcome.decision.action == "end" or outcome.sessions.ended_here is not None
    if issuer.cookie and outcome.own and over:
        response.headers.append("Set-Cookie", issuer.cookie.clearing)
    return response


def _redirect(uri: RegisteredRedirect, state: str | None) -> Response:
    """Not RedirectResponse: that re-encodes, and the URI has to stay as it was registered."""
    return Response(status_code=303, headers={"Location": with_state(uri, state)})


async def _signed_out(request: Request, gateway: Gateway, issuer: Issuer, outcome: Outcome) -> Response:
    over = outcome.decision.action == "end" or outcome.decision.over
    ended = outcome.ended if over else None
    if prefers(request.headers.get("accept", "")) == "json":
        return json_response(await _as_json(gateway, issuer, outcome, ended, over=over))
    way_on = _link(outcome.decision.link, outcome.state)
    if not over:
        return _page(gateway.pages.nothing_to_end(way_on=way_on))
    if ended is None or not outcome.own:
        return _page(gateway.pages.signed_out(account=None, way_on=way_on))
    page = gateway.pages.signed_out(
        account=ended.user_label,
        way_on=way_on,
        apps=await apps_of(gateway, issuer, ended.sid),
        refresh=_status_url(gateway, issuer, ended.sid, own=True),
    )
    return _page(page)


async def _as_json(
    gateway: Gateway, issuer: Issuer, outcome: Outcome, ended: Session | None, *, over: bool
) -> dict[str, Any]:
    result: dict[str, Any] = {"status": "signed_out" if over else "nothing_to_end"}
    if ended is not None:
        if outcome.own:
            result = await result_of(gateway, issuer, ended.sid, "signed_out")
        result["status_url"] = _status_url(gateway, issuer, ended.sid, own=outcome.own)
    return result


def kept(request: Request, gateway: Gateway, client: Client | None) -> Response:
    """The user said no: the session stays, and there is a way on, but no redirect."""
    if prefers(request.headers.get("accept", "")) == "json":
        return json_response({"status": "kept"})
    way_on = WayOn(client.client_uri, client.name) if client and client.client_uri else None
    return _page(gateway.pages.kept(way_on=way_on))


# The status address


def _status_url(gateway: Gateway, issuer: Issuer, sid: str, *, own: bool) -> str:
    """An address that cannot be guessed, at which the state of a logout can be read for ten minutes."""
    handle = gateway.sealer.seal("status", {"issuer": issuer.id, "sid": sid, "own": own})
    return gateway.link(issuer, f"logout/status/{handle}")


async def status(request: Request, gateway: Gateway, issuer: Issuer) -> Response:
    """What became of a logout; apps and account are named only to the browser whose session it was."""
    content = open_handle(gateway, issuer, "status", request.path["handle"])
    sid, own = content["sid"], content["own"]
    record = await gateway.store.read(load_session(issuer.id, sid))
    if record is None:
        raise NotFound("Nothing is known of this logout any more.")
    over = not record.live(gateway.clock())
    if not is_browser(request):
        if own and over:
            return json_response(await result_of(gateway, issuer, sid, "signed_out"))
        return json_response({"status": "signed_out" if over else "kept"})
    if not over:
        return _page(gateway.pages.kept(way_on=None))
    page = gateway.pages.signed_out(
        account=record.user_label if own else None,
        way_on=None,
        apps=await apps_of(gateway, issuer, sid) if own else (),
        refresh=gateway.link(issuer, f"logout/status/{request.path['handle']}"),
    )
    return _page(page)


# Front-channel


async def _front_channel(
    gateway: Gateway, issuer: Issuer, outcome: Outcome, deliveries: Sequence[Delivery]
) -> Response:  # fmt: skip
    """The page with a frame per app, which goes on by itself (Front-Channel Logout 1.0, section 4.1)."""
    frames = []
    for delivery in deliveries:
        client = await issuer.client(delivery.client_id)
        if client and client.frontchannel_logout_uri:
            frames.append(Frame(_frame_url(issuer, client, delivery), client.name))
    content = {
        "issuer": issuer.id,
        "sid": outcome.ended.sid if outcome.ended else None,
        "own": outcome.own,
        "endpoint": outcome.endpoint,
        "client_id": outcome.client.client_id if outcome.client else None,
        "redirect": outcome.decision.redirect,
        "state": outcome.state,
    }
    handle = gateway.sealer.seal("frames", content)
    page = gateway.pages.front_channel(frames=frames, go_on=gateway.link(issuer, f"logout/continue/{handle}"))
    try:
        await gateway.store.write(mark_attempted(deliveries, gateway.clock()))
    except ServiceUnavailable as error:
        # The session is over by now, and these frames are all that its apps will ever get.
        log.warning("frames are shown of which the ledger does not know: %s", error)
    return _page(page)


def _frame_url(issuer: Issuer, client: Client, delivery: Delivery) -> str:
    """`iss` and `sid` both or neither: both where the client registered that it needs them (section 2)."""
    assert client.frontchannel_logout_uri is not None
    if not client.frontchannel_logout_session_required:
        return client.frontchannel_logout_uri
    query = urlencode({"iss": issuer.identifier, "sid": delivery.rp_sid or delivery.sid})
    return client.frontchannel_logout_uri + ("&" if "?" in client.frontchannel_logout_uri else "?") + query


async def after_frames(request: Request, gateway: Gateway, issuer: Issuer) -> Response:
    """On from the frames: to the redirect if it is still registered, else to the status page."""
    content = open_handle(gateway, issuer, "frames", request.path["handle"])
    client = await issuer.client(content["client_id"]) if content["client_id"] else None
    redirect = still_registered(gateway, issuer, content["endpoint"], client, content["redirect"])
    if redirect is not None:
        return _redirect(redirect, content["state"])
    location = _status_url(gateway, issuer, content["sid"], own=content["own"])
    return Response(status_code=303, headers={"Location": location})


def _link(uri: RegisteredRedirect | None, state: str | None) -> WayOn | None:
    """A link leads to web addresses only; an app's own scheme is for redirects."""
    if uri is None or urlsplit(uri).scheme not in ("http", "https"):
        return None
    return WayOn(with_state(uri, state))


def _page(page: Page) -> Response:
    return HTMLResponse(page.html, headers={"Content-Security-Policy": page.csp})
