"""Background tasks end when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from endsession.background import stop_task


async def for_ever() -> None:
    """A task that only ends by being cancelled."""
    await asyncio.Event().wait()


async def losing_one_cancellation() -> None:
    """What `asyncio.wait_for` of Python 3.11 does when it is cancelled at the wrong moment."""
    try:
        await for_ever()
    except asyncio.CancelledError:
        await for_ever()


Work = Callable[[], Coroutine[Any, Any, None]]


@pytest.mark.parametrize("work", [for_ever, losing_one_cancellation])
async def test_a_task_is_stopped_although_it_loses_a_cancellation(work: Work) -> None:
    """Otherwise a shutdown waits for it without end."""
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await stop_task(task)
    assert task.cancelled()


async def test_what_a_task_raised_is_not_lost() -> None:
    """A task that ended before with an error is not stopped in silence."""

    async def fail() -> None:
        raise ValueError("it failed")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="it failed"):
        await stop_task(task)
