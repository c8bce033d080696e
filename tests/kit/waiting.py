"""Waiting for a condition that a test can see but not await."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], expected: Callable[[T], bool], seconds: float = 20) -> T:
    """Look until what is seen is as expected, and return it; fail with what was seen last."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        seen = await look()
        if expected(seen):
            return seen
        assert asyncio.get_running_loop().time() < until, f"still {seen!r}"
        await asyncio.sleep(0.02)
