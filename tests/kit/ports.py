"""Ports for servers that cannot be given port 0, since their settings name it.

They lie below the ports that the system gives to outgoing connections, and each worker of a parallel run has a range of
its own, so that nobody takes one between the moment it is found free and the moment it is used.
"""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _PER_WORKER, _WORKERS = 12_000, 400, 40
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_start = os.getpid() % _PER_WORKER  # so that two runs on one machine begin at different ones
_ports = itertools.cycle(range(_FIRST + _worker * _PER_WORKER, _FIRST + (_worker + 1) * _PER_WORKER))
_next = itertools.islice(_ports, _start, None)


def free_port() -> int:
    """A port of this machine that nobody listens on, and that this process does not give out again soon."""
    for port in itertools.islice(_next, _PER_WORKER):
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free in this worker's range")
