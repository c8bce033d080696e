"""Who works on which delivery, and when.

A pending delivery is *held* by a process, under a lease that ends at its `due_at`, or *waits* in the lane of its app.
A worker leases a whole lane at a time: so apps are served in turn, however many deliveries one of them has, and an app
that is down costs one row and one attempt per rest, however many wait for it. When a process dies, its leases run out
and others go on.

Every script here locks a lane before a delivery, so that two never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..protocol.errors import NotFound
from .audit import Trace, audit
from .deliveries import BY_REQUEST, COLUMNS, Attempt, Delivery, State, as_deliveries
from .script import Script, Statement

LOOK_AGAIN = 60.0
"""Seconds after which a lane is looked at whatever waits in it: deadlines pass without anybody's doing."""
AT_ONCE = 200
"""Rows that one transaction changes at most."""


class Lane(NamedTuple):
    """One app's way of being told."""

    issuer_id: str
    client_id: str
    channel: str


@dataclass(frozen=True, slots=True)
class LeasedLane:
    """A lane that this process works on. `failures` are attempts in a row that found the app down."""

    lane: Lane
    failures: int


_KEY = "issuer_id = :issuer_id AND client_id = :client_id AND channel = :channel"
_OPEN = (
    "INSERT INTO lanes (issuer_id, client_id, channel, next_at) VALUES (:issuer_id, :client_id, :channel, :at)"
    " ON CONFLICT (issuer_id, client_id, channel) DO UPDATE SET next_at ="
    # Its holder finds what is new by itself, and an app that rests is left alone.
    " CASE WHEN lanes.lease IS NOT NULL OR excluded.next_at >= lanes.next_at THEN lanes.next_at"
    " WHEN excluded.next_at > lanes.rest_until THEN excluded.next_at ELSE lanes.rest_until END"
)


def lane_of(delivery: Delivery) -> Lane:
    """The lane that a delivery waits in."""
    return Lane(delivery.issuer_id, delivery.client_id, delivery.channel)


def open_lanes(lanes: Iterable[Lane], at: float) -> Statement:
    """Let a worker look at these lanes from `at` on. Must come before the change that makes deliveries wait in them."""
    return Statement(_OPEN, many=[{**lane._asdict(), "at": at} for lane in sorted(set(lanes))])


def lease_lanes(lease: str, *, until: float, now: float, limit: int) -> Script[list[LeasedLane]]:
    """Take up to `limit` lanes that are due, for `lease`, until `until`."""
    rows = yield Statement(
        "UPDATE lanes SET lease = :lease, next_at = :until WHERE (issuer_id, client_id, channel) IN ("
        "SELECT issuer_id, client_id, channel FROM lanes WHERE next_at <= :now ORDER BY next_at LIMIT :limit"
        " {skip_locked}) RETURNING issuer_id, client_id, channel, failures",
        {"lease": lease, "until": until, "now": now, "limit": limit},
    )
    return [LeasedLane(Lane(*row[:3]), row[3]) for row in rows]


def lease_waiting(
    lane: Lane, lease: str, *, until: float, now: float, limit: int, overdue: float | None = None
) -> Script[list[Delivery]]:
    """Take up to `limit` deliveries that wait in a lane and are due, and expire those with a deadline up to `overdue`.

    That is now, unless the clock has just been set forward.
    """
    overdue = now if overdue is None else overdue
    key = lane._asdict()
    yield Statement(
        "UPDATE deliveries SET state = 'expired', settled_at = :now,"
        " reason = CASE WHEN reason = '' THEN 'it was not reached in time' ELSE reason END"
        " WHERE (issuer_id, id) IN (SELECT issuer_id, id FROM deliveries"
        f" WHERE {_KEY} AND state = 'pending' AND lease IS NULL AND due_at <= :now AND deadline <= :overdue"
        " ORDER BY due_at LIMIT :limit {skip_locked})",
        key | {"now": now, "overdue": overdue, "limit": AT_ONCE},
    )
    rows = yield Statement(
        "UPDATE deliveries SET lease = :lease, due_at = :until WHERE (issuer_id, id) IN ("
        f"SELECT issuer_id, id FROM deliveries WHERE {_KEY} AND state = 'pending' AND lease IS NULL"
        " AND due_at <= :now AND deadline > :overdue ORDER BY due_at LIMIT :limit {skip_locked})"
        f" RETURNING {COLUMNS}",
        key | {"lease": lease, "until": until, "now": now, "overdue": overdue, "limit": limit},
    )
    return as_deliveries(rows)


def renew_lane(lane: Lane, lease: str, *, until: float) -> Script[bool]:
    """Hold a lane for longer. False when the lease was lost."""
    rows = yield Statement(
        f"UPDATE lanes SET next_at = :until WHERE {_KEY} AND lease = :lease RETURNING client_id",
        lane._asdict() | {"lease": lease, "until": until},
    )
    return bool(rows)


