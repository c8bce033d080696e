"""Runs the properties of hints with seed after seed, for as long as is asked for, and times every hint.

    python -m tests.fuzzing.properties SECONDS

In the processes that it starts it is a pytest plugin, which holds every reading of a hint to the limits below.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from typing import Any

import pytest

from endsession.tokens.hint import IdTokenHints

SLOWEST = 0.05
"""Seconds that reading a hint may take."""
MEMORY = 512 * 1024 * 1024
"""Bytes that a process that reads hints may have at its peak."""
_COMMAND = [
    *(sys.executable, "-m", "pytest", "tests/tokens/test_hint_properties.py", "-q", "-p", "tests.fuzzing.properties"),
    "--hypothesis-show-statistics",
]
slowest = 0.0
"""Seconds that the slowest reading of this process took."""
_read = IdTokenHints.read


def peak_memory() -> int:
    """Bytes that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def timed_read(hints: IdTokenHints, *arguments: Any) -> Any:
    """As `IdTokenHints.read`, held to its limit. A hint that seems slow is timed again: machines stumble."""
    global slowest  # noqa: PLW0603  # pytest gives a plugin no other place
    times: list[float] = []
    while not times or (times[-1] > SLOWEST and len(times) < 6):
        began = time.perf_counter()
        result = await _read(hints, *arguments)
        times.append(time.perf_counter() - began)
    slowest = max(slowest, min(times))
    assert min(times) <= SLOWEST, f"{min(times) * 1000:.0f} ms"
    return result


def pytest_configure() -> None:
    """Called by pytest."""
    IdTokenHints.read = timed_read  # type: ignore[assignment,method-assign]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Called by pytest: the figures, for the person who started the run."""
    terminalreporter.line(f"slowest {slowest * 1000:.1f} ms; peak {peak_memory() // 2**20} MiB")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Called by pytest: too much memory fails the run."""
    if peak_memory() > MEMORY:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def main(seconds: int) -> int:
    """Run until the time is up or a property fails."""
    began, seeds, examples, slow, peak = time.monotonic(), 0, 0, 0.0, 0
    while time.monotonic() - began < seconds:
        seeds += 1
        run = subprocess.run([*_COMMAND, f"--hypothesis-seed={seeds}"], capture_output=True, text=True, check=False)
        figures = re.search(r"slowest ([\d.]+) ms; peak (\d+) MiB", run.stdout)
        if run.returncode or figures is None:
            print(run.stdout, run.stderr)
            return 1
        examples += sum(map(int, re.findall(r"(\d+) passing, ", run.stdout)))
        slow, peak = max(slow, float(figures[1])), max(peak, int(figures[2]))
    print(
        f"{examples} examples with {seeds} seeds in {time.monotonic() - began:.0f} s; every property held; "
        f"the slowest hint took {slow:.1f} ms; peak memory {peak} MiB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
