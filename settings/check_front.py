"""Whether a front holds together with the rest of its issuer's settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from .front import Front
from .issuer import IssuerSettings
from .model import Server
from .problems import Location, Problem

_COOKIE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TAKEN_OVER = {
    "cookie": "browsers are recognised by a cookie of this gateway's own",
    "op_metadata_uri": "the metadata is read from front.upstream",
    "publish_op_keys": "the JWK Set has both the provider's keys and this gateway's anyway",
}
"""Settings that a front makes pointless, with the reason."""


def check_front(location: Location, issuer: IssuerSettings, server: Server) -> Iterator[Problem]:
    """Yield every problem with the front of the issuer at `location`."""
    front = issuer.front
    if front is None:
        return
    where = (*location, "front")
    yield from _upstream((*where, "upstream"), front.upstream, issuer.issuer)
    public = _place(server.public_url or f"http://{server.host}")
    if public[:2] != _place(issuer.issuer)[:2] and None not in (public[1], _place(issuer.issuer)[1]):
        message = "server.public_url has another host, so no browser would be recognised at a logout"
        fix = "let the proxy route this gateway's paths at the provider's host too, and name that in server.public_url"
        yield Problem((*location, "issuer"), message, fix, also=(("server", "public_url"),))
    for name, reason in _TAKEN_OVER.items():
        if getattr(issuer, name):
            yield Problem((*location, name), f"it does nothing together with front: {reason}", "leave it out")
    if issuer.participants == "all":
        message = "all contradicts front, which learns which apps take part in each session"
        yield Problem((*location, "participants"), message, "leave it out")
    if "authorization" not in front.learn or "token" not in front.learn:
        message = "without authorization and token no session is learnt"
        yield Problem((*where, "learn"), message, 'name both: learn = ["authorization", "token", "par"]')
    if ("action" in front.end_provider_session) != (issuer.ending is not None):
        listed = "action" in front.end_provider_session
        message = "action needs the table ending" if listed else "action is not named, and there is a table ending"
        fix = "add ending, with the provider's admin API" if listed else "name action, or leave ending out"
        yield Problem((*where, "end_provider_session"), message, fix, also=((*location, "ending"),))
    if "native" in front.end_provider_session:
        message = "native is not built yet: nothing would call the provider's own logout endpoint"
        fix = "leave native out; cookies, the default, asks the browser's user for a password again at every provider"
        yield Problem((*where, "end_provider_session"), message, fix)
    yield from _cookies(where, front)
    for index, prefix in enumerate(front.redirect_paths):
        if not prefix.startswith("/") or set(prefix) & set("?#\\ "):
            fix = "write the beginning of a path, such as /interaction/"
            yield Problem((*where, "redirect_paths", index), "it is not a path", fix)
    if front.end_offline and not front.refuse_refresh:
        message = "it cannot act: refuse_refresh = false lets every refresh token pass"
        yield Problem((*where, "end_offline"), message, "leave one of the two out", also=((*where, "refuse_refresh"),))


def _upstream(location: Location, upstream: str, issuer: str) -> Iterator[Problem]:
    scheme, host, _ = place = _place(upstream)
    parts = urlsplit(upstream if host else "")
    if scheme not in ("http", "https") or not host or "@" in parts.netloc:
        yield Problem(location, "it is not an http or https URL", "write it as in http://op.internal:9000")
    elif parts.path not in ("", "/") or parts.query or parts.fragment:
        yield Problem(
            location, "it has a path or a query: the paths of requests are passed on as they are", "leave it out"
        )
    elif place == _place(issuer):
        message = "it is the issuer's own public address: requests would come back here"
        yield Problem(location, message, "write the address at which the provider itself listens")


def _place(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", None, None
    return parts.scheme, parts.hostname, port


def _cookies(where: Location, front: Front) -> Iterator[Problem]:
    for member in ("cookies", "keep_cookies"):
        for index, name in enumerate(getattr(front, member)):
            if not _COOKIE.fullmatch(name) or "*" in name[:-1]:
                message = "it is not a cookie's name, with at most one * at the end"
                yield Problem((*where, member, index), message, "write it as the provider sets it, such as sessionid")
        if getattr(front, member) and "cookies" not in front.end_provider_session:
            message = "it cannot act: end_provider_session does not name cookies"
            also = ((*where, "end_provider_session"),)
            yield Problem((*where, member), message, "leave it out, or add cookies there", also=also)
    for name in set(front.cookies) & set(front.keep_cookies):
        message = f"{name} is to be withheld (cookies) and to pass (keep_cookies)"
        yield Problem((*where, "keep_cookies"), message, "leave it in one of the two")
