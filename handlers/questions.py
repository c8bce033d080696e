"""Step 7: asking the user, and parking a request until the browser comes back with its cookie.

Nothing is stored for a question: what the answer needs travels in a sealed handle, bound to the session that was asked
about and, by a cookie of ours, to the browser that was asked. Only its use is stored, once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from endsession.contract.negotiation import prefers
from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.protocol.client import Client
from endsession.protocol.decide import Decision, Doubt
from endsession.protocol.errors import AccessDenied, InvalidRequest
from endsession.protocol.hint import Hint, NoHint, RefusedHint, VerifiedHint
from endsession.protocol.redirect import RegisteredRedirect, match
from endsession.protocol.request import LogoutRequest
from endsession.protocol.session import Session, Sessions
from endsession.tokens.seal import BadHandle

from .finding import unregistered_sub

LIFETIME = 600
"""Seconds for which a handle is good."""


@dataclass(frozen=True, slots=True)
class Parked:
    """The verified parts of a logout request. The raw hint is not among them."""

    issuer_id: str
    endpoint: str
    asked: LogoutRequest
    hint: Hint


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and what a yes leads to. `endpoint` is the path of the endpoint that was called."""

    issuer_id: str
    endpoint: str
    sid: str | None
    unregistered_sub: str | None
    account: str | None
    client_id: str | None
    redirect: str | None
    state: str | None
    doubt: Doubt


# Parking


def park(request: Request, gateway: Gateway, issuer: Issuer, parked: Parked) -> Response:
    """303 to ourselves, since a redirect's GET carries Lax cookies that a cross-site POST does not."""
    secret, cookie = _browser_secret(request, gateway)
    response = RedirectResponse(_resume_url(gateway, issuer, parked, secret), 303)
    response.headers.append("Set-Cookie", cookie)
    return response


def _resume_url(gateway: Gateway, issuer: Issuer, parked: Parked, secret: str | None) -> str:
    content = {
        "issuer": parked.issuer_id,
        "endpoint": parked.endpoint,
        "asked": asdict(parked.asked),
        "hint": [type(parked.hint).__name__, asdict(parked.hint)],
        "browser": _digest(secret) if secret else None,
    }
    handle = gateway.sealer.seal("parked", content)
    return gateway.link(issuer, f"logout/resume?handle={handle}")


def open_parked(request: Request, gateway: Gateway, issuer: Issuer) -> Parked:
    """The parked request of a handle. Raises InvalidRequest."""
    content = open_handle(gateway, issuer, "parked", request.query["handle"])
    if content["browser"] is not None:
        _check_browser(request, gateway, content["browser"])
    kind, members = content["hint"]
    return Parked(content["issuer"], content["endpoint"], LogoutRequest(**content["asked"]), _HINTS[kind](**members))


_HINTS: dict[str, Any] = {kind.__name__: kind for kind in (NoHint, RefusedHint, VerifiedHint)}


# Asking


def ask(
    request: Request,
    gateway: Gateway,
    issuer: Issuer,
    parked: Parked,
    decision: Decision,
    client: Client | None,
) -> Response:
    """The question page; for a caller that wants JSON, the address at which a browser can be asked."""
    if prefers(request.headers.get("accept", "")) == "json":
        url = _resume_url(gateway, issuer, parked, None)
        return json_response({"status": "confirmation_required", "confirm_url": url})
    assert decision.doubt is not None
    session = decision.session
    question = Question(
        issuer_id=issuer.id,
        endpoint=parked.endpoint,
        sid=session.sid if session else None,
        unregistered_sub=unregistered_sub(issuer, session, parked.hint) if session else None,
        account=session.user_label if session and decision.doubt != "unmatched" else None,
        client_id=client.client_id if client else None,
        redirect=decision.redirect,
        state=parked.asked.state,
        doubt=decision.doubt,
    )
    secret, cookie = _browser_secret(request, gateway)
    handle = gateway.sealer.seal("question", asdict(question) | {"issuer": issuer.id, "browser": _digest(secret)})
    response = _question_page(gateway, issuer, question, handle, client)
    response.headers.append("Set-Cookie", cookie)
    return response


