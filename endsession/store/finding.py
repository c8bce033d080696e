"""Finding the sessions that a logout request is about. Every look-up stays within its issuer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..protocol.session import Session
from .script import Rows, Script, Statement


@dataclass(frozen=True, slots=True)
class Search:
    """What a logout request tells of its session. `client_id`, `sub` and `sid` are a verified hint's."""

    issuer_id: str
    now: float
    cookies: tuple[str, ...] = ()
    """SHA-256 digests of the values of the presented session cookie, or sids where the cookie's value is the sid."""
    cookie_is_sid: bool = False
    client_id: str | None = None
    sub: str | None = None
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The session of the cookie, the session that the sid names, and up to two live ones of a subject without a sid."""

    by_cookie: Session | None = None
    by_sid: Session | None = None
    of_subject: tuple[Session, ...] = ()


_COLUMNS = "s.sid, s.sub, s.user_label, s.ended_at, s.dies_at"


def search_sessions(search: Search) -> Script[Found]:
    """Find the sessions that a logout request is about."""
    by_cookie = by_sid = None
    of_subject: tuple[Session, ...] = ()
    for cookie in search.cookies:
        if by_cookie is None or not by_cookie.live:
            rows = yield _by_cookie(search, cookie)
            by_cookie = (yield from _session(search, rows)) or by_cookie
    if search.sid is not None:
        if by_cookie is not None and by_cookie.sid == search.sid:
            return Found(by_cookie, by_cookie)
        rows = yield _by_sid(search)
        if not rows:
            rows = yield _by_rp_sid(search)
        by_sid = yield from _session(search, rows)
    elif search.sub is not None and (by_cookie is None or not by_cookie.live):
        rows = yield _live_of_subject(search)
        of_subject = tuple(_as_session(search, row, (search.sub,)) for row in rows)
    return Found(by_cookie, by_sid, of_subject)


def _by_cookie(search: Search, cookie: str) -> Statement:
    if search.cookie_is_sid:
        sql = f"SELECT {_COLUMNS} FROM sessions s WHERE s.issuer_id = :issuer_id AND s.sid = :cookie"
    else:
        sql = (
            f"SELECT {_COLUMNS} FROM session_cookies c"
            " JOIN sessions s ON s.issuer_id = c.issuer_id AND s.sid = c.sid"
            " WHERE c.issuer_id = :issuer_id AND c.sha256 = :cookie"
        )
    return Statement(sql, {"issuer_id": search.issuer_id, "cookie": cookie})


def _by_sid(search: Search) -> Statement:
    return Statement(
        f"SELECT {_COLUMNS} FROM sessions s WHERE s.issuer_id = :issuer_id AND s.sid = :sid",
        {"issuer_id": search.issuer_id, "sid": search.sid},
    )


def _by_rp_sid(search: Search) -> Statement:
    """An app's own sid is looked up within its issuer and client; of several the live one counts."""
    return Statement(
        f"SELECT {_COLUMNS} FROM participants p JOIN sessions s ON s.issuer_id = p.issuer_id AND s.sid = p.sid"
        " WHERE p.issuer_id = :issuer_id AND p.client_id = :client_id AND p.rp_sid = :sid AND p.rp_sid <> ''"
        " ORDER BY s.ended_at IS NOT NULL, s.began_at DESC LIMIT 1",
        {"issuer_id": search.issuer_id, "client_id": search.client_id, "sid": search.sid},
    )


def _live_of_subject(search: Search) -> Statement:
    """Live sessions in which the client knows the user as `sub`: by the provider's subject, or a pairwise one."""
    joined = "s.issuer_id = p.issuer_id AND s.sid = p.sid"
    live = "s.ended_at IS NULL AND s.dies_at > :now"
    return Statement(
        f"SELECT {_COLUMNS} FROM sessions s JOIN participants p ON {joined} AND p.client_id = :client_id"
        f" WHERE s.issuer_id = :issuer_id AND s.sub = :sub AND p.sub IS NULL AND {live}"
        f" UNION SELECT {_COLUMNS} FROM participants p JOIN sessions s ON {joined}"
        f" WHERE p.issuer_id = :issuer_id AND p.client_id = :client_id AND p.sub = :sub AND {live} LIMIT 2",
        {"issuer_id": search.issuer_id, "client_id": search.client_id, "sub": search.sub, "now": search.now},
    )


def _session(search: Search, rows: Rows) -> Script[Session | None]:
    """The row as a Session, with the subjects by which the client of the request knows its user."""
    if not rows:
        return None
    subs: Rows = []
    if search.client_id is not None and search.sub is not None and search.sub != rows[0][1]:
        subs = yield Statement(
            "SELECT DISTINCT sub FROM participants"
            " WHERE issuer_id = :issuer_id AND sid = :sid AND client_id = :client_id AND sub IS NOT NULL",
            {"issuer_id": search.issuer_id, "sid": rows[0][0], "client_id": search.client_id},
        )
    return _as_session(search, rows[0], tuple(sub for (sub,) in subs))


def _as_session(search: Search, row: tuple[Any, ...], client_subs: tuple[str, ...] = ()) -> Session:
    sid, sub, user_label, ended_at, dies_at = row
    live = ended_at is None and search.now < dies_at
    return Session(sid=sid, sub=sub, live=live, user_label=user_label, client_subs=client_subs)
