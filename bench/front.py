"""What passing a token request on costs: the same requests to the provider directly and through the front, in one run.

python -m bench.front

The front has one core and the provider the other. For the time of one request the client shares the front's, so that
it goes from one core to the other and back with the front as without it, which costs more here than all the rest; for
how many there are in a second it shares the provider's. `shipped` learns: each response has an ID token, whose
signature is verified and whose session is committed before it goes out. `passing` is the floor that this stands on.
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
from collections.abc import Iterator, Sequence

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


async def measure(provider: int, fronts: Sequence[tuple[str, int, int]]) -> list[str]:
    """The figures, as rows of a table: medians of rounds in which all are measured in turn.

    `fronts` are name, port and process of each.
    """
    direct, most = [], []
    took: dict[str, list[float]] = {name: [] for name, _, _ in fronts}
    through: dict[str, list[float]] = {name: [] for name, _, _ in fronts}
    cpu: dict[str, list[float]] = {name: [] for name, _, _ in fronts}
    for port in (provider, *(port for _, port, _ in fronts)):
        await _ready(port)
        await rate(port, [REQUEST] * 500, 200, connections=16)
    for _ in range(ROUNDS):
        _stay_on(FRONT)
        direct.append(await _latency(provider, 1000))
        for name, port, _ in fronts:
            took[name].append(await _latency(port, 1000))
        _stay_on(PROVIDER)
        most.append(await rate(provider, [REQUEST] * 4000, 200, connections=16))
        for name, port, process in fronts:
            before = cpu_seconds(process)
            through[name].append(await rate(port, [REQUEST] * 4000, 200, connections=16))
            cpu[name].append((cpu_seconds(process) - before) / 4000 * 1e6)
    alone = statistics.median(direct)
    rows = [
        row("token request to the provider", alone, "us"),
        row("tokens of the provider, 16 connections", statistics.median(most), "/s"),
    ]
    for name, _, _ in fronts:
        more = statistics.median(took[name]) - alone
        rows.append(row(f"token request, {name}", alone + more, "us", f"{more:.0f} us more; goal: 500"))
        rows.append(row(f"tokens, {name}, 16 connections", statistics.median(through[name]), "/s", "goal: 2000"))
        rows.append(row(f"CPU of the front, {name}", statistics.median(cpu[name]), "us", "of each request"))
    return rows


def main() -> None:
    """Run the provider and both fronts, and print the table."""
    provider, ports = _free_port(), {name: _free_port() for name in ("passing", "shipped")}
    with contextlib.ExitStack() as stack:
        stack.enter_context(_running(PROVIDER, "bench.front_provider", str(provider)))
        asyncio.run(_ready(provider))
        base = f"http://127.0.0.1:{provider}"
        fronts = [
            (name, port, stack.enter_context(_running(FRONT, "bench.front_server", str(port), base, name)))
            for name, port in ports.items()
        ]
        print("\n".join(uvloop.run(measure(provider, fronts))))


if __name__ == "__main__":
    main()
