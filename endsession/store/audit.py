"""The audit: who changed what, and when. Rows are written in the transaction of the change, and kept for longer.

`session_ended` is written where a session ends (`ending.py`); everything else that a management token does and that
decides about later logouts is written through here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from .script import Script, Statement

Event = Literal[
    "session_ended",
    "did_not_stick",
    "cookies_changed",
    "client_registered",
    "client_replaced",
    "client_removed",
    "redelivery",
    "token_refused",
]


class Trace(NamedTuple):
    """Who did something: the name of the management token, the address it came from, and when (seconds since 1970)."""

    actor: str
    address: str
    at: float


def audit(
    issuer_id: str,
    event: Event,
    trace: Trace,
    *,
    sid: str = "",
    sub: str = "",
    reason: str = "",
    client_id: str = "",
) -> Statement:
    """A row of the audit. Must run in the transaction of what it is about."""
    return Statement(
        "INSERT INTO audit (at, issuer_id, event, sid, sub, reason, actor, client_id, address)"
        " VALUES (:at, :issuer_id, :event, :sid, :sub, :reason, :actor, :client_id, :address)",
        {
            "at": trace.at,
            "issuer_id": issuer_id,
            "event": event,
            "sid": sid,
            "sub": sub,
            "reason": reason,
            "actor": trace.actor,
            "client_id": client_id,
            "address": trace.address,
        },
    )


def audit_client(issuer_id: str, event: Event, client_id: str, trace: Trace) -> Statement:
    """A row about the registration of a client."""
    return audit(issuer_id, event, trace, client_id=client_id)


def audit_refusal(issuer_id: str, reason: str, trace: Trace) -> Script[None]:
    """A management token that was refused. `actor` is empty where nobody's token was sent."""
    yield audit(issuer_id, "token_refused", trace, reason=reason)
