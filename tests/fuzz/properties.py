"""Runs the properties of hints with seed after seed, for as long as is asked for.

python -m tests.fuzz.properties SECONDS
"""

from __future__ import annotations

import re
import subprocess
import sys
import time

COMMAND = [sys.executable, "-m", "pytest", "tests/tokens/test_hint_properties.py", "-q", "--hypothesis-show-statistics"]


def main(seconds: int) -> int:
    """Run until the time is over or a property fails."""
    began, seeds, examples = time.monotonic(), 0, 0
    while time.monotonic() - began < seconds:
        seeds += 1
        run = subprocess.run([*COMMAND, f"--hypothesis-seed={seeds}"], capture_output=True, text=True, check=False)
        if run.returncode:
            print(run.stdout)
            return run.returncode
        examples += sum(map(int, re.findall(r"(\d+) passing, ", run.stdout)))
    print(f"{examples} examples with {seeds} seeds in {time.monotonic() - began:.0f} s; every property held")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
