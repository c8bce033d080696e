"""Whether the clock has been set: what waits in the storage waits by the clock, and what passes is monotonic time."""

from __future__ import annotations

from collections.abc import Callable

TOLERANCE = 5.0
"""Seconds by which the two may drift apart between two looks without the clock having been set."""
GRACE = 120.0
"""Seconds after a jump for which deadlines that this process has read already are taken to be later; longer than any
lease."""


class ClockWatch:
    """Compares the clock with monotonic time; both give seconds."""

    def __init__(self, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._difference = clock() - monotonic()
        self._forward: list[tuple[float, float]] = []

    def jump(self) -> float:
        """By how many seconds the clock has been set since the last jump that was told; 0 when it has not been."""
        difference = self._clock() - self._monotonic()
        jump = difference - self._difference
        if abs(jump) < TOLERANCE:
            return 0.0
        self._difference = difference
        if jump > 0:
            self._forward.append((self._monotonic(), jump))
        return jump

    def overdue(self) -> float:
        """A deadline before this has passed: now, or earlier while a jump forward is being dealt with."""
        unseen = self._clock() - self._monotonic() - self._difference
        recent = sum(jump for at, jump in self._forward if self._monotonic() - at < GRACE)
        return self._clock() - recent - (unseen if unseen >= TOLERANCE else 0.0)
