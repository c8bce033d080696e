"""How a session ends: once, and in one transaction with everything that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..protocol.errors import StaleHandle
from .deliveries import Delivery, Recipient, RetryLimits, insert_deliveries
from .script import Script, Statement
from .sessions import Participant

Reason = Literal["user", "admin", "expired"]
"""Who or what ended a session: its user, an administrator, or its lifetime."""

Metadata = dict[str, Any]
Choose = Callable[[str, Sequence[tuple[Participant, Metadata | None]]], Sequence[Recipient]]
"""Who is to be told, given the session's `sub` and its participants, each with its metadata from the database."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A request to end a session.

    `actor` is the client or the management token that asked, for the audit. `choose` decides who is told; `limits` say
    how long that is tried. `unregistered_sub` ends a session that was never registered, at an issuer that registers
    none: it is the `sub` of the hint, and the row that is written now is what can be written only once. `everyone`
    offers every client of the database to `choose`, in place of the session's participants.
    """

    issuer_id: str
    sid: str
    reason: Reason
    actor: str
    now: float
    choose: Choose
    limits: RetryLimits
    everyone: bool = False
    unregistered_sub: str | None = None


def end_session(ending: Ending) -> Script[list[Delivery] | None]:
    """End a live session and write who has to be told.

    The one caller who ended it gets the deliveries; None when it was over already, or is unknown.
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
            " WHERE issuer_id = :issuer_id AND sid = :sid AND ended_at IS NULL RETURNING sub",
            values,
        )
    else:
        rows = yield Statement(
            "INSERT INTO sessions (issuer_id, sid, sub, began_at, expires_at, dies_at, ended_at, end_reason, ended_by)"
            " VALUES (:issuer_id, :sid, :sub, :now, :now, :now, :now, :reason, :actor)"
            " ON CONFLICT (issuer_id, sid) DO UPDATE SET ended_at = excluded.ended_at,"
            " end_reason = excluded.end_reason, ended_by = excluded.ended_by"
            " WHERE sessions.ended_at IS NULL RETURNING sub",
            values | {"sub": ending.unregistered_sub},
        )
    if not rows:
        return None
    sub = rows[0][0]
    yield Statement(
        "INSERT INTO audit (at, issuer_id, event, sid, sub, reason, actor)"
        " VALUES (:now, :issuer_id, 'session_ended', :sid, :sub, :reason, :actor)",
        values | {"sub": sub},
    )
    recipients = ending.choose(sub, (yield from _candidates(ending)))
    return (yield from insert_deliveries(ending.issuer_id, ending.sid, recipients, ending.limits, ending.now))


def _candidates(ending: Ending) -> Script[list[tuple[Participant, Metadata | None]]]:
    """The session's participants, or every client of the database, each with its metadata if that is in there."""
    if ending.everyone:
        sql = "SELECT client_id, NULL, '', metadata FROM clients WHERE issuer_id = :issuer_id ORDER BY client_id"
    else:
        sql = (
            "SELECT p.client_id, p.sub, p.rp_sid, c.metadata FROM participants p"
            " LEFT JOIN clients c ON c.issuer_id = p.issuer_id AND c.client_id = p.client_id"
            " WHERE p.issuer_id = :issuer_id AND p.sid = :sid ORDER BY p.joined_at, p.client_id"
        )
    rows = yield Statement(sql, {"issuer_id": ending.issuer_id, "sid": ending.sid})
    return [
        (Participant(client_id, own_sub, rp_sid or None), json.loads(metadata) if metadata else None)
        for client_id, own_sub, rp_sid, metadata in rows
    ]


def spend_handle(handle: str, *, expires_at: float) -> Script[None]:
    """Use a confirmation, once; `expires_at` is when it could not be used any more anyway. Raises StaleHandle."""
    rows = yield Statement(
        "INSERT INTO spent_handles (sha256, expires_at) VALUES (:sha256, :expires_at)"
        " ON CONFLICT (sha256) DO NOTHING RETURNING sha256",
        {"sha256": hashlib.sha256(handle.encode()).hexdigest(), "expires_at": expires_at},
    )
    if not rows:
        raise StaleHandle("This question has been answered already.")


def confirm_and_end_session(handle: str, ending: Ending | None, *, expires_at: float) -> Script[list[Delivery] | None]:
    """A user's yes: the confirmation is used and the session ends together, or neither."""
    yield from spend_handle(handle, expires_at=expires_at)
    if ending is None:
        return None
    return (yield from end_session(ending))
