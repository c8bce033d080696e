"""From a session that has ended to one delivery per app, in slices.

The first slice is written in the transaction that ends the session. A session with more apps than that leaves a row in
`fan_outs`, which moves on with each further slice and goes with the last one: a process that dies in between loses
nothing, another goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .deliveries import Delivery, Recipient, RetryLimits, insert_deliveries
from .lanes import lane_of, open_lanes
from .script import Rows, Script, Statement
from .sessions import Participant

SLICE = 100
"""Apps that are written down in one transaction, so that nobody else's logout waits long for it."""

Metadata = dict[str, Any]
Candidate = tuple[Participant, Metadata | None]
"""An app that may have to be told, with its metadata if that is in the database."""
Among = Literal["participants", "clients"]
"""Who may have to be told: the session's participants, or every client of the issuer."""


@dataclass(frozen=True, slots=True)
class Choose:
    """Whom an ending tells.

    `recipients` decides, given the session's `sub` and some candidates; `provider` are recipients that are no apps,
    given `sub` and the provider's own sid where it is not ours.
    `known` are the ids of clients outside of the database, for `among` = "clients".
    """

    recipients: Callable[[str, Sequence[Candidate]], Sequence[Recipient]]
    among: Among = "participants"
    known: Sequence[str] = ()
    provider: Callable[[str, str | None], Sequence[Recipient]] = lambda sub, op_sid: ()


def write_first_slice(
    issuer_id: str,
    sid: str,
    sub: str,
    choose: Choose,
    limits: RetryLimits,
    *,
    op_sid: str | None = None,
    initiator: str,
    now: float,
) -> Script[tuple[list[Delivery], bool]]:
    """The deliveries of the first apps, and whether there are more. Must run in the transaction of the ending."""
    first: list[Candidate] = []
    if initiator:
        first = yield from _of_client(issuer_id, sid, choose, initiator)
    others, cursor = yield from _slice(issuer_id, sid, choose, initiator, ("", ""))
    recipients = [*choose.provider(sub, op_sid), *choose.recipients(sub, [*first, *others])]
    deliveries = yield from insert_deliveries(issuer_id, sid, recipients, limits, now)
    if cursor is not None:
        yield Statement(
            "INSERT INTO fan_outs (issuer_id, sid, sub, initiator, after_client_id, after_rp_sid, due_at)"
            " VALUES (:issuer_id, :sid, :sub, :initiator, :after_client_id, :after_rp_sid, :due_at)",
            {
                "issuer_id": issuer_id,
                "sid": sid,
                "sub": sub,
                "initiator": initiator,
                "after_client_id": cursor[0],
                "after_rp_sid": cursor[1],
                "due_at": now + limits.lease_for,
            },
        )
    return deliveries, cursor is not None


def write_next_slice(issuer_id: str, sid: str, choose: Choose, limits: RetryLimits, *, now: float) -> Script[bool]:
    """Write down the next apps of an ending; they wait in their lanes. True when there are more."""
    key = {"issuer_id": issuer_id, "sid": sid}
    rows = yield Statement(
        "SELECT sub, initiator, after_client_id, after_rp_sid FROM fan_outs"
        " WHERE issuer_id = :issuer_id AND sid = :sid {for_update}",
        key,
    )
    if not rows:
        return False
    sub, initiator, *after = rows[0]
    candidates, cursor = yield from _slice(issuer_id, sid, choose, initiator, (after[0], after[1]))
    recipients = choose.recipients(sub, candidates)
    waiting = RetryLimits(limits.deadline, None, limits.lease_for)
    deliveries = yield from insert_deliveries(issuer_id, sid, recipients, waiting, now)
    yield open_lanes((lane_of(delivery) for delivery in deliveries if delivery.state == "pending"), now)
    if cursor is None:
        yield Statement("DELETE FROM fan_outs WHERE issuer_id = :issuer_id AND sid = :sid", key)
        return False
    yield Statement(
        "UPDATE fan_outs SET after_client_id = :after_client_id, after_rp_sid = :after_rp_sid, due_at = :due_at"
        " WHERE issuer_id = :issuer_id AND sid = :sid",
        key | {"after_client_id": cursor[0], "after_rp_sid": cursor[1], "due_at": now + limits.lease_for},
    )
    return True


