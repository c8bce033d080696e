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
from ..protocol.policy import Policy
from ..protocol.request import LogoutRequest
from .browser import browser_secret, check_browser
from .find import provider_cookies
from .handles import open_handle
from .receive import Received


def lacks_cookie(request: Request, issuer: Issuer, policy: Policy) -> bool:
    """Whether a browser posted this from elsewhere, so that SameSite=Lax kept the provider's cookie back."""
    return (
        request.method == "POST"
        and request.wants == "html"
        and policy.hint_authority == "cookie"
        and issuer.cookie is not None
        and not provider_cookies(request, issuer)
    )


def park(request: Request, gateway: Gateway, issuer: Issuer, received: Received) -> Response:
    """303 to ourselves, bound to this browser."""
    digest, cookie = browser_secret(request, gateway)
    response = RedirectResponse(resume_url(gateway, issuer, received, digest), 303)
    response.headers.append("Set-Cookie", cookie)
    return response


def resume_url(gateway: Gateway, issuer: Issuer, received: Received, browser: str | None) -> str:
    """Where a parked request goes on: in the browser of that secret's digest, or in any."""
    content = {
        "issuer": received.issuer_id,
        "endpoint": received.endpoint,
        "request": asdict(received.request),
        "hint": [type(received.hint).__name__, asdict(received.hint)],
        "browser": browser,
    }
    handle = gateway.sealer.seal("parked", content)
    return gateway.link(issuer, f"logout/resume?handle={handle}")


def open_parked(request: Request, gateway: Gateway, issuer: Issuer) -> Received:
    """The parked request of a handle. Raises InvalidRequest, StaleHandle among it."""
    content = open_handle(gateway, issuer, "parked", request.query["handle"])
    if content["browser"] is not None:
        check_browser(request, gateway, content["browser"])
    kind, members = content["hint"]
    hint = _HINTS[kind](**members)
    return Received(content["issuer"], content["endpoint"], LogoutRequest(**content["request"]), hint)


_HINTS: dict[str, Any] = {kind.__name__: kind for kind in (NoHint, RefusedHint, VerifiedHint)}
