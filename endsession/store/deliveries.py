"""The ledger: who has to be told of a session's end, and what became of it.

A delivery is written in the transaction that ends its session, or in one that follows from it, and stops at success, at
a final refusal or at its deadline. Who works on a pending one, and when, is for `lanes.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal

from ..protocol.errors import NotFound
from .script import AMONG, Rows, Script, Statement, among

Channel = Literal["back", "front", "op", "op_admin", "none"]
"""How an app is told: by a logout token, by a frame in the user's browser, or not at all. The provider itself is told
by a logout token (`op`) and by a call of its admin API (`op_admin`)."""
OF_PROVIDER: frozenset[Channel] = frozenset({"op", "op_admin"})
BY_REQUEST: frozenset[Channel] = OF_PROVIDER | {"back"}
"""What is sent from here, and can be sent again."""
ALREADY_GONE = "already gone"
"""How the reason begins where a provider knew no session of that name."""
State = Literal["pending", "delivered", "failed", "expired", "attempted"]
"""`failed` is a final answer, `expired` a deadline that passed; `attempted` is a frame that was shown."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is to be told, and under which names it knows the session. `client_id` is empty for the provider.

    `rp_sid` is its own sid, where that is not the session's.

    `reason` says why there is no way to tell it, where there is none.
    """

    client_id: str
    channel: Channel
    sub: str
    rp_sid: str = ""
    reason: str = "there is no way to tell this app"


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
    """One try. `seconds` is how long it took; `reason` says what happened, with the app's own error if it named one."""

    number: int
    at: float
    seconds: float
    status: int | None
    reason: str


FIELDS = tuple(field.name for field in fields(Delivery))
COLUMNS = ", ".join(FIELDS)
_INSERT = f"INSERT INTO deliveries ({COLUMNS}, lease) VALUES ({', '.join(f':{name}' for name in FIELDS)}, :lease)"


def new_id(now: float) -> str:
    """An identifier that cannot be guessed and sorts by the time of its making."""
    return f"{int(now * 1000):011x}{secrets.token_hex(10)}"


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """How long deliveries are tried, and who works on them first. Times are in seconds.

    `lease` is the process that holds them for `lease_for`; None lets them wait in their lanes, for any process.
    """

    deadline: float
    lease: str | None
    lease_for: float


def insert_deliveries(
    issuer_id: str, sid: str, recipients: Sequence[Recipient], limits: RetryLimits, now: float
) -> Script[list[Delivery]]:
    """Write the deliveries of an ending. Must run in a transaction of that ending."""
    ids = sorted(new_id(now) for _ in recipients)
    deliveries = [
        _first_state(delivery_id, issuer_id, sid, recipient, limits, now)
        for delivery_id, recipient in zip(ids, recipients, strict=True)
    ]
    yield Statement(_INSERT, many=[asdict(delivery) | {"lease": limits.lease} for delivery in deliveries])
    return deliveries


def _first_state(
    delivery_id: str, issuer_id: str, sid: str, recipient: Recipient, limits: RetryLimits, now: float
) -> Delivery:
    untold = recipient.channel == "none"
    held = limits.lease is not None and not untold
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
        due_at=now + limits.lease_for if held else now,
        attempts=0,
        status=None,
        reason=recipient.reason if untold else "",
        settled_at=now if untold else None,
    )


def mark_attempted(deliveries: Sequence[Delivery], now: float) -> Script[None]:
    """Frames were put before the user: attempted, which is all that can be known (Front-Channel Logout 1.0, 4.1)."""
    yield Statement(
        "UPDATE deliveries SET state = 'attempted', attempts = 1, settled_at = :now, lease = NULL,"
        " reason = 'a frame was shown in the browser'"
        " WHERE issuer_id = :issuer_id AND id = :id AND state = 'pending'",
        many=[{"issuer_id": delivery.issuer_id, "id": delivery.id, "now": now} for delivery in deliveries],
    )


def mark_untold(reasons: Sequence[tuple[Delivery, str]], now: float) -> Script[None]:
    """These get no frame, each for its reason: they have failed."""
    yield Statement(
        "UPDATE deliveries SET state = 'failed', settled_at = :now, lease = NULL, reason = :reason"
        " WHERE issuer_id = :issuer_id AND id = :id AND state = 'pending'",
        many=[
            {"issuer_id": delivery.issuer_id, "id": delivery.id, "now": now, "reason": reason}
            for delivery, reason in reasons
        ],
    )


