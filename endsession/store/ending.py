"""How a session ends: once, and in one transaction with everything that follows from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from ..protocol.errors import InvalidRequest
from .script import Script, Statement

Reason = Literal["user", "admin", "expired"]
"""Who or what ended a session: its user, an administrator, or its lifetime."""


@dataclass(frozen=True, slots=True)
class End:
    """A wish to end a session. `actor` is the client or the management token that asked, for the audit."""

    issuer_id: str
    sid: str
    reason: Reason
    actor: str
    now: float


def end(wish: End) -> Script[bool]:
    """End a live session. True for the one caller who ended it; False when it was over already, or is unknown."""
    rows = yield Statement(
        "UPDATE sessions SET ended_at = :now, end_reason = :reason, ended_by = :actor"
        " WHERE issuer_id = :issuer_id AND sid = :sid AND ended_at IS NULL RETURNING sub",
        {
            "issuer_id": wish.issuer_id,
            "sid": wish.sid,
            "reason": wish.reason,
            "actor": wish.actor,
            "now": wish.now,
        },
    )
    if not rows:
        return False
    yield Statement(
        "INSERT INTO audit (at, issuer_id, event, sid, sub, reason, actor)"
        " VALUES (:now, :issuer_id, 'session_ended', :sid, :sub, :reason, :actor)",
        {
            "issuer_id": wish.issuer_id,
            "sid": wish.sid,
            "sub": rows[0][0],
            "reason": wish.reason,
            "actor": wish.actor,
            "now": wish.now,
        },
    )
    return True


def spend(handle: str, *, expires_at: float) -> Script[None]:
    """Use a confirmation, once; `expires_at` is when it could not be used any more anyway. Raises InvalidRequest."""
    rows = yield Statement(
        "INSERT INTO spent_handles (sha256, expires_at) VALUES (:sha256, :expires_at)"
        " ON CONFLICT (sha256) DO NOTHING RETURNING sha256",
        {"sha256": hashlib.sha256(handle.encode()).hexdigest(), "expires_at": expires_at},
    )
    if not rows:
        raise InvalidRequest("This question has been answered already.")


def spend_and_end(handle: str, wish: End | None, *, expires_at: float) -> Script[bool]:
    """A user's yes: the confirmation is used and the session ends together, or neither."""
    yield from spend(handle, expires_at=expires_at)
    if wish is None:
        return False
    return (yield from end(wish))
