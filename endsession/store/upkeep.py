"""What happens to rows with time: forgotten handles, old sessions, and the secret that all nodes share."""

from __future__ import annotations

from .script import Script, Statement

_CHUNK = 1000
"""Rows removed in one transaction, so that upkeep never holds up a logout."""


def shared_secret(name: str, fresh: str) -> Script[str]:
    """The secret called `name`, made from `fresh` by whichever node comes first."""
    yield Statement(
        "INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING",
        {"name": name, "value": fresh},
    )
    rows = yield Statement("SELECT value FROM secrets WHERE name = :name", {"name": name})
    return str(rows[0][0])


def known_secret(name: str) -> Script[str | None]:
    """The secret called `name`, if it has been made."""
    rows = yield Statement("SELECT value FROM secrets WHERE name = :name", {"name": name})
    return str(rows[0][0]) if rows else None


def is_reachable() -> Script[bool]:
    """Whether storage answers, with the schema in place."""
    rows = yield Statement("SELECT 1 FROM migrations LIMIT 1", {})
    return bool(rows)


def forget_spent_handles(now: float) -> Script[None]:
    """Remove uses of handles that are too old to be tried again."""
    yield Statement("DELETE FROM spent_handles WHERE expires_at < :now", {"now": now})


def forget_ended_sessions(before: float) -> Script[int]:
    """Remove sessions that ended before `before`, with what belongs to them. Returns how many; more may be left."""
    rows = yield Statement(
        "SELECT issuer_id, sid FROM sessions WHERE ended_at IS NOT NULL AND ended_at < :before LIMIT :chunk",
        {"before": before, "chunk": _CHUNK},
    )
    for issuer_id, sid in rows:
        key = {"issuer_id": issuer_id, "sid": sid}
        yield Statement(
            "DELETE FROM attempts WHERE delivery_id IN"
            " (SELECT id FROM deliveries WHERE issuer_id = :issuer_id AND sid = :sid)",
            key,
        )
        for table in ("deliveries", "session_cookies", "participants", "sessions"):
            yield Statement(f"DELETE FROM {table} WHERE issuer_id = :issuer_id AND sid = :sid", key)
    return len(rows)


def forget_audit(before: float) -> Script[None]:
    """Remove what was written into the audit before `before`; the oldest come first, a chunk at a time."""
    yield Statement(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT :chunk) AND at < :before",
        {"before": before, "chunk": _CHUNK},
    )


def expired_sessions(now: float) -> Script[list[tuple[str, str]]]:
    """(issuer_id, sid) of sessions past a lifetime that nobody has ended yet; a chunk of them."""
    rows = yield Statement(
        "SELECT issuer_id, sid FROM sessions WHERE ended_at IS NULL AND dies_at <= :now LIMIT :chunk",
        {"now": now, "chunk": _CHUNK},
    )
    return [(issuer_id, sid) for issuer_id, sid in rows]
