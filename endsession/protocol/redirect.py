"""Where a browser may be sent after a logout.

The rule is string equality with a registered value (RP-Initiated Logout 1.0, section 3). Both other modes are opt-in
and loosen exactly one component of a registered URI; everything else still has to be equal, character by character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NewType
from urllib.parse import quote, urlsplit

RegisteredRedirect = NewType("RegisteredRedirect", str)
"""A URI that a client registered and that may be used now. Only `match` makes one."""

RedirectMatch = Literal["exact", "exact_or_native_loopback", "wildcard"]

# Schemes that run or read something in the browser or the system instead of going somewhere. They have no period, which
# is reason enough to refuse them; they are named so that a refusal says why, and whatever becomes of that rule.
FORBIDDEN_SCHEMES = frozenset(
    {"about", "blob", "chrome", "chrome-extension", "content", "data", "feed", "file", "filesystem", "ftp", "hcp"}
    | {"intent", "its", "jar", "javascript", "livescript", "mailto", "mhtml", "mk", "mocha", "moz-extension", "ms-its"}
    | {"ms-msdt", "res", "resource", "search-ms", "tel", "vbscript", "view-source", "ws", "wss"}
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_AUTHORITY = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)
"""A host name or an IP address, and a port. A page writes it into its Content-Security-Policy as it stands (T16)."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?((?:[/?].*)?)")


def unusable(uri: str) -> str | None:
    """Say why `uri` can never be a redirect target, registered or not; None when nothing speaks against it."""
    if _UNPRINTABLE.search(uri) or "\\" in uri:
        return "it holds a space, a backslash, a control or a non-ASCII character"
    scheme, colon, rest = uri.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        return "it is not an absolute URI"
    if scheme.lower() in FORBIDDEN_SCHEMES:
        return f"the scheme {scheme.lower()} is not allowed"
    if "#" in uri:
        return "it has a fragment"
    if scheme.lower() in ("http", "https"):
        return _unusable_web_uri(uri)
    if "." not in scheme:
        return "a scheme of an app's own needs a period, as in com.example.app (RFC 8252, section 7.1)"
    return None if rest else "nothing follows its scheme"


def _unusable_web_uri(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "its host or port is malformed"
    if not host or not uri[len(parts.scheme) :].startswith("://"):
        return "it names no host"
    if "@" in parts.netloc:
        return "it holds user information"
    if "*" in parts.netloc:
        return "its host holds a wildcard"
    if not _AUTHORITY.fullmatch(parts.netloc):
        return "its host holds characters that no host name has"
    return None


def match(uri: str, registered: Iterable[str], mode: RedirectMatch, *, native: bool) -> RegisteredRedirect | None:
    """Return `uri` as a registered redirect if `mode` allows it for one of `registered`, else None.

    `native` is whether the client is a native application; only those may vary a loopback port (RFC 8252, 7.3).
    """
    if unusable(uri):
        return None
    for candidate in registered:
        if uri == candidate:
            return RegisteredRedirect(uri)
        if mode == "wildcard" and _matches_wildcard(uri, candidate):
            return RegisteredRedirect(uri)
        if mode == "exact_or_native_loopback" and native and _same_but_loopback_port(uri, candidate):
            return RegisteredRedirect(uri)
    return None


def _matches_wildcard(uri: str, candidate: str) -> bool:
    """`https://*.example.com/x` stands for one host label in the place of the star, and for nothing more."""
    before, star, after = candidate.partition("://*.")
    if not star:
        return False
    return re.fullmatch(re.escape(before) + "://" + _LABEL + re.escape("." + after), uri) is not None


def _same_but_loopback_port(uri: str, candidate: str) -> bool:
    """Same loopback address literal and same path and query; the port is the one the system gave the app."""
    asked, known = _LOOPBACK.fullmatch(uri), _LOOPBACK.fullmatch(candidate)
    return asked is not None and known is not None and asked.groups() == known.groups()


def with_state(uri: RegisteredRedirect, state: str | None) -> str:
    """Append `state` as a query parameter if it was given, leaving every other character of `uri` as it is."""
    if state is None:
        return uri
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{joint}state={quote(state, safe='')}"
