"""Programs that run for as long as a test needs them, and no longer."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.kit.programs import missing

ENVIRONMENT = Path(sys.prefix) / "lab" / "bin"
"""Where `make` installs what requirements-lab.in asks for."""
HINT = "run `make lab` (Python and npm packages) and .ci/packages (Debian's)"
UP_WITHIN = 60
"""Seconds. Far more than any of them needs, so that a busy machine fails no test."""


def program(name: str) -> str:
    """The path of a program of the lab's environment, or else of the system. See `missing` for a test without it."""
    found = shutil.which(name, path=f"{ENVIRONMENT}{os.pathsep}{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if found is None:
        missing(name, HINT)
    return found


def clean_environment(**added: str) -> dict[str, str]:
    """The environment for a program of the lab: without what belongs to this project's own Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ENDSESSION_", "COV"))}
    return kept | {"PYTHONUNBUFFERED": "1", "NO_PROXY": "*"} | added


def lab_python() -> str:
    """The Python of the lab's environment."""
    found = ENVIRONMENT / "python"
    if not found.exists():
        missing("the lab", HINT)
    return str(found)


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], given: str = "") -> str:
    """Run a program to its end with `given` as its input, and return what it wrote; fails if it does."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        input=given,
        capture_output=True,
        text=True,
        timeout=UP_WITHIN,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def running(
    command: Sequence[str], port: int, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """Run a server until it listens on `port`; yields its log, and stops it with all its children at the end.

    Should this process die without an end, the kernel stops the server (`setpriv --pdeathsig`). That is counted from
    the thread that starts it, so start it from the main thread.
    """
    log = folder / f"{Path(command[0]).name}-{port}.log"
    guard = ("setpriv", "--pdeathsig", "TERM", "--")
    with log.open("w") as output:
        process = subprocess.Popen(
            [*guard, *command],
            cwd=folder,
            env=dict(environment if environment is not None else clean_environment()),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_up(process, port, log)
        yield log
    finally:
        _stop(process, port)


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + UP_WITHIN
    while True:
        assert process.poll() is None, f"it stopped with {process.returncode}: {log.read_text()}"
        assert time.monotonic() < deadline, f"it does not listen on port {port}: {log.read_text()}"
        if _listens(port):
            return
        time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes], port: int) -> None:
    """Ask it to end, end it with what is left of its process group, and return when nothing listens any more."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    deadline = time.monotonic() + 10
    while _listens(port):
        assert time.monotonic() < deadline, f"something still listens on port {port}"
        time.sleep(0.02)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