def release_lane(lane: Lane, lease: str, *, now: float, failures: int, rest_until: float = 0.0) -> Script[None]:
    """Give a lane back: until its next delivery is due or its app has rested, or for good when nothing waits in it."""
    key = lane._asdict()
    held = yield Statement(
        f"SELECT 1 FROM lanes WHERE {_KEY} AND lease = :lease {{for_update}}", key | {"lease": lease}
    )
    if not held:
        return
    # In a statement of its own: it has to see what the previous holder of the lane's row wrote.
    rows = yield Statement(
        f"SELECT MIN(due_at) FROM deliveries WHERE {_KEY} AND state = 'pending' AND lease IS NULL", key
    )
    if rows[0][0] is None:
        yield Statement(f"DELETE FROM lanes WHERE {_KEY}", key)
        return
    yield Statement(
        "UPDATE lanes SET lease = NULL, next_at = :next_at, rest_until = :rest_until, failures = :failures"
        f" WHERE {_KEY}",
        key
        | {
            "next_at": min(max(float(rows[0][0]), rest_until), max(now + LOOK_AGAIN, rest_until)),
            "rest_until": rest_until,
            "failures": failures,
        },
    )


def adopt_orphans(now: float, *, overdue: float | None = None) -> Script[int]:
    """Deliveries whose holder has not settled them in time wait in their lanes, for anybody. A chunk of them."""
    overdue = now if overdue is None else overdue
    rows = yield Statement(
        "SELECT issuer_id, id, client_id, channel, deadline FROM deliveries"
        " WHERE state = 'pending' AND lease IS NOT NULL AND due_at <= :now ORDER BY due_at LIMIT :limit",
        {"now": now, "limit": AT_ONCE},
    )
    if not rows:
        return 0
    yield open_lanes((Lane(row[0], row[2], row[3]) for row in rows), now)
    yield Statement(
        "UPDATE deliveries SET lease = NULL,"
        " state = CASE WHEN deadline <= :overdue THEN 'expired' ELSE state END,"
        " settled_at = CASE WHEN deadline <= :overdue THEN CAST(:now AS DOUBLE PRECISION) ELSE settled_at END,"
        " reason = CASE WHEN deadline <= :overdue AND reason = '' THEN 'it was not reached in time' ELSE reason END"
        " WHERE issuer_id = :issuer_id AND id = :id AND state = 'pending' AND lease IS NOT NULL AND due_at <= :now",
        many=[{"issuer_id": row[0], "id": row[1], "now": now, "overdue": overdue} for row in rows],
    )
    return len(rows)


def next_work() -> Script[float | None]:
    """When there is work next: a lane, or a delivery whose holder did not settle it. None when there is none."""
    rows = yield Statement(
        "SELECT MIN(next_at) FROM lanes UNION ALL"
        " SELECT MIN(due_at) FROM deliveries WHERE state = 'pending' AND lease IS NOT NULL"
    )
    return min((float(at) for (at,) in rows if at is not None), default=None)


def record_attempt(delivery: Delivery, attempt: Attempt, *, lease: str, state: State, due_at: float) -> Script[bool]:
    """Write down what an attempt led to. False when the lease was lost meanwhile; the attempt is kept all the same."""
    if state == "pending":
        yield open_lanes([lane_of(delivery)], due_at)
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


def put_back(
    delivery: Delivery, *, lease: str, due_at: float, reason: str, now: float, state: State = "pending"
) -> Script[bool]:
    """Give a delivery back without an attempt: its app is known to be down, or there is no use in it any more."""
    if state == "pending":
        yield open_lanes([lane_of(delivery)], due_at)
    # A delivery that goes on waiting keeps what its own last attempt said.
    kept = delivery.reason or reason if state == "pending" else reason
    attempt = Attempt(0, now, 0, delivery.status, kept)
    return (yield from _settle(delivery, lease, state, due_at, attempt, counts=0))


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
            "settled_at": None if state == "pending" else attempt.at + attempt.seconds,
        },
    )
    return bool(rows)


def make_due_again(delivery: Delivery, trace: Trace, *, deadline: float) -> Script[Delivery]:
    """Try a settled delivery once more, with a new deadline. A waiting one is made due now. Raises NotFound."""
    now = trace.at
    if delivery.channel not in BY_REQUEST:
        raise NotFound("There is no such delivery that could be sent again.")
    # An operator who asks does not want to wait until the app has rested.
    lane = lane_of(delivery)._asdict()
    yield Statement(f"UPDATE lanes SET rest_until = 0 WHERE {_KEY}", lane)
    yield open_lanes([lane_of(delivery)], now)
    rows = yield Statement(
        "UPDATE deliveries SET state = 'pending', lease = NULL, due_at = :now, deadline = :deadline,"
        " settled_at = NULL, reason = 'asked for again'"
        " WHERE id = :id AND issuer_id = :issuer_id AND (state <> 'pending' OR lease IS NULL)"
        f" RETURNING {COLUMNS}",
        {"id": delivery.id, "issuer_id": delivery.issuer_id, "now": now, "deadline": deadline},
    )
    yield audit(
        delivery.issuer_id,
        "redelivery",
        trace,
        sid=delivery.sid,
        sub=delivery.sub,
        client_id=delivery.client_id,
        reason=f"{delivery.id} was {delivery.state}",
    )
    return as_deliveries(rows)[0] if rows else delivery
