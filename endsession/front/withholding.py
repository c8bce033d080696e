"""Which of the provider's cookies are withheld from it after a logout, and how a browser is made to delete them. Pure.

A cookie is withheld by its value: what was alive when the session ended never reaches the provider again, and what the
next sign-in sets does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .. import settings as configuration
from ..store.front import Browser

MOST_WITHHELD = 3
"""Requests of one browser from which cookies are withheld for one ended session. What is still sent then cannot be
deleted, and a provider that goes on without it would be asked again and again."""
MOST_DEAD = 200
"""Cookies of one browser that are remembered; browsers keep at most 180 for a host."""
MAX_DELETIONS = 2500
"""Bytes of Set-Cookie headers in one response: many proxies take 4 KB of response head by default, the provider's
included."""
_GONE = "Max-Age=0"


@dataclass(frozen=True, slots=True)
class Withholding:
    """What becomes of a request's cookies. `digests` are withheld, `names` are theirs; `dead` are those now known."""

    digests: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    in_vain: bool = False
    """Whether cookies pass although their session has ended: withholding them has had no effect."""

    def withholds(self, name: str, value: str) -> bool:
        """Whether a cookie does not pass."""
        return bool(self.digests) and cookie_digest(name, value) in self.digests


def cookie_digest(name: str, value: str) -> str:
    """By what a cookie of the provider is known: SHA-256, in hex, of its name and value."""
    return hashlib.sha256(f"{name}={value}".encode("utf-8", "surrogatepass")).hexdigest()


def logout_digest(sid: str) -> str:
    """That there was a logout from session `sid` in this browser."""
    return hashlib.sha256(f"logout\n{sid}".encode("utf-8", "surrogatepass")).hexdigest()


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
    return Withholding(frozenset(dead), _names(dead.values()))


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _named(name: str, patterns: Iterable[str]) -> bool:
    return any(name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in patterns)


def deletions(names: Iterable[str], *, host: str, paths: Sequence[str], https: bool) -> list[tuple[bytes, bytes]]:
    """Set-Cookie headers that delete cookies, however they were set: with and without Domain, at each of `paths`.

    A browser deletes a cookie only if name, domain and path are those it was set with (RFC 6265bis, section 5.7), and
    Partitioned cookies are kept apart from others. Those for which there is no room are deleted with the next request.
    """
    found: list[tuple[bytes, bytes]] = []
    size = 0
    for name in names:
        lines = [line.encode("latin-1", "replace") for line in _lines(name, host, paths, https=https)]
        size += sum(map(len, lines))
        if size > MAX_DELETIONS and found:
            break
        found += [(b"set-cookie", line) for line in lines]
    return found


def _lines(name: str, host: str, paths: Sequence[str], *, https: bool) -> Iterator[str]:
    secure = ["; Secure"] if https else [""]
    if https:
        secure.append("; Secure; Partitioned")
    if name.startswith("__Host-"):
        yield from (f"{name}=; {_GONE}; Path=/{attributes}" for attributes in secure)
        return
    for path in dict.fromkeys(paths):
        for domain in ("", *(f"; Domain={parent}" for parent in _domains(host))):
            yield f"{name}=; {_GONE}; Path={path}{domain}{secure[0]}"
        yield from (f"{name}=; {_GONE}; Path={path}{attributes}" for attributes in secure[1:])


def _domains(host: str) -> list[str]:
    """The host and the domain above it; browsers ignore one that is a public suffix."""
    labels = host.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in host:
        return []
    return [host, *([".".join(labels[1:])] if len(labels) > 2 else [])]
