"""How a figure is taken: several rounds, of which the median counts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable

ROUNDS = 7


async def microseconds(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Median over rounds of the mean time of one call, in microseconds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            await work()
        rounds.append((time.perf_counter() - began) / times * 1e6)
    return statistics.median(rounds)


def row(name: str, value: float, unit: str, note: str = "") -> str:
    """One line of a table."""
    return f"| {name} | {value:,.1f} {unit} | {note} |"
