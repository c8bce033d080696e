"""A breaker per app: one that is down is left alone for a while, so that it costs nobody anything meanwhile."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

THRESHOLD = 5
"""Failures in a row after which an app rests."""
REST = 15.0
"""Seconds for which it rests. Then one attempt tries it."""


@dataclass(slots=True)
class _App:
    failures: int = 0
    rests_until: float = 0.0


class Breakers:
    """Counts failures in a row."""

    def __init__(self) -> None:
        self._apps: dict[Hashable, _App] = {}

    def rests_until(self, app: Hashable, now: float) -> float | None:
        """Until when the app is left alone; None when an attempt may go ahead."""
        state = self._apps.get(app)
        if state is None or state.failures < THRESHOLD:
            return None
        if now < state.rests_until <= now + REST:  # later than that, the clock was set back
            return state.rests_until
        # This attempt tries it, and the others wait for that; not without end, since it may never report.
        state.rests_until = now + REST
        return None

    def failures(self, app: Hashable) -> int:
        """Failures of an app in a row."""
        state = self._apps.get(app)
        return state.failures if state else 0

    def report(self, app: Hashable, *, failed: bool, now: float, failures: int = 1) -> None:
        """What came of an attempt. `failures` are more than one where another process has counted them."""
        if not failed:
            self._apps.pop(app, None)
            return
        state = self._apps.setdefault(app, _App())
        state.failures += failures
        if state.failures >= THRESHOLD:
            state.rests_until = now + REST
