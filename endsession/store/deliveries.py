"""The ledger: who has to be told of a session's end, and what became of it.

A delivery is written in the transaction that ends its session, and stops at success, at a final refusal or at its
deadline. Between those, workers claim it under a lease: at most one works on it at a time, and when one dies, the lease
runs out and another goes on. A pending delivery may be claimed from `due_at` on; a lease moves that to its own end.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Literal

from ..protocol.errors import NotFound
from .script import Rows, Script, Statement, insert_many

Channel = Literal["back", "front", "op", "none"]
"""How an app is told: by a logout token, by a frame in the user's browser, as the provider itself, or not at all."""
State = Literal["pending", "delivered", "failed", "expired", "attempted"]
"""`failed` is a final answer, `expired` a deadline that passed; `attempted` is a frame that was shown."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is to be told, and under which names it knows the session. `client_id` is empty for the provider."""

    client_id: str
    channel: Channel
    sub: str
    rp_sid: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the ledger. Times are seconds since 1970; `status` is the HTTP status of the last answer, if any."""

    id: str
    issuer_id: str
    sid: str
    client_id: str
    rp_sid: str
    sub: str
    channel: Channel
    state: State
    created_at: float
    deadline: float
    due_at: float
    attempts: int
    status: int | None
    reason: str
    settled_at: float | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `seconds` is how long it took; `reason` says what happened, and holds nothing of an answer's body."""

    number: int
    at: float
    seconds: float
    status: int | None
    reason: str


_FIELDS = tuple(field.name for field in fields(Delivery))
_COLUMNS = ", ".join(_FIELDS)
_AT_ONCE = 500
"""Rows in one statement: PostgreSQL takes 65535 values at the most."""


def new_id(now: float) -> str:
    """An identifier that cannot be guessed and sorts by the time of its making."""
    return f"{int(now * 1000):011x}{secrets.token_hex(10)}"


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """How long deliveries are tried, and who works on them first. Times are in seconds."""

    deadline: float
    lease: str
    lease_for: float


def insert_deliveries(
    issuer_id: str, sid: str, recipients: Sequence[Recipient], limits: RetryLimits, now: float
) -> Script[list[Delivery]]:
    """Write the deliveries of an ending, leased to the process that ended it. Belongs into its transaction."""
    ids = sorted(new_id(now) for _ in recipients)
    deliveries = [
        _first_state(one, issuer_id, sid, recipient, limits, now)
        for one, recipient in zip(ids, recipients, strict=True)
    ]
    rows = [(*_values(delivery), limits.lease) for delivery in deliveries]
    for start in range(0, len(rows), _AT_ONCE):
        yield insert_many("deliveries", (*_FIELDS, "lease"), rows[start : start + _AT_ONCE])
    return deliveries


def _first_state(
    delivery_id: str, issuer_id: str, sid: str, recipient: Recipient, limits: RetryLimits, now: float
) -> Delivery:
    untold = recipient.channel == "none"
    return Delivery(
        id=delivery_id,
        issuer_id=issuer_id,
        sid=sid,
        client_id=recipient.client_id,
        rp_sid=recipient.rp_sid,
        sub=recipient.sub,
        channel=recipient.channel,
        state="failed" if untold else "pending",
        created_at=now,
        deadline=now + (limits.lease_for if recipient.channel == "front" else limits.deadline),
        due_at=now if untold else now + limits.lease_for,
        attempts=0,
        status=None,
        reason="there is no way to tell this app" if untold else "",
        settled_at=now if untold else None,
    )


_values = attrgetter(*_FIELDS)


def lease_due(lease: str, *, until: float, now: float, limit: int) -> Script[list[Delivery]]:
    """Take up to `limit` deliveries that are due and that nobody holds, for `lease`, until `until`."""
    rows = yield Statement(
        "UPDATE deliveries SET lease = :lease, due_at = :until WHERE (issuer_id, id) IN ("
        "SELECT issuer_id, id FROM deliveries WHERE state = 'pending' AND due_at <= :now"
        " ORDER BY due_at LIMIT :limit {skip_locked}"
        f") RETURNING {_COLUMNS}",
        {"lease": lease, "until": until, "now": now, "limit": limit},
    )
    return _deliveries(rows)


def next_due() -> Script[float | None]:
    """When the next pending delivery can be claimed; None when there is none."""
    rows = yield Statement("SELECT MIN(due_at) FROM deliveries WHERE state = 'pending'", {})
    return None if rows[0][0] is None else float(rows[0][0])


def record_attempt(
    delivery: Delivery, attempt: Attempt, *, lease: str, state: State, due_at: float
) -> Script[bool]:  # fmt: skip
    """Write down what an attempt led to. False when the lease was lost meanwhile; the attempt is kept all the same."""
    yield Statement(
        "INSERT INTO attempts (delivery_id, number, at, seconds, status, reason)"
        " SELECT :id, COALESCE(MAX(number), 0) + 1, CAST(:at AS DOUBLE PRECISION),"
        " CAST(:seconds AS DOUBLE PRECISION), CAST(:status AS INTEGER), CAST(:reason AS TEXT)"
        " FROM attempts WHERE delivery_id = :id",
        {
            "id": delivery.id,
            "at": attempt.at,
            "seconds": attempt.seconds,
            "status": attempt.status,
            "reason": attempt.reason,
        },
    )
    return (yield from _settle(delivery, lease, state, due_at, attempt, counts=1))