def unfinished(now: float, *, limit: int = 10) -> Script[list[tuple[str, str]]]:
    """(issuer_id, sid) of endings that the process that began them has not finished."""
    rows = yield Statement(
        "SELECT issuer_id, sid FROM fan_outs WHERE due_at <= :now ORDER BY due_at LIMIT :limit",
        {"now": now, "limit": limit},
    )
    return [(issuer_id, sid) for issuer_id, sid in rows]


def _slice(
    issuer_id: str, sid: str, choose: Choose, initiator: str, after: tuple[str, str]
) -> Script[tuple[list[Candidate], tuple[str, str] | None]]:
    """The next candidates but for the initiator, and where the slice after that begins."""
    if choose.among == "participants":
        found, cursor = yield from _participants(issuer_id, sid, after)
    else:
        found, cursor = yield from _clients(issuer_id, choose, after)
    return [candidate for candidate in found if candidate[0].client_id != initiator], cursor


def _participants(
    issuer_id: str, sid: str, after: tuple[str, str]
) -> Script[tuple[list[Candidate], tuple[str, str] | None]]:
    rows = yield Statement(
        f"{_PARTICIPANTS} AND (p.client_id, p.rp_sid) > (:after_client_id, :after_rp_sid)"
        " ORDER BY p.client_id, p.rp_sid LIMIT :limit",
        {
            "issuer_id": issuer_id,
            "sid": sid,
            "after_client_id": after[0],
            "after_rp_sid": after[1],
            "limit": SLICE + 1,
        },
    )
    last = rows[SLICE - 1] if len(rows) > SLICE else None
    return _as_candidates(rows[:SLICE]), (last[0], last[2]) if last else None


def _clients(
    issuer_id: str, choose: Choose, after: tuple[str, str]
) -> Script[tuple[list[Candidate], tuple[str, str] | None]]:
    """Those outside of the database first, then those in it; the place is the last id, or how many were passed."""
    passed = int(after[1] or 0)
    if passed < len(choose.known):
        names = choose.known[passed : passed + SLICE]
        return [(Participant(name), None) for name in names], ("", str(passed + len(names)))
    rows = yield Statement(
        f"{_CLIENTS} AND client_id > :after ORDER BY client_id LIMIT :limit",
        {"issuer_id": issuer_id, "after": after[0], "limit": SLICE + 1},
    )
    last = rows[SLICE - 1] if len(rows) > SLICE else None
    known = set(choose.known)
    found = [candidate for candidate in _as_candidates(rows[:SLICE]) if candidate[0].client_id not in known]
    return found, (last[0], after[1]) if last else None


def _of_client(issuer_id: str, sid: str, choose: Choose, client_id: str) -> Script[list[Candidate]]:
    """One client as a candidate, once for each of its own sids."""
    if choose.among == "participants":
        rows = yield Statement(
            f"{_PARTICIPANTS} AND p.client_id = :client_id ORDER BY p.rp_sid LIMIT :limit",
            {"issuer_id": issuer_id, "sid": sid, "client_id": client_id, "limit": SLICE},
        )
        return _as_candidates(rows)
    if client_id in choose.known:
        return [(Participant(client_id), None)]
    rows = yield Statement(f"{_CLIENTS} AND client_id = :client_id", {"issuer_id": issuer_id, "client_id": client_id})
    return _as_candidates(rows)


_CLIENTS = "SELECT client_id, NULL, '', metadata FROM clients WHERE issuer_id = :issuer_id"
_PARTICIPANTS = (
    "SELECT p.client_id, p.sub, p.rp_sid, c.metadata FROM participants p"
    " LEFT JOIN clients c ON c.issuer_id = p.issuer_id AND c.client_id = p.client_id"
    " WHERE p.issuer_id = :issuer_id AND p.sid = :sid"
)


def _as_candidates(rows: Rows) -> list[Candidate]:
    return [
        (Participant(client_id, own_sub, rp_sid or None), json.loads(metadata) if metadata else None)
        for client_id, own_sub, rp_sid, metadata in rows
    ]
