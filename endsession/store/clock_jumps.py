"""What is put right after the clock was set: nobody has to wait for an hour because the clock went back by one.

Each script changes a chunk of rows and says how many; it finds nothing that it has put right before, whichever process
runs it.
"""

from __future__ import annotations

from .lanes import AT_ONCE, LOOK_AGAIN
from .script import Script, Statement

SKEW = 60.0
"""Seconds by which the clocks of processes may differ."""


def after_set_back(now: float, lease_for: float) -> Script[int]:
    """What lies further ahead than it was ever put, or was written in what is the future now, is due."""
    latest = now + max(LOOK_AGAIN, lease_for) + SKEW
    changed = yield Statement(
        "UPDATE lanes SET rest_until = 0,"
        " next_at = CASE WHEN lease IS NULL THEN CAST(:now AS DOUBLE PRECISION)"
        " ELSE CAST(:leased AS DOUBLE PRECISION) END"
        " WHERE (issuer_id, client_id, channel) IN (SELECT issuer_id, client_id, channel FROM lanes"
        " WHERE next_at > :latest LIMIT :limit {skip_locked}) RETURNING client_id",
        {"now": now, "leased": now + lease_for, "latest": latest, "limit": AT_ONCE},
    )
    changed += yield Statement(
        "UPDATE deliveries SET due_at = :leased WHERE (issuer_id, id) IN (SELECT issuer_id, id FROM deliveries"
        " WHERE state = 'pending' AND lease IS NOT NULL AND due_at > :latest LIMIT :limit {skip_locked}) RETURNING id",
        {"leased": now + lease_for, "latest": latest, "limit": AT_ONCE},
    )
    changed += yield Statement(
        "UPDATE deliveries SET due_at = :now WHERE (issuer_id, id) IN (SELECT issuer_id, id FROM deliveries"
        " WHERE state = 'pending' AND lease IS NULL AND due_at > :skewed AND (created_at > :skewed OR EXISTS"
        " (SELECT 1 FROM attempts a WHERE a.delivery_id = deliveries.id AND a.at > :skewed))"
        " LIMIT :limit {skip_locked}) RETURNING id",
        {"now": now, "skewed": now + SKEW, "limit": AT_ONCE},
    )
    changed += yield Statement(
        "UPDATE fan_outs SET due_at = :now WHERE due_at > :latest RETURNING sid", {"now": now, "latest": latest}
    )
    return len(changed)


def after_set_forward(now: float, jump: float) -> Script[int]:
    """Deadlines that only the jump has passed are moved by as much: their deliveries had no chance in that time."""
    rows = yield Statement(
        "UPDATE deliveries SET deadline = deadline + :jump"
        " WHERE (issuer_id, id) IN (SELECT issuer_id, id FROM deliveries WHERE state = 'pending'"
        " AND channel <> 'front' AND deadline <= :now AND deadline > :before"
        " LIMIT :limit {skip_locked}) RETURNING id",
        {"now": now, "before": now - jump, "jump": jump, "limit": AT_ONCE},
    )
    return len(rows)
