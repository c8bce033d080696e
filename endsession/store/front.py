"""What a front has seen of browsers: which session is theirs, which sign-ins are under way, which cookies are dead.

Of cookies, codes, nonces and tokens only digests are kept (`protocol/exchange.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .script import Script, Statement

AWAITED_FOR = 3600.0
"""Seconds for which the token of an authorization request is awaited."""


@dataclass(frozen=True, slots=True)
class Browser:
    """What is known of a browser. `sid` is its newest session's, and `ended` whether that one has ended."""

    sid: str | None = None
    ended: bool = False
    cleaned: bool = False
    """Whether the cookies that were alive at that ending are known."""
    withheld: int = 0
    """In how many of its requests cookies have been withheld since then."""
    dead: frozenset[str] = frozenset()
    """Digests of cookies of its ended sessions."""


def find_browser(issuer_id: str, sha256: str, now: float) -> Script[Browser]:
    """Look a browser up, by the SHA-256 of its cookie."""
    key = {"issuer_id": issuer_id, "sha256": sha256, "now": now}
    rows = yield Statement(
        "SELECT s.sid, s.ended_at IS NOT NULL OR s.dies_at <= :now FROM session_cookies c"
        " JOIN sessions s ON s.issuer_id = c.issuer_id AND s.sid = c.sid"
        " WHERE c.issuer_id = :issuer_id AND c.sha256 = :sha256",
        key,
    )
    if not rows:
        return Browser()
    sid, ended = rows[0][0], bool(rows[0][1])
    state = yield Statement(
        "SELECT cleaned_sid, withheld FROM front_browsers WHERE issuer_id = :issuer_id AND sha256 = :sha256", key
    )
    dead = yield Statement(
        "SELECT sha256 FROM front_dead_cookies WHERE issuer_id = :issuer_id AND browser = :sha256", key
    )
    cleaned_sid, withheld = state[0] if state else ("", 0)
    return Browser(
        sid=sid,
        ended=ended,
        cleaned=cleaned_sid == sid,
        withheld=withheld if cleaned_sid == sid else 0,
        dead=frozenset(row[0] for row in dead),
    )


def withhold(
    issuer_id: str, sha256: str, sid: str, cookies: Sequence[str], *, now: float, expires_at: float
) -> Script[None]:
    """Note that cookies of a browser are withheld since its session `sid` ended; those given are dead from now on.

    Without any, it is known from now on that there are none.
    """
    yield _see(issuer_id, sha256, now)
    yield Statement(
        "UPDATE front_browsers SET withheld = CASE WHEN cleaned_sid = :sid THEN withheld + 1 ELSE :first END,"
        " cleaned_sid = :sid WHERE issuer_id = :issuer_id AND sha256 = :sha256",
        {"issuer_id": issuer_id, "sha256": sha256, "sid": sid, "first": int(bool(cookies))},
    )
    yield from note_dead(issuer_id, sha256, cookies, expires_at)


def note_dead(issuer_id: str, sha256: str, cookies: Sequence[str], expires_at: float) -> Script[None]:
    """Digests of a browser's cookies that never reach the provider again (`front/withholding.py`)."""
    for cookie in cookies:
        yield Statement(
            "INSERT INTO front_dead_cookies (issuer_id, browser, sha256, expires_at)"
            " VALUES (:issuer_id, :browser, :sha256, :expires_at)"
            " ON CONFLICT (issuer_id, browser, sha256) DO UPDATE SET expires_at = excluded.expires_at",
            {"issuer_id": issuer_id, "browser": sha256, "sha256": cookie, "expires_at": expires_at},
        )


def lock_browser(issuer_id: str, sha256: str, now: float) -> Statement:
    """Two sign-ins of one browser must not begin two sessions: the second waits here until the first has committed."""
    return _see(issuer_id, sha256, now)


def _see(issuer_id: str, sha256: str, now: float) -> Statement:
    return Statement(
        "INSERT INTO front_browsers (issuer_id, sha256, seen_at) VALUES (:issuer_id, :sha256, :now)"
        " ON CONFLICT (issuer_id, sha256) DO UPDATE SET seen_at = excluded.seen_at",
        {"issuer_id": issuer_id, "sha256": sha256, "now": now},
    )


def await_token(
    issuer_id: str, browser: str, keys: Sequence[str], *, offline: bool = False, now: float
) -> Script[None]:
    """A browser's sign-in is under way. What another browser shows as well finds neither of them any more.

    `offline` says that it asks for `offline_access`.
    """
    for key in sorted(keys):
        yield Statement(
            "INSERT INTO front_awaited (issuer_id, sha256, browser, offline, expires_at)"
            " VALUES (:issuer_id, :sha256, :browser, :offline, :expires_at)"
            " ON CONFLICT (issuer_id, sha256) DO UPDATE SET contested ="
            " CASE WHEN front_awaited.browser = excluded.browser THEN front_awaited.contested ELSE 1 END",
            {
                "issuer_id": issuer_id,
                "sha256": key,
                "browser": browser,
                "offline": int(offline),
                "expires_at": now + AWAITED_FOR,
            },
        )


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is known of a token that is issued. `offline` is None where nothing is: no browser asked for it here."""

    browser: str | None = None
    offline: bool | None = None


def awaited_by(issuer_id: str, keys: Sequence[str], now: float) -> Script[Awaited]:
    """The browser that a token is for, by the first key that one browser alone has shown."""
    offline = None
    for key in keys:
        rows = yield Statement(
            "SELECT browser, offline, contested FROM front_awaited"
            " WHERE issuer_id = :issuer_id AND sha256 = :sha256 AND expires_at > :now",
            {"issuer_id": issuer_id, "sha256": key, "now": now},
        )
        if rows:
            browser, offline, contested = rows[0][0], bool(rows[0][1]), rows[0][2]
            if not contested:
                return Awaited(browser, offline)
    return Awaited(None, offline)


def push(issuer_id: str, key: str, awaited: Sequence[str], *, offline: bool, expires_at: float) -> Script[None]:
    """Keep the keys of a pushed authorization request."""
    yield Statement(
        "INSERT INTO front_pushed (issuer_id, sha256, awaited, offline, expires_at)"
        " VALUES (:issuer_id, :sha256, :awaited, :offline, :expires_at)"
        " ON CONFLICT (issuer_id, sha256) DO NOTHING",
        {
            "issuer_id": issuer_id,
            "sha256": key,
            "awaited": " ".join(awaited),
            "offline": int(offline),
            "expires_at": expires_at,
        },
    )


def pushed(issuer_id: str, key: str, now: float) -> Script[tuple[tuple[str, ...], bool]]:
    """The keys of a pushed authorization request, and whether it asks for `offline_access`; none when unknown."""
    rows = yield Statement(
        "SELECT awaited, offline FROM front_pushed"
        " WHERE issuer_id = :issuer_id AND sha256 = :sha256 AND expires_at > :now",
        {"issuer_id": issuer_id, "sha256": key, "now": now},
    )
    return (tuple(rows[0][0].split()), bool(rows[0][1])) if rows else ((), False)
