"""Everything that passing on the requests of one issuer's front needs."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from .. import settings as configuration
from ..pages import Pages
from ..protocol.errors import ServiceUnavailable
from ..store.script import Database
from .counting import Counts
from .incoming import Incoming
from .learning import Learner
from .provider import FrontedProvider
from .published import Published
from .upstream import Upstream

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IssuerFront:
    """The front of one issuer. `own_cookies` are the names of this gateway's cookies, which the provider never gets."""

    issuer_id: str
    identifier: str
    settings: configuration.Front
    upstream: Upstream
    provider: FrontedProvider
    published: Published
    learner: Learner
    store: Database
    counts: Counts
    pages: Pages
    clock: Callable[[], float]
    cookie_name: str
    own_cookies: frozenset[str]
    session_lifetime: float

    @property
    def https(self) -> bool:
        """Whether browsers reach the provider by TLS."""
        return self.identifier.startswith("https:")

    @property
    def scheme(self) -> str:
        """That of the provider's public URLs."""
        return "https" if self.https else "http"

    @property
    def cookie_paths(self) -> list[str]:
        """Paths at which the provider may have set cookies. Browsers take one with a slash at its end for another."""
        path = urlsplit(self.identifier).path.rstrip("/")
        return ["/", f"{path}/", path] if path else ["/"]

    async def registered(self, client_id: str | None) -> str | None:
        """`client_id`, if it is a registered client's: what anybody may write is not kept, counted or logged."""
        if not client_id or not client_id.isprintable():
            return None
        try:
            return client_id if await self.learner.tokens.hints.find_client(client_id) is not None else None
        except ServiceUnavailable:
            return None

    async def unless_away(self, work: Awaitable[T]) -> T | None:
        """The result of a storage operation; None where the storage is unavailable and sign-ins go on without it.

        Raises ServiceUnavailable where they do not (`on_failure`).
        """
        try:
            return await work
        except ServiceUnavailable as error:
            if self.settings.on_failure == "refuse":
                raise
            self.counts.add(self.issuer_id, "storage_unavailable")
            log.warning("a request of %s passes without being learnt (front.on_failure): %s", self.issuer_id, error)
            return None


def front_cookie_name(identifier: str) -> str:
    """`__Host-` pins the cookie to the provider's host and to https; without https it cannot be had."""
    return "__Host-endsession-browser" if identifier.startswith("https:") else "endsession-browser"


@dataclass(frozen=True, slots=True)
class BrowserCookie:
    """The cookie by which a browser is known here: `secret` is its value, `digest` what is kept of it."""

    secret: str
    digest: str
    new: bool

    def header(self, name: str, lifetime: float, *, https: bool) -> tuple[bytes, bytes]:
        """The Set-Cookie header that sets it or renews it."""
        secure = "; Secure" if https else ""
        line = f"{name}={self.secret}; Path=/; Max-Age={int(lifetime)}; HttpOnly; SameSite=Lax{secure}"
        return b"set-cookie", line.encode("ascii")


def browser_cookie(incoming: Incoming, name: str) -> BrowserCookie | None:
    """The browser of a request; a new cookie for one that may be given it, else None.

    None for two cookies of that name as well. A frame, and a form posted from another site, come without a Lax cookie
    although the browser may have one: a new one would replace it.
    """
    shown = {value for value in incoming.cookie(name) if 20 <= len(value) <= 64 and value.isascii()}
    if len(shown) > 1:
        return None  # one of them was planted, from a sibling host or over http, and nobody can say which
    if known := next(iter(shown), None):
        return BrowserCookie(known, digest_of(known), new=False)
    if not is_top_level(incoming) or (incoming.method != "GET" and _from_elsewhere(incoming)):
        return None
    secret = secrets.token_urlsafe(24)
    return BrowserCookie(secret, digest_of(secret), new=True)


def digest_of(secret: str) -> str:
    """SHA-256 in hex: what the storage has of the cookie (`session_cookies`)."""
    return hashlib.sha256(secret.encode("latin-1")).hexdigest()


def is_top_level(incoming: Incoming) -> bool:
    """Whether a request is a page of its own and no frame, as far as the browser says (Fetch Metadata)."""
    return all(value == b"document" for value in incoming.all(b"sec-fetch-dest"))


def _from_elsewhere(incoming: Incoming) -> bool:
    """Whether a form may come from another site: also where an old browser does not say."""
    sites = incoming.all(b"sec-fetch-site")
    return not sites or any(value not in (b"same-origin", b"none") for value in sites)
