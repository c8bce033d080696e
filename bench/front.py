"""What passing a token request on costs: the same requests to the provider directly and through the front, in one run.

python -m bench.front

The front has one core and the provider the other. For the time of one request the client shares the front's, so that
it goes from one core to the other and back with the front as without it, which costs more here than all the rest; for
how many there are in a second it shares the provider's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import uvloop

from .figures import row
from .load import rate
from .requests import cpu_seconds

BODY = (
    b"grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback"
    b"&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
REQUEST = (
    b"POST /oauth2/token HTTP/1.1\r\nHost: login.example\r\nUser-Agent: app/1.0\r\nAccept: application/json\r\n"
    b"Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)
ROUNDS = 5
FRONT, PROVIDER = 0, 1
"""Their cores."""


def _stay_on(core: int, process: int = 0) -> None:
    with contextlib.suppress(OSError):  # there may be one core only
        os.sched_setaffinity(process, {core})


@contextlib.contextmanager
def _running(core: int, module: str, *arguments: str) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", module, *arguments])
    _stay_on(core, process.pid)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _latency(port: int, count: int) -> float:
    """Microseconds of one request after another on one connection."""
    return 1e6 / await rate(port, [REQUEST] * count, 200, connections=1)


async def _ready(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < until, "it does not listen"
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def measure(provider: int, front: int, process: int) -> list[str]:
    """The figures, as rows of a table: medians of rounds in which both are measured in turn."""
    for port in (provider, front):
        await _ready(port)
        await rate(port, [REQUEST] * 500, 200, connections=16)
    direct, passed, most, through, cpu = [], [], [], [], []
    for _ in range(ROUNDS):
        _stay_on(FRONT)
        direct.append(await _latency(provider, 1000))
        passed.append(await _latency(front, 1000))
        _stay_on(PROVIDER)
        most.append(await rate(provider, [REQUEST] * 4000, 200, connections=16))
        before = cpu_seconds(process)
        through.append(await rate(front, [REQUEST] * 4000, 200, connections=16))
        cpu.append((cpu_seconds(process) - before) / 4000 * 1e6)
    alone, with_front = statistics.median(direct), statistics.median(passed)
    return [
        row("token request to the provider", alone, "us"),
        row("token request through the front", with_front, "us", f"{with_front - alone:.0f} us more; goal: 500"),
        row("tokens of the provider, 16 connections", statistics.median(most), "/s"),
        row("tokens through the front, 16 connections", statistics.median(through), "/s", "goal: 2000"),
        row("CPU of the front per request", statistics.median(cpu), "us", "what remains true on a busy machine"),
    ]


def main() -> None:
    """Run the provider and the front, and print the table."""
    provider, front = _free_port(), _free_port()
    with (
        _running(PROVIDER, "bench.front_provider", str(provider)),
        _running(FRONT, "bench.front_server", str(front), f"http://127.0.0.1:{provider}") as process,
    ):
        print("\n".join(uvloop.run(measure(provider, front, process))))


if __name__ == "__main__":
    main()
