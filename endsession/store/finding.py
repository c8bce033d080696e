"""Finding the sessions that a logout request is about. Every look-up stays within its issuer."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    registers: bool = True
    """Whether every session's cookie is registered, so that a cookie of none is worth nothing."""
    client_id: str | None = None
    sub: str | None = None
    sid: str | None = None
    by_secret: bool = False
    """Whether the client can have made the hint itself: it then names only sessions in which that client takes part."""


_COLUMNS = "s.sid, s.sub, s.user_label, s.ended_at, s.dies_at"


def search_sessions(query: SessionQuery) -> Script[Sessions]:
    """Find the sessions that a logout request is about.

    A browser may present several cookies of the provider's name, since a neighbour host can add to them: the one that
    the hint names is the browser's session, and which of them comes first decides only where the hint does not.
    """
    presented, all_known = yield from _of_cookies(query)
    live = [session for session in presented if session.live]
    named: Session | None = None
    of_subject: tuple[Session, ...] = ()
    if query.sid is not None:
        named = next((session for session in presented if session.sid == query.sid), None)
        if named is None:
            rows = yield _by_sid(query)
            if not rows:
                rows = yield _by_rp_sid(query)
            named = yield from _session(query, rows[0] if rows else None)
        if named is not None and not named.client_takes_part:
            named = None  # not even whether it is live may such a hint find out
    elif query.sub is not None and not live:
        rows = yield _live_of_subject(query)
        of_subject = tuple(_as_session(query, row, (query.sub,)) for row in rows)
    browser = _of_this_request(live, query, named)
    return Sessions(
        cookie=query.cookie if live or all_known or query.registers else "unmatchable",
        browser=browser,
        others=tuple(session for session in live if session is not browser),
        ended_here=None if live else next(iter(presented), None),
        named=named,
        of_subject=of_subject,
        secret_cookie=not query.cookie_is_sid,
    )


def _of_this_request(live: list[Session], query: SessionQuery, named: Session | None) -> Session | None:
    """Of the live sessions of a browser's cookies, the one that the hint is of; else the first."""
    for session in live:
        if named is not None and session.sid == named.sid:
            return session
    for session in live:
        if query.sub is not None and session.is_user(query.sub) and session.client_takes_part:
            return session
    return live[0] if live else None


def _of_cookies(query: SessionQuery) -> Script[tuple[list[Session], bool]]:
    """The sessions of the presented cookies, in their order, each once; and whether each cookie is of one."""
    if not query.cookies:
        return [], True
    names = [f"c{number}" for number in range(len(query.cookies))]
    places = ", ".join(f":{name}" for name in names)
    if query.cookie_is_sid:
        sql = f"SELECT s.sid, {_COLUMNS} FROM sessions s WHERE s.issuer_id = :issuer_id AND s.sid IN ({places})"
    else:
        sql = (
            f"SELECT c.sha256, {_COLUMNS} FROM session_cookies c"
            " JOIN sessions s ON s.issuer_id = c.issuer_id AND s.sid = c.sid"
            f" WHERE c.issuer_id = :issuer_id AND c.sha256 IN ({places})"
        )
    values = dict(zip(names, query.cookies, strict=True))
    rows = yield Statement(sql, {"issuer_id": query.issuer_id, **values})
    by_cookie = {row[0]: row[1:] for row in rows}
    found: dict[str, Session] = {}
    for cookie in query.cookies:
        session = yield from _session(query, by_cookie.get(cookie))
        if session is not None:
            found.setdefault(session.sid, session)
    return list(found.values()), len(by_cookie) == len(query.cookies)


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


def _session(query: SessionQuery, row: tuple[Any, ...] | None) -> Script[Session | None]:
    """The row as a Session, with the subjects by which the client of the request knows its user."""
    if row is None:
        return None
    subs: Rows = []
    if query.client_id is not None and query.sub is not None and (query.sub != row[1] or query.by_secret):
        subs = yield Statement(
            "SELECT DISTINCT sub FROM participants"
            " WHERE issuer_id = :issuer_id AND sid = :sid AND client_id = :client_id",
            {"issuer_id": query.issuer_id, "sid": row[0], "client_id": query.client_id},
        )
    session = _as_session(query, row, tuple(sub for (sub,) in subs if sub is not None))
    return replace(session, client_takes_part=bool(subs) or not query.by_secret)


def _as_session(query: SessionQuery, row: tuple[Any, ...], client_subs: tuple[str, ...] = ()) -> Session:
    sid, sub, user_label, ended_at, dies_at = row
    live = ended_at is None and query.now < dies_at
    return Session(sid=sid, sub=sub, live=live, user_label=user_label, client_subs=client_subs)
