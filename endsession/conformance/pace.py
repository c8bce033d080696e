"""How fast a run may be: no faster than agreed, as slow as the deployment asks, and no longer than allowed."""

from __future__ import annotations

import time


class OutOfTime(Exception):
    """The run's time is over before the deployment takes more requests."""


class Pace:
    """`per_second` requests at the most, until `seconds` from now."""

    def __init__(self, per_second: float, seconds: float) -> None:
        self._interval = 1 / per_second
        self.deadline = time.monotonic() + seconds
        self._next = 0.0
        self._limited_until = 0.0

    def wait(self, *, limited: bool) -> None:
        """Wait for the next request's turn; `limited` is whether it is of those that a limit was met with.

        Raises OutOfTime, at once, when the turn would come after the deadline.
        """
        now = time.monotonic()
        turn = max(self._next, self._limited_until if limited else 0.0, now)
        if turn > self.deadline:
            raise OutOfTime
        time.sleep(turn - now)
        self._next = turn + self._interval

    def told_to_wait(self, seconds: int) -> None:
        """The deployment answered 429 with this Retry-After."""
        self._limited_until = time.monotonic() + seconds
