"""Clients that are kept in the database, in addition to those in the settings file. A file's client comes first.

A client's secret is never in its metadata: it stands in a column of its own, sealed (`tokens.seal.Vault`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .audit import Trace, audit_client
from .script import Script, Statement

_CHUNK = 100
SEALED_CLIENTS = (
    "SELECT issuer_id, client_id, secret FROM clients WHERE secret IS NOT NULL ORDER BY issuer_id, client_id"
)
"""The clients that have a secret."""


@dataclass(frozen=True, slots=True)
class StoredClient:
    """A client's metadata, and its sealed secret if it has one."""

    metadata: dict[str, Any]
    sealed_secret: str | None


def secret_name(issuer_id: str, client_id: str) -> str:
    """The name under which a client's secret is sealed."""
    return f"secret of client {client_id} of {issuer_id}"


def load_client(issuer_id: str, client_id: str) -> Script[StoredClient | None]:
    """A client."""
    rows = yield Statement(
        "SELECT metadata, secret FROM clients WHERE issuer_id = :issuer_id AND client_id = :client_id",
        {"issuer_id": issuer_id, "client_id": client_id},
    )
    return StoredClient(json.loads(rows[0][0]), rows[0][1]) if rows else None


def clients_page(issuer_id: str, *, after: str, limit: int) -> Script[list[tuple[str, dict[str, Any]]]]:
    """The ids and metadata of up to `limit` clients in the database after the cursor `after`, in order of their ids."""
    rows = yield Statement(
        "SELECT client_id, metadata FROM clients WHERE issuer_id = :issuer_id AND client_id > :after"
        " ORDER BY client_id LIMIT :limit",
        {"issuer_id": issuer_id, "after": after, "limit": limit},
    )
    return [(client_id, json.loads(metadata)) for client_id, metadata in rows]


def store_client(
    issuer_id: str, client_id: str, metadata: Mapping[str, Any], sealed_secret: str | None, trace: Trace
) -> Script[bool]:
    """Register or replace a client. True when it is new."""
    values = {"issuer_id": issuer_id, "client_id": client_id}
    rows = yield Statement("SELECT 1 FROM clients WHERE issuer_id = :issuer_id AND client_id = :client_id", values)
    yield Statement(
        "INSERT INTO clients (issuer_id, client_id, metadata, secret, changed_at)"
        " VALUES (:issuer_id, :client_id, :metadata, :secret, :now)"
        " ON CONFLICT (issuer_id, client_id) DO UPDATE SET metadata = excluded.metadata,"
        " secret = excluded.secret, changed_at = excluded.changed_at",
        values | {"metadata": json.dumps(dict(metadata)), "secret": sealed_secret, "now": trace.at},
    )
    yield audit_client(issuer_id, "client_replaced" if rows else "client_registered", client_id, trace)
    return not rows


def remove_client(issuer_id: str, client_id: str, trace: Trace) -> Script[bool]:
    """Forget a client. False when it was not known."""
    rows = yield Statement(
        "DELETE FROM clients WHERE issuer_id = :issuer_id AND client_id = :client_id RETURNING client_id",
        {"issuer_id": issuer_id, "client_id": client_id},
    )
    if rows:
        yield audit_client(issuer_id, "client_removed", client_id, trace)
    return bool(rows)


Reseal = Callable[[str, str, str | None, str | None], str | None]
"""(issuer_id, client_id, secret in the clear, sealed secret) to the sealed secret to keep; None leaves it as it is."""


def reseal_clients(reseal: Reseal, after: tuple[str, str]) -> Script[tuple[str, str] | None]:
    """Hold the secrets of a chunk of clients to `reseal`; what stands in the clear moves out of the metadata.

    `after` is the (issuer_id, client_id) to go on behind. Returns the last one seen, None at the end.
    """
    rows = yield Statement(
        "SELECT issuer_id, client_id, metadata, secret FROM clients WHERE (issuer_id, client_id) > (:issuer, :client)"
        " AND (secret IS NOT NULL OR metadata LIKE :in_the_clear)"
        " ORDER BY issuer_id, client_id LIMIT :chunk {for_update}",
        {"issuer": after[0], "client": after[1], "chunk": _CHUNK, "in_the_clear": '%"client_secret"%'},
    )
    for issuer_id, client_id, text, secret in rows:
        metadata = json.loads(text)
        sealed = reseal(issuer_id, client_id, metadata.pop("client_secret", None), secret)
        if sealed is not None:
            yield Statement(
                "UPDATE clients SET metadata = :metadata, secret = :secret"
                " WHERE issuer_id = :issuer_id AND client_id = :client_id",
                {"issuer_id": issuer_id, "client_id": client_id, "metadata": json.dumps(metadata), "secret": sealed},
            )
    return (rows[-1][0], rows[-1][1]) if len(rows) == _CHUNK else None
