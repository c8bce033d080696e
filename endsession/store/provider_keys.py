"""Public keys that providers have been seen to have. They are remembered, so that a restart forgets none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from .script import Database, Script, Statement


class ProviderKeys:
    """The memory of one issuer's keys (`tokens.keyring.KeyMemory`)."""

    def __init__(self, store: Database, issuer_id: str) -> None:
        self._store, self._issuer_id = store, issuer_id

    async def load(self) -> list[tuple[Mapping[str, Any], float, float | None]]:
        """See KeyMemory."""
        return await self._store.read(_load(self._issuer_id))

    async def save(self, keys: Iterable[Mapping[str, Any]], now: float) -> None:
        """See KeyMemory."""
        await self._store.write(_save(self._issuer_id, keys, now))


def _load(issuer_id: str) -> Script[list[tuple[Mapping[str, Any], float, float | None]]]:
    rows = yield Statement(
        "SELECT jwk, seen_at, gone_at FROM provider_keys WHERE issuer_id = :issuer_id", {"issuer_id": issuer_id}
    )
    return [(json.loads(jwk), seen_at, gone_at) for jwk, seen_at, gone_at in rows]


def _save(issuer_id: str, keys: Iterable[Mapping[str, Any]], now: float) -> Script[None]:
    texts = sorted(json.dumps(dict(jwk), sort_keys=True) for jwk in keys)
    prints = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    for text, thumbprint in zip(texts, prints, strict=True):
        yield Statement(
            "INSERT INTO provider_keys (issuer_id, thumbprint, jwk, seen_at) VALUES (:issuer_id, :print, :jwk, :now)"
            " ON CONFLICT (issuer_id, thumbprint) DO UPDATE SET seen_at = excluded.seen_at, gone_at = NULL",
            {"issuer_id": issuer_id, "print": thumbprint, "jwk": text, "now": now},
        )
    names = {f"p{number}": thumbprint for number, thumbprint in enumerate(prints)}
    others = f" AND thumbprint NOT IN ({', '.join(f':{name}' for name in names)})" if names else ""
    yield Statement(
        f"UPDATE provider_keys SET gone_at = :now WHERE issuer_id = :issuer_id AND gone_at IS NULL{others}",
        {"issuer_id": issuer_id, "now": now, **names},
    )
