"""Time-driven work: sessions reach the end of their lifetimes, and rows become too old to keep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..protocol.errors import EndsessionError
from ..store.fan_out import unfinished
from ..store.script import Database, Script
from ..store.upkeep import expired_sessions
from .endings import Endings, NotifyPolicy

log = logging.getLogger(__name__)

Chore = Callable[[float], Script[int]]
"""Removes a chunk of rows that are too old at that time, and says how many there were."""
EXPIRE_EVERY = 5.0
TIDY_EVERY = 60.0
AT_ONCE = 10
"""Sessions that end in one transaction, so that nobody's logout waits long for it."""


@dataclass(frozen=True, slots=True)
class OnExpiry:
    """Whom an issuer tells, and whether it does so when a session reaches the end of its lifetime."""

    policy: NotifyPolicy
    tells_on_expiry: bool


class Sweeper:
    """Ends sessions past a lifetime, so that their apps are told, and removes what is past its retention.

    Several processes may sweep at once: an ending happens once, and a removal twice is one removal.
    """

    def __init__(
        self,
        store: Database,
        endings: Endings,
        issuers: Mapping[str, OnExpiry],
        chores: Sequence[Chore],
        clock: Callable[[], float],
    ) -> None:
        self._store, self._endings, self._issuers, self._clock = store, endings, issuers, clock
        self._chores = chores

    async def run(self) -> None:
        """Sweep until cancelled."""
        round_number = 0
        while True:
            try:
                await self.expire()
                await self.finish()
                if round_number % round(TIDY_EVERY / EXPIRE_EVERY) == 0:
                    await self.tidy()
            except EndsessionError as error:
                log.warning("sweep skipped: storage unavailable: %s", error)
            except Exception:
                log.exception("unexpected error in the sweeper; continuing")
            round_number += 1
            await asyncio.sleep(EXPIRE_EVERY)

    async def expire(self) -> None:
        """End every session that is past a lifetime, a few in each transaction. Their apps are told from the lanes."""
        while expired := await self._store.read(expired_sessions(self._clock())):
            for start in range(0, len(expired), AT_ONCE):
                some = expired[start : start + AT_ONCE]
                await self._endings.expire([(issuer_id, sid, self._on_expiry(issuer_id)) for issuer_id, sid in some])

    async def finish(self) -> None:
        """Continue endings whose apps are not all recorded: the process that began them has died, or met an error."""
        for issuer_id, sid in await self._store.read(unfinished(self._clock())):
            known = self._issuers.get(issuer_id)
            await self._endings.finish(known.policy if known else NotifyPolicy(issuer_id), sid)

    async def tidy(self) -> None:
        """Remove everything that is too old to keep, chunk by chunk."""
        for chore in self._chores:
            while await self._store.write(chore(self._clock())):
                continue

    def _on_expiry(self, issuer_id: str) -> NotifyPolicy | None:
        known = self._issuers.get(issuer_id)
        return known.policy if known and known.tells_on_expiry else None
