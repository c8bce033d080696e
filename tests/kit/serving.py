"""The gateway as its operators run it: a process with a settings file, reached over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from . import storages

ROOT = Path(__file__).resolve().parents[2]
CHECKOUT = (sys.executable, "-m", "endsession")
UP_WITHIN = 60
"""Seconds. Far more than the gateway needs, so that a busy machine fails no test."""


@contextmanager
def serving(
    folder: Path, port: int, command: Sequence[str] = CHECKOUT, options: Sequence[str] = (), log_name: str = "serve.log"
) -> Iterator[str]:
    """Run `serve` in `folder` until it is ready; yields its address, and stops it at the end, which has to go well.

    Several in one folder share its storage; each needs a settings file (`options`) and a log of its own.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ENDSESSION_", "PYTHON"))}
    environment |= {"PYTHONPATH": str(ROOT)} if command is CHECKOUT else {}
    environment |= storages.environment(folder)
    log = folder / log_name
    with (
        log.open("w") as output,
        subprocess.Popen([*command, "serve", *options], cwd=folder, env=environment, stderr=output) as process,
    ):
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/readyz", process, log)
            yield f"http://localhost:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(UP_WITHIN)
    assert (status, "Traceback" in log.read_text()) == (0, False), log.read_text()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + UP_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # The Host that the settings name: the gateway answers no other.
            if httpx2.get(url, headers={"Host": "localhost"}, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.02)
    raise AssertionError(f"the gateway is not up: {log.read_text()}")
