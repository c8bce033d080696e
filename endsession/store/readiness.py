"""Whether this process could end a session now, for load balancers."""

from __future__ import annotations

import asyncio
import time

from .script import Database
from .upkeep import take_a_write

WITHIN = 0.8
"""Seconds that the answer may take: a load balancer waits for about one."""
KEPT = 1.0
"""Seconds for which a success is believed, so that asking often costs the disk nothing."""


class Readiness:
    """Tries a write that changes nothing. A storage that can only be read would refuse every logout."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._ready_until = float("-inf")
        self._trying: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Raises ServiceUnavailable when storage takes no write."""
        if time.monotonic() < self._ready_until:
            return
        if self._trying is None:
            self._trying = asyncio.create_task(self._try())
        await asyncio.shield(self._trying)

    async def _try(self) -> None:
        try:
            await self._store.write(take_a_write(), within=WITHIN)
            self._ready_until = time.monotonic() + KEPT
        finally:
            self._trying = None