def ask_again(
    request: Request, gateway: Gateway, issuer: Issuer, question: Question, handle: str, client: Client | None
) -> Response:
    """The same question with the same handle, so that changing the language loses nothing."""
    return _question_page(gateway, issuer, question, handle, client)


def _question_page(
    gateway: Gateway, issuer: Issuer, question: Question, handle: str, client: Client | None
) -> Response:
    page = gateway.pages.question(
        action=gateway.link(issuer, "logout/confirm"),
        handle=handle,
        doubt=question.doubt,
        app=client.name if client else None,
        account=question.account,
        goes_to=question.redirect,
    )
    return HTMLResponse(page.html, headers={"Content-Security-Policy": page.csp})


# Answers


def open_question(request: Request, gateway: Gateway, issuer: Issuer, handle: str) -> Question:
    """The question that an answer is for. Raises InvalidRequest, or AccessDenied for another site's form."""
    _check_origin(request, gateway)
    content = open_handle(gateway, issuer, "question", handle)
    _check_browser(request, gateway, content.pop("browser"))
    content.pop("issuer")
    return Question(**content)


def decision_after_yes(
    gateway: Gateway, issuer: Issuer, question: Question, client: Client | None, sessions: Sessions
) -> Decision:
    """What the yes decided."""
    redirect = still_registered(gateway, issuer, question.endpoint, client, question.redirect)
    if question.sid is None:
        return Decision("nothing", redirect=redirect)
    session = sessions.browser or Session(question.sid, "", live=False)
    return Decision("end", session, redirect)


def still_registered(
    gateway: Gateway, issuer: Issuer, endpoint: str, client: Client | None, redirect: str | None
) -> RegisteredRedirect | None:
    """A sealed redirect, held to the registration once more: it may have changed meanwhile."""
    if redirect is None or client is None:
        return None
    mode = issuer.policy_of(gateway.document.endpoints[endpoint]).redirect_match
    return match(redirect, client.post_logout_redirect_uris, mode, native=client.native)


def open_handle(gateway: Gateway, issuer: Issuer, purpose: str, handle: str) -> dict[str, Any]:
    """What is in a handle of this issuer. Raises InvalidRequest."""
    try:
        content = gateway.sealer.unseal(purpose, handle)
    except BadHandle as problem:
        raise InvalidRequest("The handle is not valid any more. Start again at the app.", detail=str(problem)) from None
    if content["issuer"] != issuer.id:
        raise InvalidRequest("The handle is not valid any more. Start again at the app.", detail="another issuer's")
    return content


# The browser that was asked


def _cookie_name(gateway: Gateway) -> str:
    """`__Host-` pins the cookie to this host and to https; on a loopback address without https it cannot be had."""
    return "__Host-endsession" if gateway.public_url.startswith("https:") else "endsession"


def _browser_secret(request: Request, gateway: Gateway) -> tuple[str, str]:
    """A secret that this browser keeps, and the Set-Cookie value for it. One that it has stays, for its other tabs."""
    name = _cookie_name(gateway)
    known = [value for value in request.cookies(name) if 20 <= len(value) <= 64]
    secret = known[0] if known else secrets.token_urlsafe(24)
    secure = "; Secure" if name.startswith("__Host-") else ""
    return secret, f"{name}={secret}; Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Lax{secure}"


def _check_browser(request: Request, gateway: Gateway, digest: str) -> None:
    presented = request.cookies(_cookie_name(gateway))
    if not any(hmac.compare_digest(_digest(value), digest) for value in presented[:4]):
        raise InvalidRequest("This question was asked in another browser, or its cookies are switched off.")


def _check_origin(request: Request, gateway: Gateway) -> None:
    """Under `no-referrer` our own form sends `Origin: null`, which counts only beside `Sec-Fetch-Site: same-origin`."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    parts = urlsplit(gateway.public_url)
    ours = origin in (None, f"{parts.scheme}://{parts.netloc}") or (origin == "null" and site == "same-origin")
    if not ours or site not in (None, "same-origin", "none"):
        raise AccessDenied("The answer came from another site.", detail="Origin or Sec-Fetch-Site of another site")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("latin-1")).hexdigest()
