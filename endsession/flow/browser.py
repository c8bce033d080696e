"""CSRF, and the browser that was asked or whose session has ended: our own cookie recognizes it (T3, T24, T27)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from ..contract.request import Request
from ..gateway import Gateway
from ..protocol.errors import AccessDenied, InvalidRequest
from .handles import LIFETIME


def cookie_name_at(public_url: str) -> str:
    """`__Host-` pins the cookie to this host and to https; on a loopback address without https it cannot be had."""
    return "__Host-endsession" if public_url.startswith("https:") else "endsession"


def cookie_name(gateway: Gateway) -> str:
    """Its name here."""
    return cookie_name_at(gateway.public_url)


def browser_secret(request: Request, gateway: Gateway) -> tuple[str, str]:
    """The digest of a secret that this browser keeps, and the Set-Cookie value for it.

    An existing secret is kept, so that the browser's other tabs still work.
    """
    name = cookie_name(gateway)
    known = [value for value in request.cookies(name) if 20 <= len(value) <= 64]
    secret = known[0] if known else secrets.token_urlsafe(24)
    secure = "; Secure" if name.startswith("__Host-") else ""
    return _digest(secret), f"{name}={secret}; Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Lax{secure}"


def check_browser(request: Request, gateway: Gateway, digest: str) -> None:
    """Raises InvalidRequest for another browser than the one whose secret has this digest."""
    if not is_browser(request, gateway, digest):
        raise InvalidRequest("This question was asked in another browser, or its cookies are switched off.")


def is_browser(request: Request, gateway: Gateway, digest: str) -> bool:
    """Whether this is the browser whose secret has this digest."""
    presented = request.cookies(cookie_name(gateway))
    return any(hmac.compare_digest(_digest(value), digest) for value in presented[:4])


def check_origin(request: Request, gateway: Gateway) -> None:
    """Raises AccessDenied for a form of another site.

    Under `no-referrer` our own form sends `Origin: null`, which counts only with `Sec-Fetch-Site: same-origin`.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    parts = urlsplit(gateway.public_url)
    ours = origin in (None, f"{parts.scheme}://{parts.netloc}") or (origin == "null" and site == "same-origin")
    if not ours or site not in (None, "same-origin", "none"):
        raise AccessDenied("The answer came from another site.", detail="Origin or Sec-Fetch-Site of another site")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("latin-1")).hexdigest()
