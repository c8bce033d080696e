"""Holds every hint of a run of tests to the rules on time and memory: a pytest plugin of `tests.fuzz.properties`.

It is no part of `make test`, where nothing is timed.
"""

from __future__ import annotations

import functools
import resource
import time
from typing import Any

import pytest

from endsession.tokens.hint import IdTokenHints

SLOWEST = 0.05
"""Seconds that reading a hint may take."""
MEMORY = 512 * 1024 * 1024
"""Bytes that a process that reads hints may have at its peak."""


def peak_memory() -> int:
    """Bytes that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Watch:
    """Times every reading of a hint. One that seems slow is timed again: machines stumble."""

    def __init__(self) -> None:
        self.slowest = 0.0
        self._read = IdTokenHints.read

    @functools.cached_property
    def timed(self) -> Any:
        """What takes the place of `IdTokenHints.read`."""

        async def read(hints: IdTokenHints, *arguments: Any) -> Any:
            result, took = await self._once(hints, *arguments)
            if took > SLOWEST:
                took = min([(await self._once(hints, *arguments))[1] for _ in range(5)])
            self.slowest = max(self.slowest, took)
            assert took <= SLOWEST, f"{took * 1000:.0f} ms"
            return result

        return read

    async def _once(self, hints: IdTokenHints, *arguments: Any) -> tuple[Any, float]:
        began = time.perf_counter()
        result = await self._read(hints, *arguments)
        return result, time.perf_counter() - began


WATCH = Watch()


def pytest_configure() -> None:
    """Called by pytest."""
    IdTokenHints.read = WATCH.timed  # type: ignore[method-assign]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Called by pytest: the figures, for whoever started the run."""
    terminalreporter.line(f"slowest {WATCH.slowest * 1000:.1f} ms; peak {peak_memory() // 2**20} MiB")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Called by pytest: too much memory fails the run."""
    if peak_memory() > MEMORY:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
