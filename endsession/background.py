"""Tasks that run until they are stopped."""

from __future__ import annotations

import asyncio
import contextlib


async def stop_task(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended.

    More than once where need be: until Python 3.12, `asyncio.wait_for` could swallow a cancellation that came together
    with what it waited for, and libraries wait with it.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)
    with contextlib.suppress(asyncio.CancelledError):
        await task
