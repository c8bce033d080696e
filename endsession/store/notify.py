"""How processes on one PostgreSQL wake each other: LISTEN and NOTIFY.

They are sent outside of transactions and many as one, since a NOTIFY inside would serialise every commit. Nothing
depends on them: what is not announced is found at the next poll.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import psycopg

from ..background import stop_task
from .postgres_connection import Connection, severed_at

log = logging.getLogger(__name__)

_CHANNEL = "endsession_outbox"
_COALESCE = 0.05
"""Seconds in which several announcements become one."""
_ASK_AGAIN = 5.0
"""Seconds of silence after which the listening connection is asked whether it still works."""


class Notifications:
    """Announces work to other processes, and hears what they announce."""

    def __init__(
        self,
        options: dict[str, Any],
        borrow: Callable[[float], AbstractAsyncContextManager[Connection]],
        patience: float,
    ) -> None:
        """`options` open the connection that listens; `borrow` lends one to announce with, until a deadline."""
        self._options, self._borrow, self._patience = options, borrow, patience
        self._announced = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever another process announces work."""
        self._tasks = [asyncio.create_task(self._listen(wake)), asyncio.create_task(self._announce())]

    def announce(self) -> None:
        """Tell other processes that there is work, soon."""
        self._announced.set()

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            await stop_task(task)

    async def _announce(self) -> None:
        while True:
            await self._announced.wait()
            await asyncio.sleep(_COALESCE)
            self._announced.clear()
            try:
                async with self._borrow(time.monotonic() + self._patience) as connection:
                    await connection.execute(f"NOTIFY {_CHANNEL}")
            except psycopg.Error as error:
                log.warning("NOTIFY failed; other processes will pick the work up at their next poll: %s", error)

    async def _listen(self, wake: Callable[[], None]) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**self._options) as connection:
                    with severed_at(connection, time.monotonic() + self._patience):
                        await connection.execute(f"LISTEN {_CHANNEL}")
                    wake()  # for what was announced while nobody listened
                    await self._hear(connection, wake)
            except psycopg.Error as error:
                log.warning("LISTEN failed; polling for other processes' work until it works again: %s", error)
            await asyncio.sleep(1)

    async def _hear(self, connection: Connection, wake: Callable[[], None]) -> None:
        while True:
            async for _ in connection.notifies(timeout=_ASK_AGAIN):
                wake()
            with severed_at(connection, time.monotonic() + self._patience):
                await connection.execute("SELECT 1")
