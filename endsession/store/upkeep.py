"""What happens to rows with time: forgotten handles, old sessions, and the secrets that all nodes share."""

from __future__ import annotations

from .script import Script, Statement

CHUNK = 100
"""Rows that one transaction looks after, so that upkeep never holds up a logout."""


# Secrets stand here sealed: `tokens.seal.Vault` makes the values, and the key to them is never in the database.

SECRETS = "SELECT name, value FROM secrets"
"""All of them."""


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


def replace_secret(name: str, known: str, fresh: str) -> Script[str]:
    """Put `fresh` in the place of `known`, unless another node was faster. Returns what stands there now."""
    yield Statement(
        "UPDATE secrets SET value = :fresh WHERE name = :name AND value = :known",
        {"name": name, "known": known, "fresh": fresh},
    )
    rows = yield Statement("SELECT value FROM secrets WHERE name = :name", {"name": name})
    return str(rows[0][0])


def keep_secret(name: str, value: str) -> Script[None]:
    """Let `value` be the secret called `name`, whatever it was."""
    yield Statement(
        "INSERT INTO secrets (name, value) VALUES (:name, :value)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        {"name": name, "value": value},
    )


def take_a_write() -> Script[None]:
    """A write that changes nothing: it succeeds where a logout's would."""
    yield Statement("UPDATE migrations SET applied_at = applied_at WHERE number = 1", {})


# Each of these removes a chunk of what is past its time, and returns how many rows it found; more may be left.


def forget_spent_handles(before: float) -> Script[int]:
    """Uses of handles that could not be tried again after `before`."""
    rows = yield Statement(
        "DELETE FROM spent_handles WHERE sha256 IN"
        " (SELECT sha256 FROM spent_handles WHERE expires_at < :before ORDER BY expires_at LIMIT :chunk)"
        " RETURNING sha256",
        {"before": before, "chunk": CHUNK},
    )
    return len(rows)


def forget_audit(before: float) -> Script[int]:
    """What was written into the audit before `before`. Its ids grow with time, so the oldest rows come first."""
    rows = yield Statement(
        "DELETE FROM audit WHERE at < :before AND id IN (SELECT id FROM audit ORDER BY id LIMIT :chunk) RETURNING id",
        {"before": before, "chunk": CHUNK},
    )
    return len(rows)


def forget_provider_keys(issuer_id: str, before: float) -> Script[int]:
    """Keys that the provider was last seen to have before `before`."""
    rows = yield Statement(
        "DELETE FROM provider_keys WHERE issuer_id = :issuer_id AND seen_at < :before RETURNING thumbprint",
        {"issuer_id": issuer_id, "before": before},
    )
    return len(rows)


def forget_ended_sessions(before: float) -> Script[int]:
    """Sessions that ended before `before`, with what belongs to them."""
    rows = yield Statement(
        "SELECT issuer_id, sid FROM sessions WHERE ended_at IS NOT NULL AND ended_at < :before LIMIT :chunk",
        {"before": before, "chunk": CHUNK},
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


def expired_sessions(now: float) -> Script[list[tuple[str, str]]]:
    """(issuer_id, sid) of sessions past a lifetime that nobody has ended yet; a chunk of them."""
    rows = yield Statement(
        "SELECT issuer_id, sid FROM sessions WHERE ended_at IS NULL AND dies_at <= :now LIMIT :chunk",
        {"now": now, "chunk": CHUNK},
    )
    return [(issuer_id, sid) for issuer_id, sid in rows]