def postpone(
    delivery: Delivery, *, lease: str, due_at: float, reason: str, now: float, state: State = "pending"
) -> Script[bool]:
    """Give a delivery back without an attempt: its host is known to be down, or there is no use in it any more."""
    return (yield from _settle(delivery, lease, state, due_at, Attempt(0, now, 0, None, reason), counts=0))


def _settle(
    delivery: Delivery, lease: str, state: State, due_at: float, attempt: Attempt, *, counts: int
) -> Script[bool]:
    rows = yield Statement(
        "UPDATE deliveries SET state = :state, due_at = :due_at, status = :status, reason = :reason,"
        " attempts = attempts + :counts, settled_at = :settled_at, lease = NULL"
        " WHERE issuer_id = :issuer_id AND id = :id AND lease = :lease AND state = 'pending' RETURNING id",
        {
            "issuer_id": delivery.issuer_id,
            "id": delivery.id,
            "lease": lease,
            "state": state,
            "due_at": due_at,
            "status": attempt.status,
            "reason": attempt.reason,
            "counts": counts,
            "settled_at": None if state == "pending" else attempt.at,
        },
    )
    return bool(rows)


def mark_attempted(deliveries: Sequence[Delivery], now: float) -> Script[None]:
    """Frames were put before the user: attempted, which is all that can be known (Front-Channel Logout 1.0, 4.1)."""
    for delivery in deliveries:
        yield Statement(
            "UPDATE deliveries SET state = 'attempted', attempts = 1, settled_at = :now, lease = NULL,"
            " reason = 'a frame was shown in the browser'"
            " WHERE issuer_id = :issuer_id AND id = :id AND state = 'pending'",
            {"issuer_id": delivery.issuer_id, "id": delivery.id, "now": now},
        )


def give_up_overdue(now: float) -> Script[None]:
    """Pending deliveries past their deadline are expired, whoever held them."""
    yield Statement(
        "UPDATE deliveries SET state = 'expired', settled_at = :now, lease = NULL,"
        " reason = CASE WHEN reason = '' THEN 'it was not reached in time' ELSE reason END"
        " WHERE state = 'pending' AND due_at <= :now AND deadline <= :now",
        {"now": now},
    )


def make_due_again(issuer_id: str, delivery_id: str, *, now: float, deadline: float) -> Script[Delivery]:
    """Try a settled delivery once more, with a new deadline. A pending one is made due now. Raises NotFound."""
    rows = yield Statement(
        "UPDATE deliveries SET state = 'pending', due_at = :now, deadline = :deadline, settled_at = NULL,"
        " reason = 'asked for again' WHERE id = :id AND issuer_id = :issuer_id AND channel IN ('back', 'op')"
        f" RETURNING {_COLUMNS}",
        {"id": delivery_id, "issuer_id": issuer_id, "now": now, "deadline": deadline},
    )
    if not rows:
        raise NotFound("There is no such delivery that could be sent again.")
    return _deliveries(rows)[0]


def deliveries_of_session(issuer_id: str, sid: str) -> Script[list[Delivery]]:
    """The deliveries of one session's end, in the order of their making."""
    rows = yield Statement(
        f"SELECT {_COLUMNS} FROM deliveries WHERE issuer_id = :issuer_id AND sid = :sid ORDER BY id",
        {"issuer_id": issuer_id, "sid": sid},
    )
    return _deliveries(rows)


def attempts_of(delivery_id: str) -> Script[list[Attempt]]:
    """What was tried, in order."""
    rows = yield Statement(
        "SELECT number, at, seconds, status, reason FROM attempts WHERE delivery_id = :id ORDER BY number",
        {"id": delivery_id},
    )
    return [Attempt(*row) for row in rows]


def deliveries_page(
    issuer_id: str, *, state: str | None, client_id: str | None, after: str, limit: int
) -> Script[list[Delivery]]:  # fmt: skip
    """Up to `limit` deliveries after the cursor `after`, oldest first."""
    rows = yield Statement(
        f"SELECT {_COLUMNS} FROM deliveries WHERE issuer_id = :issuer_id AND id > :after"
        " AND (CAST(:state AS TEXT) IS NULL OR state = :state)"
        " AND (CAST(:client_id AS TEXT) IS NULL OR client_id = :client_id) ORDER BY id LIMIT :limit",
        {"issuer_id": issuer_id, "state": state, "client_id": client_id, "after": after, "limit": limit},
    )
    return _deliveries(rows)


def signed_in_since(delivery: Delivery) -> Script[bool]:
    """Whether the user has begun another session at that app after this one ended."""
    rows = yield Statement(
        "SELECT 1 FROM sessions s JOIN participants p ON p.issuer_id = s.issuer_id AND p.sid = s.sid"
        " WHERE s.issuer_id = :issuer_id AND p.client_id = :client_id AND s.ended_at IS NULL"
        " AND p.joined_at > :since AND (p.sub = :sub OR (p.sub IS NULL AND s.sub = :sub)) LIMIT 1",
        {
            "issuer_id": delivery.issuer_id,
            "client_id": delivery.client_id,
            "sub": delivery.sub,
            "since": delivery.created_at,
        },
    )
    return bool(rows)


def _deliveries(rows: Rows) -> list[Delivery]:
    return [Delivery(*row) for row in rows]
