"""Finding the sessions that a logout request is about. Every look-up stays within its issuer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..protocol.session import CookieState, Session, Sessions
from .script import Rows, Script, Statement


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """What a logout request tells of its session. `client_id`, `sub` and `sid` are a verified hint's."""

    issuer_id: str
    now: float
    cookie: CookieState = "not_configured"
    cookies: tuple[str, ...] = ()
    """SHA-256 digests of the values of the presented session cookie, or sids where the cookie's value is the sid."""
    cookie_is_sid: bool = False
    client_id: str | None = None
    sub: str | None = None
    sid: str | None = None


_COLUMNS = "s.sid, s.sub, s.user_label, s.ended_at, s.dies_at"


def search_sessions(query: SessionQuery) -> Script[Sessions]:
    """Find the sessions that a logout request is about."""
    by_cookie = named = None
    of_subject: tuple[Session, ...] = ()
    for cookie in query.cookies:
        if by_cookie is None or not by_cookie.live:
            rows = yield _by_cookie(query, cookie)
            by_cookie = (yield from _session(query, rows)) or by_cookie
    browser = by_cookie if by_cookie and by_cookie.live else None
    if query.sid is not None and by_cookie is not None and by_cookie.sid == query.sid:
        named = by_cookie
    elif query.sid is not None:
        rows = yield _by_sid(query)
        if not rows:
            rows = yield _by_rp_sid(query)
        named = yield from _session(query, rows)
    elif query.sub is not None and browser is None:
        rows = yield _live_of_subject(query)
        of_subject = tuple(_as_session(query, row, (query.sub,)) for row in rows)
    return Sessions(query.cookie, browser, None if browser else by_cookie, named, of_subject)


def _by_cookie(query: SessionQuery, cookie: str) -> Statement:
    if query.cookie_is_sid:
        sql = f"SELECT {_COLUMNS} FROM sessions s WHERE s.issuer_id = :issuer_id AND s.sid = :cookie"
    else:
        sql = (
            f"SELECT {_COLUMNS} FROM session_cookies c"
            " JOIN sessions s ON s.issuer_id = c.issuer_id AND s.sid = c.sid"
            " WHERE c.issuer_id = :issuer_id AND c.sha256 = :cookie"
        )
    return Statement(sql, {"issuer_id": query.issuer_id, "cookie": cookie})


def _by_sid(query: SessionQuery) -> Statement:
    return Statement(
        f"SELECT {_COLUMNS} FROM sessions s WHERE s.issuer_id = :issuer_id AND s.sid = :sid",
        {"issuer_id": query.issuer_id, "sid": query.sid},
    )


def _by_rp_sid(query: SessionQuery) -> Statement:
    """An app's own sid is looked up within its issuer and client; of several the live one counts."""
    return Statement(
        f"SELECT {_COLUMNS} FROM participants p JOIN sessions s ON s.issuer_id = p.issuer_id AND s.sid = p.sid"
        " WHERE p.issuer_id = :issuer_id AND p.client_id = :client_id AND p.rp_sid = :sid AND p.rp_sid <> ''"
        " ORDER BY s.ended_at IS NOT NULL, s.began_at DESC LIMIT 1",
        {"issuer_id": query.issuer_id, "client_id": query.client_id, "sid": query.sid},
    )


def _live_of_subject(query: SessionQuery) -> Statement:
    """Live sessions in which the client knows the user as `sub`: by the provider's subject, or a pairwise one."""
    joined = "s.issuer_id = p.issuer_id AND s.sid = p.sid"
    live = "s.ended_at IS NULL AND s.dies_at > :now"
    return Statement(
        f"SELECT {_COLUMNS} FROM sessions s JOIN participants p ON {joined} AND p.client_id = :client_id"
        f" WHERE s.issuer_id = :issuer_id AND s.sub = :sub AND p.sub IS NULL AND {live}"
        f" UNION SELECT {_COLUMNS} FROM participants p JOIN sessions s ON {joined}"
        f" WHERE p.issuer_id = :issuer_id AND p.client_id = :client_id AND p.sub = :sub AND {live} LIMIT 2",
        {"issuer_id": query.issuer_id, "client_id": query.client_id, "sub": query.sub, "now": query.now},
    )


def _session(query: SessionQuery, rows: Rows) -> Script[Session | None]:
    """The row as a Session, with the subjects by which the client of the request knows its user."""
    if not rows:
        return None
    subs: Rows = []
    if query.client_id is not None and query.sub is not None and query.sub != rows[0][1]:
        subs = yield Statement(
            "SELECT DISTINCT sub FROM participants"
            " WHERE issuer_id = :issuer_id AND sid = :sid AND client_id = :client_id AND sub IS NOT NULL",
            {"issuer_id": query.issuer_id, "sid": rows[0][0], "client_id": query.client_id},
        )
    return _as_session(query, rows[0], tuple(sub for (sub,) in subs))


def _as_session(query: SessionQuery, row: tuple[Any, ...], client_subs: tuple[str, ...] = ()) -> Session:
    sid, sub, user_label, ended_at, dies_at = row
    live = ended_at is None and query.now < dies_at
    return Session(sid=sid, sub=sub, live=live, user_label=user_label, client_subs=client_subs)
