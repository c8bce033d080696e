"""Front-channel logout: a page with one frame per app, and the way on from it (Front-Channel Logout 1.0)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from ..contract.rendering import page_response
from ..contract.request import Request
from ..gateway import Gateway, Issuer
from ..pages import Frame
from ..protocol.client import Client
from ..protocol.errors import ServiceUnavailable
from ..store.deliveries import Delivery, mark_attempted
from .handles import open_handle, still_registered
from .outcome import Outcome, redirect_to
from .status import status_url

log = logging.getLogger(__name__)


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
    try:
        await gateway.store.write(mark_attempted(deliveries, gateway.clock()))
    except ServiceUnavailable as error:
        # The session has ended by now, and these frames are all that its apps will ever get.
        log.warning("front-channel page shown, but its deliveries could not be marked as attempted: %s", error)
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
