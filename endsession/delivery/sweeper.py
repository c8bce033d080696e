"""What time does: sessions reach the end of their lifetimes, and rows become too old to keep."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Mapping

from ..protocol.errors import EndsessionError
from ..store.script import Database
from ..store.upkeep import expired_sessions, forget_audit, forget_ended_sessions, forget_spent_handles
from .endings import Audience, Endings

log = logging.getLogger(__name__)


class Sweeper:
    """Ends sessions past a lifetime, so that their apps are told, and removes what is past its retention.

    Several processes may sweep at once: an ending happens once, and a removal twice is one removal.
    """

    def __init__(
        self,
        store: Database,
        endings: Endings,
        audiences: Mapping[str, tuple[Audience, bool]],
        clock: Callable[[], float],
        *,
        keep_sessions: float,
        keep_audit: float,
        every: float = 5.0,
    ) -> None:
        """`audiences` has, by issuer, whom it tells and whether it wants that on expiry. Times are in seconds."""
        self._store, self._endings, self._audiences, self._clock = store, endings, audiences, clock
        self._keep_sessions, self._keep_audit, self._every = keep_sessions, keep_audit, every

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except EndsessionError as error:
                log.warning("sweeping waits for storage: %s", error)
            except Exception:
                log.exception("the sweeper goes on after an unexpected error")
            await asyncio.sleep(self._every)

    async def sweep(self) -> None:
        """Sweep once, until nothing is left."""
        now = self._clock()
        while expired := await self._store.read(expired_sessions(now)):
            await asyncio.gather(*(self._expire(issuer_id, sid) for issuer_id, sid in expired))
        await self._store.write(forget_spent_handles(now))
        await self._store.write(forget_audit(now - self._keep_audit))
        while await self._store.write(forget_ended_sessions(now - self._keep_sessions)):
            continue

    async def _expire(self, issuer_id: str, sid: str) -> None:
        audience, wanted = self._audiences.get(issuer_id, (None, False))
        if audience is None:
            audience = Audience(issuer_id, {}, everyone=False, provider=False, deadline=0, wait=0)
        unhurried = dataclasses.replace(audience, wait=0)
        await self._endings.end(unhurried, sid, reason="expired", actor="sweeper", silent=not wanted)
