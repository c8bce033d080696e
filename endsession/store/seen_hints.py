"""What verified hints have shown of ID tokens: whether those of a client carry `sid`, as `id_tokens_have_sid` claims.

A row is written only when a hint shows something new, and each process reads them once in a while: a logout waits for
neither.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..protocol.errors import ServiceUnavailable
from ..protocol.hint import VerifiedHint
from .script import Database, Script, Statement

log = logging.getLogger(__name__)

READ_AGAIN = 60.0
"""Seconds after which what other processes have seen is read."""
LACKING = "SELECT issuer_id, client_id FROM seen_hints WHERE has_sid = 0 ORDER BY issuer_id, client_id"
"""The clients whose newest hints carry no `sid`."""


@dataclass(frozen=True, slots=True)
class _Seen:
    has_sid: bool
    as_of: float


_UNSEEN = _Seen(True, 0)


class SeenHints:
    """What this process knows of it. `monotonic` gives seconds."""

    def __init__(self, store: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`store` is one that nobody waits for."""
        self._store, self._monotonic = store, monotonic
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._read_at = 0.0
        self._writing: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """Read what has been seen before, by any process. Raises ServiceUnavailable."""
        self._read_at = self._monotonic()
        for key, seen in (await self._store.read(_load())).items():
            if key not in self._seen or seen.as_of >= self._seen[key].as_of:
                self._seen[key] = seen

    def note(self, issuer_id: str, hint: VerifiedHint) -> None:
        """Remember what a hint shows, if it is new. It counts at once here; it is written without anybody waiting.

        What its client can have made itself shows nothing of the provider's ID tokens.
        """
        if hint.by_secret:
            return
        has_sid, key = hint.sid is not None, (issuer_id, hint.client_id)
        known = self._seen.get(key, _UNSEEN)
        if hint.iat < known.as_of:
            return
        if known.has_sid == has_sid:
            self._seen[key] = _Seen(has_sid, hint.iat)  # an older hint counts no more
            return
        self._seen[key] = _Seen(has_sid, hint.iat)
        log.warning("issuer %s: ID tokens of client %s carry %s", *key, _consequence(issuer_id, has_sid=has_sid))
        task = asyncio.create_task(self._save(issuer_id, hint))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def lack_sid(self, issuer_id: str, client_id: str) -> bool:
        """Whether the client's newest hints carry no `sid`."""
        try:
            if self._monotonic() - self._read_at >= READ_AGAIN:
                await self.load()
        except ServiceUnavailable as error:
            log.warning("could not read which clients' ID tokens lack sid: %s", error)
        return not self._seen.get((issuer_id, client_id), _UNSEEN).has_sid

    async def stop(self) -> None:
        """Wait for what is being written."""
        if self._writing:
            await asyncio.wait(self._writing)

    async def _save(self, issuer_id: str, hint: VerifiedHint) -> None:
        try:
            await self._store.write(_save(issuer_id, hint.client_id, has_sid=hint.sid is not None, as_of=hint.iat))
        except ServiceUnavailable as error:
            log.warning("this process alone knows whether ID tokens carry sid, until another hint shows it: %s", error)


def _consequence(issuer_id: str, *, has_sid: bool) -> str:
    if has_sid:
        return "sid again, and so do its logout tokens"
    return (
        f"no sid, although issuers.{issuer_id}.id_tokens_have_sid is true: its logout tokens name the user alone from"
        f" now on. Set issuers.{issuer_id}.id_tokens_have_sid = false, or let the provider put sid into its ID tokens"
    )


def _load() -> Script[dict[tuple[str, str], _Seen]]:
    rows = yield Statement("SELECT issuer_id, client_id, has_sid, as_of FROM seen_hints", {})
    return {(issuer_id, client_id): _Seen(bool(has_sid), as_of) for issuer_id, client_id, has_sid, as_of in rows}


def _save(issuer_id: str, client_id: str, *, has_sid: bool, as_of: float) -> Script[None]:
    yield Statement(
        "INSERT INTO seen_hints (issuer_id, client_id, has_sid, as_of)"
        " VALUES (:issuer_id, :client_id, :has_sid, :as_of)"
        " ON CONFLICT (issuer_id, client_id) DO UPDATE SET has_sid = excluded.has_sid, as_of = excluded.as_of"
        " WHERE excluded.as_of >= seen_hints.as_of",
        {"issuer_id": issuer_id, "client_id": client_id, "has_sid": int(has_sid), "as_of": as_of},
    )
