"""A breaker per host: an app that is down is left alone for a while, so that it does not slow the others."""

from __future__ import annotations

from dataclasses import dataclass

THRESHOLD = 5
REST = 15.0


@dataclass(slots=True)
class _Host:
    failures: int = 0
    open_until: float = 0.0


class Breakers:
    """Counts failures in a row. After THRESHOLD of them a host rests for REST seconds, then one attempt probes it."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    def rest(self, host: str, now: float) -> float | None:
        """Until when the host is left alone; None when an attempt may go ahead."""
        state = self._hosts.get(host)
        if state is None or state.failures < THRESHOLD:
            return None
        if now < state.open_until:
            return state.open_until
        # This one probes, and the others wait for it; not for ever, since it may never report.
        state.open_until = now + REST
        return None

    def report(self, host: str, *, failed: bool, now: float) -> None:
        """What came of an attempt."""
        if not failed:
            self._hosts.pop(host, None)
            return
        state = self._hosts.setdefault(host, _Host())
        state.failures += 1
        if state.failures >= THRESHOLD:
            state.open_until = now + REST
