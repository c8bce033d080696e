"""Handles that travel through the browser: opened for their issuer, and their redirects held to the registration."""

from __future__ import annotations

from typing import Any

from ..gateway import Gateway, Issuer
from ..protocol.client import Client
from ..protocol.errors import StaleHandle
from ..protocol.redirect import RegisteredRedirect, match
from ..tokens.seal import BadHandle

LIFETIME = 600
"""Seconds for which a handle can be used, and for which a browser keeps what it is bound to."""


def open_handle(gateway: Gateway, issuer: Issuer, purpose: str, handle: str) -> dict[str, Any]:
    """What is in a handle of this issuer. Raises StaleHandle."""
    try:
        content = gateway.sealer.unseal(purpose, handle)
    except BadHandle as problem:
        raise StaleHandle(detail=str(problem)) from None
    if content["issuer"] != issuer.id:
        raise StaleHandle(detail="another issuer's")
    return content


def still_registered(
    gateway: Gateway, issuer: Issuer, endpoint: str, client: Client | None, redirect: str | None
) -> RegisteredRedirect | None:
    """A sealed redirect, held to the registration once more: it may have changed meanwhile."""
    if redirect is None or client is None:
        return None
    mode = issuer.policy_of(gateway.document.endpoints[endpoint]).redirect_match
    return match(redirect, client.post_logout_redirect_uris, mode, native=client.native)
