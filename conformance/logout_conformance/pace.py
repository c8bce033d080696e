"""How fast a run sends requests: within its rate, as slowly as the deployment asks for, and until its time limit."""

from __future__ import annotations

import time
from typing import Protocol

WAIT_WITHOUT_RETRY_AFTER = 10.0
"""Seconds to wait after a 429 that does not say how long."""


class Clock(Protocol):
    """Where a run takes its time from. Tests pass one whose `sleep` returns at once."""

    def monotonic(self) -> float:
        """Seconds since some point in the past."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        """See `time.monotonic`."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """See `time.sleep`."""
        time.sleep(seconds)


class OutOfTime(Exception):
    """The time limit of the run comes before the deployment accepts more requests."""


class Pace:
    """At most `per_second` requests, until `seconds` from now."""

    def __init__(self, per_second: float, seconds: float, clock: Clock) -> None:
        self.clock = clock
        self.deadline = clock.monotonic() + seconds
        self._interval = 1 / per_second
        self._next = 0.0
        self._limited_until = 0.0

    @property
    def out_of_time(self) -> bool:
        """Whether the deadline has passed."""
        return self.clock.monotonic() >= self.deadline

    def extend(self, seconds: float) -> None:
        """Let the run go on for at least `seconds` from now, to clean up."""
        self.deadline = max(self.deadline, self.clock.monotonic() + seconds)

    def wait(self, *, limited: bool) -> None:
        """Wait for the turn of the next request. `limited` says whether it counts towards a rate limit.

        Raises OutOfTime, at once, when its turn would be after the deadline.
        """
        now = self.clock.monotonic()
        turn = max(self._next, self._limited_until if limited else 0.0, now)
        if turn > self.deadline:
            raise OutOfTime
        self.clock.sleep(turn - now)
        self._next = turn + self._interval

    def back_off(self, seconds: float) -> None:
        """The deployment responded 429: send no limited request for so long."""
        self._limited_until = self.clock.monotonic() + seconds
