"""Runs a program until the demo ends, however it ends: `python -m examples.demo.keeper PROGRAM ...`.

The demo holds the other end of this process's standard input. When that closes, which the system sees to even if the
demo is killed, the program is stopped with all that it has started. The demo starts this in a process group of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Run the program; exits as it does."""
    # The sockets that this process was given are for the program.
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, close_fds=False)  # noqa: S603
    threading.Thread(target=_stop_with_the_demo, args=(program,), daemon=True).start()
    status = program.wait()
    sys.exit(status)


def _stop_with_the_demo(program: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    program.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(5)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
