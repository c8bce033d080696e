"""Which of the provider's cookies are withheld from it after a logout, and how a browser is made to delete them. Pure.

A cookie is withheld by its value: what was alive when the session ended never reaches the provider again, and what the
next sign-in sets does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .. import settings as configuration
from ..store.front import Browser

MOST_WITHHELD = 3
"""Requests of one browser from which cookies are withheld for one ended session. What is still sent then cannot be
deleted, and a provider that goes on without it would be asked again and again."""
MOST_DEAD = 200
"""Cookies of one browser that are remembered; browsers keep at most 180 for a host."""
MAX_HEAD = 3800
"""Bytes of a response's head up to which deletions are added: many proxies take 4 KB by default."""
MIN_DELETIONS = 1000
"""Bytes for deletions also where the provider's own head leaves no room for them: else a logout would not hold."""


@dataclass(frozen=True, slots=True)
class Withholding:
    """What becomes of a request's cookies. `digests` are withheld, `names` are theirs; `dead` are those now known."""

    digests: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    in_vain: bool = False
    """Whether cookies pass although their session has ended: withholding them has had no effect."""
    attempt: int = 0
    """From how many requests cookies have been withheld before, since the session ended."""

    def withholds(self, name: str, value: str) -> bool:
        """Whether a cookie does not pass."""
        return bool(self.digests) and cookie_digest(name, value) in self.digests


def cookie_digest(name: str, value: str) -> str:
    """By what a cookie of the provider is known: SHA-256, in hex, of its name and value."""
    return hashlib.sha256(f"{name}={value}".encode("utf-8", "surrogatepass")).hexdigest()


def deleted_digest(sid: str, name: str) -> str:
    """That the browser was made to delete its cookies of this name when its session `sid` ended.

    What it shows under that name later has been set since then.
    """
    return hashlib.sha256(f"deleted\n{sid}\n{name}".encode("utf-8", "surrogatepass")).hexdigest()


def eligible_cookies(
    cookies: Iterable[tuple[str, str]], front: configuration.Front, own: Collection[str]
) -> dict[str, str]:
    """Of a request's cookies those that end with a session, as the settings say: their digests, and their names.

    `own` are names of this gateway's cookies.
    """
    if "cookies" not in front.end_provider_session:
        return {}
    return {
        cookie_digest(name, value): name
        for name, value in cookies
        if name not in own
        and not _named(name, front.keep_cookies)
        and (not front.cookies or _named(name, front.cookies))
    }


def withholding(
    cookies: Sequence[tuple[str, str]], browser: Browser, front: configuration.Front, own: Collection[str]
) -> Withholding:
    """Decide for the cookies of an authorization request; `own` are names of this gateway's cookies.

    The first request after a session has ended shows which cookies were alive then, but for those that the browser was
    made to delete at its logout. From the next ones on, those are withheld and no others: they are the same browser's,
    and whatever is new has been set by a new sign-in.
    """
    eligible = eligible_cookies(cookies, front, own)
    if browser.ended and not browser.cleaned:
        alive = {
            digest: name
            for digest, name in eligible.items()
            if digest in browser.dead or deleted_digest(browser.sid or "", name) not in browser.dead
        }
        return Withholding(frozenset(alive), _names(alive.values()), tuple(alive)[:MOST_DEAD])
    dead = {digest: name for digest, name in eligible.items() if digest in browser.dead}
    if browser.ended and browser.withheld >= MOST_WITHHELD:
        return Withholding(in_vain=bool(dead))
    return Withholding(frozenset(dead), _names(dead.values()), attempt=browser.withheld)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _named(name: str, patterns: Iterable[str]) -> bool:
    return any(name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in patterns)


def deletions(
    names: Sequence[str],
    *,
    host: str,
    paths: Sequence[str],
    https: bool,
    room: int = MAX_HEAD,
    attempt: int = 0,
) -> list[tuple[bytes, bytes]]:
    """Set-Cookie headers that delete cookies, wherever they were set: with and without Domain, at each of `paths`.

    A browser deletes a cookie only if name, domain and path are those it was set with (RFC 6265bis, section 5.7), and
    Partitioned cookies are kept apart from others. `room` is in bytes of the response's head. Where it does not do,
    all names are deleted at the likeliest places first, and each further `attempt` begins with other places.
    """
    places = _places(host, paths, https=https)
    begin = attempt * len(places) // MOST_WITHHELD
    pinned = [name for name in names if name.lower().startswith("__host-")]
    others = [name for name in names if name not in pinned]
    lines = [_line(name, place) for name in pinned for place in _places("", ["/"], https=https)]
    lines += [_line(name, place) for place in places[begin:] + places[:begin] for name in others]
    found: list[tuple[bytes, bytes]] = []
    for line in lines:
        room -= len(b"set-cookie: \r\n") + len(line)
        if room < 0:
            break
        found.append((b"set-cookie", line))
    return found


def _line(name: str, place: str) -> bytes:
    # Cookies with these prefixes can be set with HttpOnly alone (RFC 6265bis, section 4.1.3), and so deleted.
    http_only = "; HttpOnly" if name.lower().startswith(("__http-", "__host-http-")) else ""
    return f"{name}=; Max-Age=0{place}{http_only}".encode("latin-1", "replace")


def _places(host: str, paths: Sequence[str], *, https: bool) -> list[str]:
    """The attributes of every place at which a cookie can be, the likeliest first."""
    domains = [f"; Domain={domain}" for domain in _domains(host)]
    found = [f"; Path={path}" for path in paths]
    found += [f"; Path={path}{domain}" for path in paths for domain in domains]
    if not https:
        return found
    return [f"{place}; Secure" for place in found] + [f"{place}; Secure; Partitioned" for place in found]


def _domains(host: str) -> list[str]:
    """The host and the domains above it, the nearest first; browsers ignore one that is a public suffix."""
    labels = host.split(".")
    if labels[-1].isdigit() or ":" in host:
        return []
    return [".".join(labels[at:]) for at in range(len(labels) - 1)]
