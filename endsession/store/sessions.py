"""Sessions: how they begin, who joins, how they are found, how they end.

Invariants (DESIGN: storage): a session ends once, and whoever ended it knows; every look-up stays within its issuer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..protocol.errors import InvalidRequest, NotFound, SessionEnded
from ..protocol.session import Session
from .script import Rows, Script, Statement


@dataclass(frozen=True, slots=True)
class Participant:
    """An app that takes part in a session, with the subject and sid under which it knows it, where they differ."""

    client_id: str
    sub: str | None = None
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """Everything known of one session. Times are seconds since 1970; `ended_at` None means that nobody ended it."""

    issuer_id: str
    sid: str
    sub: str
    user_label: str | None
    began_at: float
    expires_at: float
    dies_at: float
    ended_at: float | None
    end_reason: str | None
    ended_by: str | None
    participants: tuple[Participant, ...]

    def live(self, now: float) -> bool:
        """Whether the session is neither ended nor past a lifetime."""
        return self.ended_at is None and now < self.dies_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the login side says of a session. None means: not said, keep what is known. Lifetimes are in seconds."""

    sub: str
    cookie_sha256: Sequence[str] | None = None
    expires_at: float | None = None
    idle_seconds: float | None = None
    user_label: str | None = None
    participants: Sequence[Participant] | None = None


def register(
    issuer_id: str,
    sid: str,
    said: Registration,
    *,
    now: float,
    default_lifetime: float,
    default_idle: float | None,
) -> Script[Literal["created", "updated"]]:
    """A session began or changed; its idle time starts anew. Raises SessionEnded, or InvalidRequest for another sub."""
    key = {"issuer_id": issuer_id, "sid": sid}
    rows = yield Statement(
        "SELECT sub, ended_at, dies_at, expires_at, idle_seconds FROM sessions"
        " WHERE issuer_id = :issuer_id AND sid = :sid {for_update}",
        key,
    )
    expires_at, idle = said.expires_at, said.idle_seconds
    if rows:
        sub, ended_at, dies_at, known_expiry, known_idle = rows[0]
        if ended_at is not None or dies_at <= now:
            raise SessionEnded
        if sub != said.sub:
            raise InvalidRequest("The session belongs to another sub; a session does not change its user.")
        expires_at = known_expiry if expires_at is None else expires_at
        idle = known_idle if idle is None else idle
    else:
        expires_at = now + default_lifetime if expires_at is None else expires_at
        idle = default_idle if idle is None else idle
    yield Statement(
        "INSERT INTO sessions (issuer_id, sid, sub, user_label, began_at, expires_at, idle_seconds, dies_at)"
        " VALUES (:issuer_id, :sid, :sub, :user_label, :now, :expires_at, :idle, :dies_at)"
        " ON CONFLICT (issuer_id, sid) DO UPDATE SET expires_at = excluded.expires_at,"
        " idle_seconds = excluded.idle_seconds, dies_at = excluded.dies_at,"
        " user_label = COALESCE(excluded.user_label, sessions.user_label)",
        key
        | {
            "sub": said.sub,
            "user_label": said.user_label,
            "now": now,
            "expires_at": expires_at,
            "idle": idle,
            "dies_at": expires_at if idle is None else min(expires_at, now + idle),
        },
    )
    if said.cookie_sha256 is not None:
        yield from _replace_cookies(issuer_id, sid, said.cookie_sha256)
    if said.participants is not None:
        yield Statement("DELETE FROM participants WHERE issuer_id = :issuer_id AND sid = :sid", key)
        for participant in said.participants:
            yield _insert_participant(issuer_id, sid, participant, now)
    return "updated" if rows else "created"


def _replace_cookies(issuer_id: str, sid: str, digests: Sequence[str]) -> Script[None]:
    key = {"issuer_id": issuer_id, "sid": sid}
    yield Statement("DELETE FROM session_cookies WHERE issuer_id = :issuer_id AND sid = :sid", key)
    for digest in digests:
        yield Statement(
            "INSERT INTO session_cookies (issuer_id, sha256, sid) VALUES (:issuer_id, :sha256, :sid)"
            " ON CONFLICT (issuer_id, sha256) DO UPDATE SET sid = excluded.sid",
            key | {"sha256": digest},
        )


def join(issuer_id: str, sid: str, participant: Participant, *, now: float) -> Script[None]:
    """An app joined a session. Joining again changes the subject only. Raises NotFound, SessionEnded."""
    rows = yield Statement(
        "SELECT ended_at, dies_at FROM sessions WHERE issuer_id = :issuer_id AND sid = :sid {for_update}",
        {"issuer_id": issuer_id, "sid": sid},
    )
    if not rows:
        raise NotFound("There is no such session.")
    ended_at, dies_at = rows[0]
    if ended_at is not None or dies_at <= now:
        raise SessionEnded
    yield _insert_participant(issuer_id, sid, participant, now)


def _insert_participant(issuer_id: str, sid: str, participant: Participant, now: float) -> Statement:
    return Statement(
        "INSERT INTO participants (issuer_id, sid, client_id, rp_sid, sub, joined_at)"
        " VALUES (:issuer_id, :sid, :client_id, :rp_sid, :sub, :now)"
        " ON CONFLICT (issuer_id, sid, client_id, rp_sid) DO UPDATE SET sub = excluded.sub",
        {
            "issuer_id": issuer_id,
            "sid": sid,
            "client_id": participant.client_id,
            "rp_sid": participant.sid or "",
            "sub": participant.sub,
            "now": now,
        },
    )


def load(issuer_id: str, sid: str) -> Script[SessionRecord | None]:
    """Everything known of one session, live or ended."""
    key = {"issuer_id": issuer_id, "sid": sid}
    rows = yield Statement(
        "SELECT issuer_id, sid, sub, user_label, began_at, expires_at, dies_at, ended_at, end_reason, ended_by"
        " FROM sessions WHERE issuer_id = :issuer_id AND sid = :sid",
        key,
    )
    if not rows:
        return None
    joined = yield Statement(
        "SELECT client_id, sub, rp_sid FROM participants WHERE issuer_id = :issuer_id AND sid = :sid"
        " ORDER BY joined_at, client_id",
        key,
    )
    participants = tuple(Participant(client_id, sub, rp_sid or None) for client_id, sub, rp_sid in joined)
    return SessionRecord(*(*rows[0], participants))


# Finding the sessions of a logout request


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


def find(search: Search) -> Script[Found]:
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
