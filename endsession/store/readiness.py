"""Whether this process could end a session now, for load balancers."""

from __future__ import annotations

import asyncio
import time

from .script import Database
from .upkeep import take_a_write

WITHIN = 0.8
"""Seconds that the answer may take: a load balancer waits for about one."""
KEPT = 1.0
"""Seconds for which an answer is given again, so that asking often costs no disk anything."""


class Readiness:
    """Tries a write that changes nothing. A storage that can only be read would refuse every logout."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._asked_at = float("-inf")
        self._answer: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Raises ServiceUnavailable when storage takes no write."""
        if self._answer is None or (self._answer.done() and time.monotonic() - self._asked_at >= KEPT):
            self._asked_at = time.monotonic()
            self._answer = asyncio.create_task(self._store.write(take_a_write(), within=WITHIN))
        await asyncio.shield(self._answer)
