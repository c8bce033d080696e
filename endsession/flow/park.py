"""Parking: a form that another site posted comes without the provider's cookie, so the browser is sent back by GET.

A redirect's GET carries `SameSite=Lax` cookies that a cross-site POST does not. Nothing is stored meanwhile: what was
verified travels in a sealed handle. The raw hint does not.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.responses import RedirectResponse, Response

from ..contract.request import Request
from ..gateway import Gateway, Issuer
from ..protocol.hint import NoHint, RefusedHint, VerifiedHint
from ..protocol.request import LogoutRequest
from .find import provider_cookies
from .handles import open_handle
from .receive import Received


def lacks_cookie(request: Request, issuer: Issuer) -> bool:
    """Whether a browser posted this from elsewhere, so that SameSite=Lax kept the provider's cookie back.

    Also where the hint has the authority: without the cookie nobody could see that the hint is not this browser's.
    """
    return (
        request.method == "POST"
        and (request.wants == "html" or request.headers.get("sec-fetch-mode") == "navigate")
        and issuer.cookie is not None
        and not provider_cookies(request, issuer)
    )


def park(request: Request, gateway: Gateway, issuer: Issuer, received: Received) -> Response:
    """303 to ourselves. No cookie is set: the one that this browser has was kept back too, and may be in use."""
    return RedirectResponse(resume_url(gateway, issuer, received), 303)


def resume_url(gateway: Gateway, issuer: Issuer, received: Received) -> str:
    """Where a parked request goes on, in any browser: it is worth as much there as the request itself."""
    content = {
        "issuer": received.issuer_id,
        "endpoint": received.endpoint,
        "request": asdict(received.request),
        "hint": [type(received.hint).__name__, asdict(received.hint)],
    }
    handle = gateway.sealer.seal("parked", content)
    return gateway.link(issuer, f"logout/resume?handle={handle}")


def open_parked(request: Request, gateway: Gateway, issuer: Issuer) -> Received:
    """The parked request of a handle. Raises InvalidRequest, StaleHandle among it."""
    content = open_handle(gateway, issuer, "parked", request.query["handle"])
    kind, members = content["hint"]
    hint = _HINTS[kind](**members)
    return Received(content["issuer"], content["endpoint"], LogoutRequest(**content["request"]), hint)


_HINTS: dict[str, Any] = {kind.__name__: kind for kind in (NoHint, RefusedHint, VerifiedHint)}
