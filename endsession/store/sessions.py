"""Sessions: how they begin, who joins, how they are found, how they end.

Invariants (`docs/architecture.md`, "A transaction"): a session ends once, and the caller that ended it knows; every
look-up stays within its issuer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..protocol.errors import InvalidRequest, NotFound, SessionEnded
from .audit import Trace, audit
from .script import AMONG, Rows, Script, Statement, among


@dataclass(frozen=True, slots=True)
class Participant:
    """An app that takes part in a session, with the subject and sid under which it knows it, where they differ."""

    client_id: str
    sub: str | None = None
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """Everything known of one session. Times are seconds since 1970; `ended_at` None means that nobody ended it.

    `survived_at` is when the provider issued an ID token for it after its end, without a new sign-in.
    """

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
    survived_at: float | None
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


def register_session(
    issuer_id: str,
    sid: str,
    said: Registration,
    *,
    now: float,
    default_lifetime: float,
    default_idle: float | None,
    trace: Trace,
) -> Script[Literal["created", "updated"]]:
    """A session began or changed; its idle time starts anew. Raises SessionEnded, or InvalidRequest for another sub.

    `trace` is for the audit of changed cookies: they decide which session a browser's logout ends.
    """
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
        yield from _replace_cookies(issuer_id, sid, said.sub, said.cookie_sha256, trace, new=not rows)
    if said.participants is not None:
        yield Statement("DELETE FROM participants WHERE issuer_id = :issuer_id AND sid = :sid", key)
        for participant in said.participants:
            yield _insert_participant(issuer_id, sid, participant, now)
    return "updated" if rows else "created"


def _replace_cookies(
    issuer_id: str, sid: str, sub: str, digests: Sequence[str], trace: Trace, *, new: bool
) -> Script[None]:
    key = {"issuer_id": issuer_id, "sid": sid}
    rows = yield Statement("SELECT sha256 FROM session_cookies WHERE issuer_id = :issuer_id AND sid = :sid", key)
    before, after = {row[0] for row in rows}, set(digests)
    if before != after and not new:
        reason = f"{len(after - before)} added, {len(before - after)} removed"
        yield audit(issuer_id, "cookies_changed", trace, sid=sid, sub=sub, reason=reason)
    for digest in sorted(after - before):
        yield from _audit_move(issuer_id, sid, digest, trace)
    yield Statement("DELETE FROM session_cookies WHERE issuer_id = :issuer_id AND sid = :sid", key)
    for digest in digests:
        yield Statement(
            "INSERT INTO session_cookies (issuer_id, sha256, sid) VALUES (:issuer_id, :sha256, :sid)"
            " ON CONFLICT (issuer_id, sha256) DO UPDATE SET sid = excluded.sid",
            key | {"sha256": digest},
        )


def _audit_move(issuer_id: str, sid: str, digest: str, trace: Trace) -> Script[None]:
    """A cookie that was another live session's: that one can no longer be found by it."""
    rows = yield Statement(
        "SELECT s.sid, s.sub FROM session_cookies c JOIN sessions s ON s.issuer_id = c.issuer_id AND s.sid = c.sid"
        " WHERE c.issuer_id = :issuer_id AND c.sha256 = :sha256 AND c.sid <> :sid AND s.ended_at IS NULL",
        {"issuer_id": issuer_id, "sha256": digest, "sid": sid},
    )
    for other, sub in rows:
        yield audit(issuer_id, "cookies_changed", trace, sid=other, sub=sub, reason="1 moved to another session")


def add_participant(issuer_id: str, sid: str, participant: Participant, *, now: float) -> Script[None]:
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


def load_session(issuer_id: str, sid: str) -> Script[SessionRecord | None]:
    """Everything known of one session, live or ended."""
    key = {"issuer_id": issuer_id, "sid": sid}
    rows = yield Statement(f"SELECT {_RECORD} FROM sessions WHERE issuer_id = :issuer_id AND sid = :sid", key)
    return (yield from _with_participants(issuer_id, rows))[0] if rows else None


def is_known(issuer_id: str, sid: str) -> Script[bool]:
    """Whether a session was ever registered, live or ended."""
    key = {"issuer_id": issuer_id, "sid": sid}
    return bool((yield Statement("SELECT 1 FROM sessions WHERE issuer_id = :issuer_id AND sid = :sid", key)))


def sessions_page(
    issuer_id: str,
    *,
    sub: str | None,
    client_id: str | None,
    state: str | None,
    after: str,
    limit: int,
    now: float,
) -> Script[list[SessionRecord]]:
    """Up to `limit` sessions after the cursor `after`, in the order of their sids; `state` is live or ended.

    There may be at most `script.PLACES` of them.
    """
    conditions = ["issuer_id = :issuer_id", "sid > :after"]
    conditions += ["sub = :sub"] if sub is not None else []
    conditions += ["ended_at IS NULL AND dies_at > :now"] if state == "live" else []
    conditions += ["(ended_at IS NOT NULL OR dies_at <= :now)"] if state == "ended" else []
    conditions += [_WITH_CLIENT] if client_id is not None else []
    rows = yield Statement(
        f"SELECT {_RECORD} FROM sessions WHERE {' AND '.join(conditions)} ORDER BY sid LIMIT :limit",
        {
            "issuer_id": issuer_id,
            "after": after,
            "sub": sub,
            "client_id": client_id,
            "now": now,
            "limit": limit,
        },
    )
    return (yield from _with_participants(issuer_id, rows))


def live_sessions_of_user(issuer_id: str, sub: str, *, client_id: str | None, now: float) -> Script[list[str]]:
    """The sids of a user's live sessions, or of those in which a client takes part."""
    rows = yield Statement(
        "SELECT sid FROM sessions WHERE issuer_id = :issuer_id AND sub = :sub AND ended_at IS NULL AND dies_at > :now"
        + (f" AND {_WITH_CLIENT}" if client_id is not None else ""),
        {"issuer_id": issuer_id, "sub": sub, "client_id": client_id, "now": now},
    )
    return [sid for (sid,) in rows]


_WITH_CLIENT = (
    "EXISTS (SELECT 1 FROM participants p"
    " WHERE p.issuer_id = sessions.issuer_id AND p.sid = sessions.sid AND p.client_id = :client_id)"
)
_RECORD = "issuer_id, sid, sub, user_label, began_at, expires_at, dies_at, ended_at, end_reason, ended_by, survived_at"


def _with_participants(issuer_id: str, rows: Rows) -> Script[list[SessionRecord]]:
    if not rows:
        return []
    joined = yield Statement(
        f"SELECT sid, client_id, sub, rp_sid FROM participants WHERE issuer_id = :issuer_id AND sid IN {AMONG}"
        " ORDER BY joined_at, client_id",
        {"issuer_id": issuer_id, **among([row[1] for row in rows])},
    )
    participants: dict[str, list[Participant]] = {}
    for sid, client_id, sub, rp_sid in joined:
        participants.setdefault(sid, []).append(Participant(client_id, sub, rp_sid or None))
    return [SessionRecord(*(*row, tuple(participants.get(row[1], ())))) for row in rows]
