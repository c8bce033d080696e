"""Front-channel logout: a page with one frame per app, and the way on from it (Front-Channel Logout 1.0)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from ..contract.rendering import page_response
from ..contract.request import Request
from ..delivery.sender import BY_HINT, BY_HINTS, BY_SETTING
from ..gateway import Gateway, Issuer
from ..pages import Frame
from ..protocol.client import Client
from ..protocol.errors import ServiceUnavailable
from ..protocol.session import names_user_alone
from ..store.deliveries import Delivery, mark_attempted, mark_untold
from ..store.script import Script
from .handles import open_handle, still_registered
from .outcome import Outcome, redirect_to
from .status import status_url

log = logging.getLogger(__name__)

_REQUIRES = "the app requires sid in its frames (frontchannel_logout_session_required), and "


async def with_known_sid(gateway: Gateway, issuer: Issuer, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The deliveries that get a frame: all but those of apps that ask for a `sid` and do not know this session's.

    An app compares `sid` with that of its ID token (section 2) and ignores a frame with another, so such a delivery has
    failed, and the ledger says why. An app that the login side named another `sid` for knows that one.
    """
    framed, untold = [], []
    for delivery in deliveries:
        client = await issuer.client(delivery.client_id)
        required = client is not None and client.frontchannel_logout_session_required and not delivery.rp_sid
        if why := await _why_unknown(issuer, delivery) if required else "":
            untold.append((delivery, _REQUIRES + why))
        else:
            framed.append(delivery)
    if untold:
        await _mark(gateway, mark_untold(untold, gateway.clock()))
    return framed


async def _why_unknown(issuer: Issuer, delivery: Delivery) -> str:
    if not issuer.with_sid:
        return BY_SETTING
    if names_user_alone(delivery.sid):
        return BY_HINT
    return BY_HINTS if await issuer.lack_sid(delivery.client_id) else ""


async def _mark(gateway: Gateway, marking: Script[None]) -> None:
    try:
        await gateway.store.write(marking)
    except ServiceUnavailable as error:
        # The session has ended by now, and the page with the frames is all that its apps will ever get.
        log.warning("what became of front-channel deliveries could not be recorded: %s", error)


async def frames_page(
    gateway: Gateway, issuer: Issuer, outcome: Outcome, deliveries: Sequence[Delivery], browser: str | None
) -> Response:
    """The page with a frame per app, which goes on by itself (section 4.1). `browser` is for its status URL."""
    frames = []
    for delivery in deliveries:
        client = await issuer.client(delivery.client_id)
        if client and client.frontchannel_logout_uri:
            frames.append(Frame(_frame_url(issuer, client, delivery), client.name))
    content = {
        "issuer": issuer.id,
        "sid": outcome.ended.sid if outcome.ended else None,
        "browser": browser,
        "endpoint": outcome.endpoint,
        "client_id": outcome.client.client_id if outcome.client else None,
        "redirect": outcome.decision.redirect,
        "state": outcome.state,
    }
    handle = gateway.sealer.seal("frames", content)
    page = gateway.pages.front_channel(frames=frames, go_on=gateway.link(issuer, f"logout/continue/{handle}"))
    await _mark(gateway, mark_attempted(deliveries, gateway.clock()))
    return page_response(page)


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
        return redirect_to(redirect, content["state"])
    location = status_url(gateway, issuer, content["sid"], browser=content["browser"])
    return Response(status_code=303, headers={"Location": location})
