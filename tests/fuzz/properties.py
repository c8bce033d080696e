"""Runs the properties of hints with seed after seed, for as long as is asked for, and times every hint.

python -m tests.fuzz.properties SECONDS
"""

from __future__ import annotations

import re
import subprocess
import sys
import time

COMMAND = [
    *(sys.executable, "-m", "pytest", "tests/tokens/test_hint_properties.py", "-q", "-p", "tests.fuzz.watch"),
    "--hypothesis-show-statistics",
]


def main(seconds: int) -> int:
    """Run until the time is over or a property fails."""
    began, seeds, examples, slowest, peak = time.monotonic(), 0, 0, 0.0, 0
    while time.monotonic() - began < seconds:
        seeds += 1
        run = subprocess.run([*COMMAND, f"--hypothesis-seed={seeds}"], capture_output=True, text=True, check=False)
        figures = re.search(r"slowest ([\d.]+) ms; peak (\d+) MiB", run.stdout)
        if run.returncode or figures is None:
            print(run.stdout, run.stderr)
            return 1
        examples += sum(map(int, re.findall(r"(\d+) passing, ", run.stdout)))
        slowest, peak = max(slowest, float(figures[1])), max(peak, int(figures[2]))
    print(
        f"{examples} examples with {seeds} seeds in {time.monotonic() - began:.0f} s; every property held; "
        f"the slowest hint took {slowest:.1f} ms; peak memory {peak} MiB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
