"""Background tasks: ended for certain, before what they use is closed."""

from __future__ import annotations

import asyncio
from typing import Any

CANCEL_AGAIN = 1.0
"""Seconds after which a task that has not ended is cancelled once more."""


async def stop_task(task: asyncio.Task[Any]) -> None:
    """Cancel `task`, and return when it has ended. Raises what the task raised, unless that is its cancellation.

    One `cancel` is not enough: on Python 3.11 `asyncio.wait_for`, by which psycopg's pool waits for a connection, loses
    a cancellation that comes at the same moment as what it waits for (python/cpython#86296). The task then goes on, and
    a process that waits for it never ends.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN)
    if not task.cancelled():
        task.result()
