"""Counting what an operator should know of a front: kept in memory, and added to the storage once in a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .script import Script, Statement
from .upkeep import CHUNK

Count = Literal[
    "begun", "learnt", "no_browser", "did_not_stick", "not_learnt", "withheld_in_vain", "storage_unavailable"
]
"""What is counted: an authorization request that the provider took; a token that led to a session; such a session
without a browser; an ID token for a session that had ended; a token answer that could not be read; cookies that are
withheld without effect; a request that passed while the storage was unavailable. An app with `begun` and without
`learnt` goes around the front."""
Counted = tuple[str, Count, str]
"""Issuer, what happened, and the client it concerns, if one is known."""

FRONT_COUNTS = "SELECT issuer_id, event, client_id, count FROM front_counts ORDER BY issuer_id, event, client_id"


def add_counts(counts: Mapping[Counted, int], now: float) -> Script[None]:
    """Add to what has been counted before."""
    for (issuer_id, event, client_id), count in sorted(counts.items()):
        yield Statement(
            "INSERT INTO front_counts (issuer_id, event, client_id, count, last_at)"
            " VALUES (:issuer_id, :event, :client_id, :count, :now)"
            " ON CONFLICT (issuer_id, event, client_id) DO UPDATE SET"
            " count = front_counts.count + excluded.count, last_at = excluded.last_at",
            {"issuer_id": issuer_id, "event": event, "client_id": client_id, "count": count, "now": now},
        )


def forget_front_rows(now: float, browsers_before: float) -> Script[int]:
    """Sign-ins, pushed requests, tokens and dead cookies that have expired, and browsers last seen before that time."""
    found = 0
    for table, key, column, before in (
        ("front_awaited", "sha256", "expires_at", now),
        ("front_pushed", "sha256", "expires_at", now),
        ("front_tokens", "sha256", "expires_at", now),
        ("front_dead_cookies", "sha256", "expires_at", now),
        ("front_browsers", "sha256", "seen_at", browsers_before),
    ):
        rows = yield Statement(
            f"DELETE FROM {table} WHERE {column} < :before AND {key} IN"
            f" (SELECT {key} FROM {table} WHERE {column} < :before ORDER BY {column} LIMIT :chunk) RETURNING {key}",
            {"before": before, "chunk": CHUNK},
        )
        found += len(rows)
    return found
