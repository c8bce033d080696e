"""What time does: sessions reach the end of their lifetimes, and rows become too old to keep."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence

from ..protocol.errors import EndsessionError
from ..store.script import Database, Script
from ..store.upkeep import expired_sessions
from .endings import Endings, NotifyPolicy

log = logging.getLogger(__name__)

Chore = Callable[[float], Script[int]]
"""Removes a chunk of rows that are too old at that time, and says how many there were."""
EXPIRE_EVERY = 5.0
TIDY_EVERY = 60.0
PACE = 1.0
"""Seconds for which a chunk of endings waits for its apps: after a long absence there are more than memory holds."""


class Sweeper:
    """Ends sessions past a lifetime, so that their apps are told, and removes what is past its retention.

    Several processes may sweep at once: an ending happens once, and a removal twice is one removal.
    """

    def __init__(
        self,
        store: Database,
        endings: Endings,
        notify_policies: Mapping[str, tuple[NotifyPolicy, bool]],
        chores: Sequence[Chore],
        clock: Callable[[], float],
    ) -> None:
        """`notify_policies` has, by issuer, whom it tells and whether it wants that on expiry."""
        self._store, self._endings, self._audiences, self._clock = store, endings, notify_policies, clock
        self._chores = chores

    async def run(self) -> None:
        """Sweep until cancelled."""
        round_number = 0
        while True:
            try:
                await self.expire()
                if round_number % round(TIDY_EVERY / EXPIRE_EVERY) == 0:
                    await self.tidy()
            except EndsessionError as error:
                log.warning("sweeping waits for storage: %s", error)
            except Exception:
                log.exception("the sweeper goes on after an unexpected error")
            round_number += 1
            await asyncio.sleep(EXPIRE_EVERY)

    async def expire(self) -> None:
        """End every session that is past a lifetime."""
        while expired := await self._store.read(expired_sessions(self._clock())):
            await asyncio.gather(*(self._expire(issuer_id, sid) for issuer_id, sid in expired))

    async def tidy(self) -> None:
        """Remove everything that is too old to keep, chunk by chunk."""
        for chore in self._chores:
            while await self._store.write(chore(self._clock())):
                continue

    async def _expire(self, issuer_id: str, sid: str) -> None:
        notify_policy, wanted = self._audiences.get(issuer_id, (None, False))
        if notify_policy is None:
            notify_policy = NotifyPolicy(issuer_id, {}, everyone=False, provider=False, deadline=0, wait=0)
        paced = dataclasses.replace(notify_policy, wait=PACE)
        await self._endings.end(paced, sid, reason="expired", actor="sweeper", silent=not wanted)
