"""Complete logouts a second on one core, with durable storage: valid hint, live session, cookie, redirect with state.

    python -m bench.logouts [COUNT]

The server has one core to itself, the load another. In the same run the parts are measured of which a logout consists:
a validated redirect under the same server, the hint, and the durable transaction. What they allow together is what the
rate is compared with.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from endsession.store.audit import Trace
from endsession.store.deliveries import Recipient, RetryLimits
from endsession.store.ending import Ending, end_session
from endsession.store.fan_out import Choose
from endsession.store.script import Script
from endsession.store.sessions import Participant, Registration, register_session
from endsession.store.sqlite import SqliteDatabase
from endsession.tokens.keys import Key
from endsession.tokens.signing import new_key, sign

from . import hint, redirect
from .figures import row
from .load import rate

ISSUER = hint.ISSUER


NO_LIMITS = 'logout_per_address = ""\nlogout_per_client = ""'


def write_settings(folder: Path, key: Key, *, limits: str = NO_LIMITS, more: str = "", server: str = "") -> Path:
    """Settings of the gateway that is measured; `more` is of its issuer."""
    file = folder / "endsession.toml"
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [key.jwk.export_public(as_dict=True)]}))
    file.write_text(f"""
[server]
public_url = "https://login.example"
trusted_proxies = ["127.0.0.1"]
{server}
[limits]
{limits}
[issuers.acme]
default = true
issuer = "{ISSUER}"
{more}
jwks_file = "jwks.json"
cookie = {{ name = "op" }}
[issuers.acme.clients.web]
post_logout_redirect_uris = ["https://app.example/signed-out"]
""")
    return file


async def fill(store: SqliteDatabase, count: int) -> None:
    """Sign `count` users in, each with a cookie and one app."""
    now = time.time()
    for begin in range(0, count, 500):
        await asyncio.gather(*(store.write(_registering(number, now)) for number in range(begin, begin + 500)))


def _registering(number: int, now: float) -> Script[str]:
    said = Registration(
        sub=f"user{number}",
        cookie_sha256=[hashlib.sha256(f"cookie{number}".encode()).hexdigest()],
        participants=[Participant("web")],
    )
    trace = Trace("bench", "", now)
    return register_session(
        "acme", f"s{number}", said, now=now, default_lifetime=86_400, default_idle=None, trace=trace
    )


def requests(key: Key, count: int) -> list[bytes]:
    """One complete logout request per session."""
    now, made = int(time.time()), []
    for number in range(count):
        claims = {
            "iss": ISSUER,
            "sub": f"user{number}",
            "aud": "web",
            "sid": f"s{number}",
            "iat": now,
            "exp": now + 600,
        }
        query = urlencode(
            {
                "id_token_hint": sign({}, claims, key, "RS256"),
                "post_logout_redirect_uri": "https://app.example/signed-out",
                "state": "af0ifjsldkj",
            }
        )
        made.append(
            f"GET /acme/end-session?{query} HTTP/1.1\r\nHost: login.example\r\nCookie: op=cookie{number}\r\n"
            "Accept: text/html\r\n\r\n".encode()
        )
    return made


@contextlib.contextmanager
def server(*command: str) -> Iterator[int]:
    """A server process on a core of its own; yields its port."""
    with running(*command) as (port, _):
        yield port


@contextlib.contextmanager
def running(*command: str, log: Path | None = None) -> Iterator[tuple[int, int]]:
    """A server process on a core of its own, which may write a log; yields its port and its process."""
    port = _free_port()
    environment = {**os.environ, "ENDSESSION_SERVER__PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", *(part.replace("PORT", str(port)) for part in command)],
        env=environment,
        stderr=log.open("w") if log else subprocess.DEVNULL,
    )
    os.sched_setaffinity(process.pid, {0})
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.01)
        else:
            return


async def transaction(folder: Path, count: int) -> float:
    """Microseconds of one durable ending when 64 of them come at once."""
    store = SqliteDatabase(folder / "transactions.db")
    await fill(store, count)
    terms = RetryLimits(86_400, "bench", 20)
    now = time.time()

    def wish(number: int) -> Ending:
        return Ending("acme", f"s{number}", "user", "web", now, Choose(_one_recipient), terms)

    began = time.perf_counter()
    for begin in range(0, count, 64):
        await asyncio.gather(
            *(store.write(end_session(wish(number))) for number in range(begin, min(begin + 64, count)))
        )
    took = (time.perf_counter() - began) / count * 1e6
    await store.close()
    return took


def _one_recipient(sub: str, participants: object) -> list[Recipient]:
    return [Recipient("web", "none", sub)]


async def measure(count: int) -> list[str]:
    """The figures, as rows of a table."""
    os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
    key = Key.load(new_key("RS256"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_settings(folder, key)
        store = SqliteDatabase(folder / "endsession.db")
        await fill(store, count)
        await store.close()
        made = requests(key, count)
        with server("endsession", "serve", "--config", str(file), "--log-level", "warning") as port:
            logouts = await rate(port, made, 303)
        with server("bench.redirect_server", "PORT") as port:
            redirects = await rate(port, made, 303)
        durable = await transaction(folder, count)
    rows = await hint.measure()
    verify = float(rows[1].split("|")[2].split()[0])
    parts = 1e6 / redirects + verify + durable
    allowed = 1e6 / parts
    return [
        *await redirect.measure(),
        *rows,
        row("validated redirect under the server", 1e6 / redirects, "us", f"{redirects:,.0f}/s"),
        row("durable transaction, 64 at once", durable, "us"),
        row("what these parts allow", allowed, "/s", f"{parts:.0f} us together"),
        row("complete logouts", logouts, "/s", f"{logouts / allowed:.0%} of that; goal: 60 %"),
    ]


if __name__ == "__main__":
    print("| what | figure | |\n|---|---|---|")
    print("\n".join(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))))
