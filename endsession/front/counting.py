"""Counting what an operator should know of a front: in memory, and written down once in a while."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from ..protocol.errors import EndsessionError
from ..store.front_counts import Count, Counted, add_counts
from ..store.script import Database

log = logging.getLogger(__name__)

WRITE_EVERY = 10.0
"""Seconds between two writes; what is counted in between is lost with the process, and is no promise."""


class Counts:
    """The counts of one process."""

    def __init__(self, store: Database, clock: Callable[[], float]) -> None:
        """`store` is one that nobody waits for."""
        self._store, self._clock = store, clock
        self._counted: Counter[Counted] = Counter()

    def add(self, issuer_id: str, event: Count, client_id: str | None = None) -> None:
        """Count something that happened."""
        self._counted[issuer_id, event, client_id or ""] += 1

    async def run(self) -> None:
        """Write it down, again and again. To be cancelled."""
        while True:
            await asyncio.sleep(WRITE_EVERY)
            await self.write()

    async def write(self) -> None:
        """Write down what has been counted since the last time."""
        if not self._counted:
            return
        counted, self._counted = self._counted, Counter()
        try:
            await self._store.write(add_counts(counted, self._clock()))
        except EndsessionError as error:
            self._counted.update(counted)
            log.warning("the counts of fronts could not be written down yet: %s", error)