def deliveries_of_session(issuer_id: str, sid: str, *, after: str = "", limit: int = 1000) -> Script[list[Delivery]]:
    """Up to `limit` deliveries of one session's end after the cursor `after`, in the order of their making."""
    rows = yield Statement(
        f"SELECT {COLUMNS} FROM deliveries WHERE issuer_id = :issuer_id AND sid = :sid AND id > :after"
        " ORDER BY id LIMIT :limit",
        {"issuer_id": issuer_id, "sid": sid, "after": after, "limit": limit},
    )
    return as_deliveries(rows)


@dataclass(frozen=True, slots=True)
class ToldApp:
    """An app that an ending was for. `metadata` is its registration, if that is in the database."""

    delivery_id: str
    client_id: str
    state: State
    metadata: str | None


def told_apps(issuer_id: str, sid: str, *, after: str = "", limit: int) -> Script[list[ToldApp]]:
    """Up to `limit` apps of a session's end after the delivery `after`, in the order of their deliveries."""
    rows = yield Statement(
        "SELECT d.id, d.client_id, d.state, c.metadata FROM deliveries d"
        " LEFT JOIN clients c ON c.issuer_id = d.issuer_id AND c.client_id = d.client_id"
        " WHERE d.issuer_id = :issuer_id AND d.sid = :sid AND d.channel NOT IN ('op', 'op_admin') AND d.id > :after"
        " ORDER BY d.id LIMIT :limit",
        {"issuer_id": issuer_id, "sid": sid, "after": after, "limit": limit},
    )
    return [ToldApp(*row) for row in rows]


def frames_of_session(issuer_id: str, sid: str) -> Script[list[Delivery]]:
    """The deliveries of a session's end that a browser makes."""
    rows = yield Statement(
        f"SELECT {COLUMNS} FROM deliveries WHERE issuer_id = :issuer_id AND sid = :sid AND channel = 'front'"
        " ORDER BY id",
        {"issuer_id": issuer_id, "sid": sid},
    )
    return as_deliveries(rows)


def attempts_of(delivery_ids: Sequence[str]) -> Script[dict[str, list[Attempt]]]:
    """What was tried of each of up to `script.PLACES` deliveries, in order; nothing of those that were never tried."""
    rows = yield Statement(
        "SELECT delivery_id, number, at, seconds, status, reason FROM attempts"
        f" WHERE delivery_id IN {AMONG} ORDER BY delivery_id, number",
        among(delivery_ids),
    )
    attempts: dict[str, list[Attempt]] = {}
    for delivery_id, *attempt in rows:
        attempts.setdefault(delivery_id, []).append(Attempt(*attempt))
    return attempts


def deliveries_page(
    issuer_id: str, *, state: str | None, client_id: str | None, after: str, limit: int
) -> Script[list[Delivery]]:
    """Up to `limit` deliveries after the cursor `after`, oldest first."""
    rows = yield Statement(
        f"SELECT {COLUMNS} FROM deliveries WHERE issuer_id = :issuer_id AND id > :after"
        " AND (CAST(:state AS TEXT) IS NULL OR state = :state)"
        " AND (CAST(:client_id AS TEXT) IS NULL OR client_id = :client_id) ORDER BY id LIMIT :limit",
        {"issuer_id": issuer_id, "state": state, "client_id": client_id, "after": after, "limit": limit},
    )
    return as_deliveries(rows)


def load_delivery(issuer_id: str, delivery_id: str) -> Script[Delivery]:
    """One delivery. Raises NotFound."""
    rows = yield Statement(
        f"SELECT {COLUMNS} FROM deliveries WHERE issuer_id = :issuer_id AND id = :id",
        {"issuer_id": issuer_id, "id": delivery_id},
    )
    if not rows:
        raise NotFound("There is no such delivery.")
    return as_deliveries(rows)[0]


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


def as_deliveries(rows: Rows) -> list[Delivery]:
    """Rows of `COLUMNS`."""
    return [Delivery(*row) for row in rows]
