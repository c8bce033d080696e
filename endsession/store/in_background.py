"""The storage as background work sees it: with patience, and never with more than a few connections.

Attempts are recorded by the hundred when a logout has many apps. They must not take the connections that the next
logout waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from .script import Database, Script

T = TypeVar("T")

AT_ONCE = 5
"""Transactions of background work under way at once, of the twenty connections that a process has."""
PATIENCE = 10.0
"""Seconds that one of them may take: nobody waits for it, and what fails has to be done again."""


class InBackground:
    """A `Database` in front of another."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def prepare(self) -> None:
        """See Database."""
        await self._store.prepare()

    async def read(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        async with self._slots:
            return await self._store.read(script, within=within or PATIENCE)

    async def write(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        async with self._slots:
            return await self._store.write(script, within=within or PATIENCE)

    def listen(self, wake: Callable[[], None]) -> None:
        """See Database."""
        self._store.listen(wake)

    def announce(self) -> None:
        """See Database."""
        self._store.announce()

    async def close(self) -> None:
        """See Database."""
        await self._store.close()
