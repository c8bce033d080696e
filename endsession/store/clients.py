"""Clients that are kept in the database, in addition to those in the settings file. A file's client comes first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .script import Script, Statement


def load_client(issuer_id: str, client_id: str) -> Script[dict[str, Any] | None]:
    """A client's metadata."""
    rows = yield Statement(
        "SELECT metadata FROM clients WHERE issuer_id = :issuer_id AND client_id = :client_id",
        {"issuer_id": issuer_id, "client_id": client_id},
    )
    return json.loads(rows[0][0]) if rows else None


def all_clients(issuer_id: str) -> Script[list[dict[str, Any]]]:
    """The metadata of every client of an issuer that is kept in the database."""
    rows = yield Statement(
        "SELECT metadata FROM clients WHERE issuer_id = :issuer_id ORDER BY client_id", {"issuer_id": issuer_id}
    )
    return [json.loads(metadata) for (metadata,) in rows]


def store_client(issuer_id: str, client_id: str, metadata: Mapping[str, Any], *, now: float) -> Script[bool]:
    """Register or replace a client. True when it is new."""
    values = {"issuer_id": issuer_id, "client_id": client_id}
    rows = yield Statement("SELECT 1 FROM clients WHERE issuer_id = :issuer_id AND client_id = :client_id", values)
    yield Statement(
        "INSERT INTO clients (issuer_id, client_id, metadata, changed_at)"
        " VALUES (:issuer_id, :client_id, :metadata, :now)"
        " ON CONFLICT (issuer_id, client_id) DO UPDATE SET metadata = excluded.metadata,"
        " changed_at = excluded.changed_at",
        values | {"metadata": json.dumps(dict(metadata)), "now": now},
    )
    return not rows


def remove_client(issuer_id: str, client_id: str) -> Script[bool]:
    """Forget a client. False when it was not known."""
    rows = yield Statement(
        "DELETE FROM clients WHERE issuer_id = :issuer_id AND client_id = :client_id RETURNING client_id",
        {"issuer_id": issuer_id, "client_id": client_id},
    )
    return bool(rows)
