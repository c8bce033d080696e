"""How a session ends: once, and in one transaction with everything that follows from it.

A session with very many apps ends in that transaction too, with the first of them written down; the others follow in
further ones (`fan_out.py`), which a crash does not lose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .audit import Trace, audit
from .deliveries import Delivery, RetryLimits
from .fan_out import Choose, write_first_slice
from .lanes import lane_of, open_lanes
from .script import Script, Statement

Reason = Literal["user", "admin", "expired", "superseded"]
"""Who or what ended a session: its user, an administrator, its lifetime, or another user's sign-in in its browser."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A request to end a session.

    `actor` is the client or the management token that asked, and `address` that of the latter, for the audit. `choose`
    decides who is told, None tells nobody; `limits` say how long that is tried. `unregistered_sub` ends a session that
    was never registered, at an issuer that registers none: it is the `sub` of the hint, and the row that is written now
    is what can be written only once. `initiator` is the app that is told first.
    """

    issuer_id: str
    sid: str
    reason: Reason
    actor: str
    now: float
    choose: Choose | None
    limits: RetryLimits
    initiator: str = ""
    unregistered_sub: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """What ending a session wrote. `more` says that not all of its apps are written down yet."""

    deliveries: Sequence[Delivery]
    more: bool = False


def end_session(ending: Ending) -> Script[Ended | None]:
    """End a live session and write who has to be told.

    The one caller who ended it gets the deliveries; None when it had ended already, or is unknown.
    """
    values = {
        "issuer_id": ending.issuer_id,
        "sid": ending.sid,
        "reason": ending.reason,
        "actor": ending.actor,
        "now": ending.now,
    }
    if ending.unregistered_sub is None:
        rows = yield Statement(
            "UPDATE sessions SET ended_at = :now, end_reason = :reason, ended_by = :actor"
            " WHERE issuer_id = :issuer_id AND sid = :sid AND ended_at IS NULL RETURNING sub, op_sid",
            values,
        )
    else:
        rows = yield Statement(
            "INSERT INTO sessions (issuer_id, sid, sub, began_at, expires_at, dies_at, ended_at, end_reason, ended_by)"
            " VALUES (:issuer_id, :sid, :sub, :now, :now, :now, :now, :reason, :actor)"
            " ON CONFLICT (issuer_id, sid) DO UPDATE SET ended_at = excluded.ended_at,"
            " end_reason = excluded.end_reason, ended_by = excluded.ended_by"
            " WHERE sessions.ended_at IS NULL RETURNING sub, op_sid",
            values | {"sub": ending.unregistered_sub},
        )
    if not rows:
        return None
    sub, op_sid = rows[0]
    trace = Trace(ending.actor, ending.address, ending.now)
    yield audit(ending.issuer_id, "session_ended", trace, sid=ending.sid, sub=sub, reason=ending.reason)
    if ending.choose is None:
        return Ended(())
    deliveries, more = yield from write_first_slice(
        ending.issuer_id,
        ending.sid,
        sub,
        ending.choose,
        ending.limits,
        op_sid=op_sid,
        initiator=ending.initiator,
        now=ending.now,
    )
    return Ended(deliveries, more)


def end_expired(endings: Sequence[Ending]) -> Script[list[bool]]:
    """End sessions past a lifetime; their deliveries wait in lanes. For each, whether apps are left to be written."""
    more, waiting = [], []
    for ending in endings:
        ended = yield from end_session(ending)
        waiting += [lane_of(delivery) for delivery in ended.deliveries if delivery.state == "pending"] if ended else []
        more.append(ended is not None and ended.more)
    if waiting:  # all at once and in order, so that two of these never wait for each other
        yield open_lanes(waiting, endings[0].now)
    return more


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an answer: `answer` is the one that counts, the first; `first` says whether this was it."""

    answer: str
    first: bool
    ended: Ended | None = None


def answer_question(
    handle: str, answer: Literal["yes", "no"], ending: Ending | None, *, expires_at: float
) -> Script[Answered]:
    """Answer a question, once: a yes ends the session in the same transaction.

    `expires_at` is when the handle could not be used any more anyway.
    """
    digest = hashlib.sha256(handle.encode()).hexdigest()
    rows = yield Statement(
        "INSERT INTO spent_handles (sha256, expires_at, answer) VALUES (:sha256, :expires_at, :answer)"
        " ON CONFLICT (sha256) DO NOTHING RETURNING sha256",
        {"sha256": digest, "expires_at": expires_at, "answer": answer},
    )
    if not rows:
        rows = yield Statement("SELECT answer FROM spent_handles WHERE sha256 = :sha256", {"sha256": digest})
        return Answered(rows[0][0] if rows else answer, first=False)
    ended = (yield from end_session(ending)) if ending is not None else None
    return Answered(answer, first=True, ended=ended)
