"""What passes a front is in no log, in no table and in no error, whatever fails (T23, T41).

The log is watched by `no_secret_in_any_log` (tests/conftest.py) at every level: all secrets here begin with `canary-`.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from endsession.front.upstream import Upstream
from tests.kit.faults import StorageFaults
from tests.kit.raw import FORM, Answer, ask

from .fronted import Fronted, fronted
from .people import Person, exchange, refresh, sign_in
from .scripted import BROWSER_COOKIE, CLIENT_SECRET, canary

pytestmark = pytest.mark.usefixtures("backend")
ALL = ["authorization", "token", "par", "introspection", "userinfo", "revocation"]
BASIC = "Basic " + base64.b64encode(f"web:{CLIENT_SECRET}".encode()).decode()
BROWSER = "canary-browser-cookie-of-32-letters-1"


def _requests() -> list[tuple[str, str, str, dict[str, str]]]:
    """Method, target, form and headers of a request to each fronted path, secrets everywhere."""
    asked = {
        "client_id": "web",
        "redirect_uri": "https://web.example/callback",
        "response_type": "code",
        "state": "the-apps-own",  # an error goes back to the app with it
        "nonce": canary("nonce"),
        "code_challenge": canary("challenge"),
    }
    exchanged = {"grant_type": "authorization_code", "code": canary("code"), "code_verifier": canary("verifier")}
    refreshed = {"grant_type": "refresh_token", "refresh_token": canary("refresh")}
    secret = {"client_id": "web", "client_secret": CLIENT_SECRET}
    cookies = {"cookie": f"op_session={canary('cookie')}; {BROWSER_COOKIE}={BROWSER}"}
    return [
        ("GET", f"/authorize?{urlencode(asked)}", "", cookies),
        ("GET", f"/authorize?{urlencode(asked)}&nonce={canary('nonce')}", "", cookies),
        ("POST", "/authorize", urlencode(asked), cookies),
        ("POST", "/token", urlencode({**exchanged, **secret}), {}),
        ("POST", "/token", urlencode({**exchanged, "code": canary("code")}), {"authorization": BASIC}),
        ("POST", "/token", urlencode({**refreshed, **secret}), {}),
        ("POST", "/par", urlencode({**asked, **secret}), {}),
        ("POST", "/introspect", urlencode({"token": canary("access"), **secret}), {}),
        ("POST", "/userinfo", urlencode({"access_token": canary("access")}), {}),
        ("GET", "/userinfo", "", {"authorization": f"Bearer {canary('access')}"}),
        ("POST", "/revoke", urlencode({"token": canary("refresh"), **secret}), {}),
    ]


async def _ask_all(front: Fronted) -> list[tuple[str, Answer]]:
    found = []
    for method, target, body, headers in _requests():
        named = [*headers.items(), *([("content-type", FORM)] if body else [])]
        answer = await ask(front.gateway.app, method, target, headers=named, body=body.encode(), stays=True)
        found.append((f"{method} {target.partition('?')[0]}", answer))
    return found


async def _dump(front: Fronted) -> str:
    """Every row of every table."""
    try:
        tables = await front.gateway.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    except Exception:  # it is PostgreSQL
        tables = await front.gateway.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        )
    assert len(tables) > 10
    rows = {name: await front.gateway.rows(f'SELECT * FROM "{name}"') for (name,) in tables}
    assert rows["front_tokens"]
    assert rows["front_awaited"]
    return repr(rows)


async def test_no_table_holds_what_passes(tmp_path: Path) -> None:
    """No code, token, cookie, nonce, verifier or client secret, in the clear or within something else."""
    async with fronted(tmp_path, front={"learn": ALL}) as front:
        alice = Person("alice")
        begun = await alice.authorize(front.http)
        tokens = (await exchange(front.http, begun)).json()
        await front.log_out(tokens, alice)
        await alice.ask(front.http)
        again = await sign_in(front.http, alice)
        assert (await refresh(front.http, "web", again["refresh_token"])).status_code == 200
        await _ask_all(front)
        (issuer_front,) = front.gateway.gateway.issuer_fronts.values()
        await issuer_front.counts.write()
        dumped = await _dump(front)
        assert "canary-" not in dumped
        for secret in (alice.cookies[BROWSER_COOKIE], tokens["id_token"], tokens["id_token"].rpartition(".")[2]):
            assert secret not in dumped
        for secret in (begun.verifier, begun.nonce, tokens["access_token"]):
            assert base64.b64encode(secret.encode()).decode().rstrip("=") not in dumped


HOSTILE = {
    "closes": b"",
    "says what is not HTTP": b"%(echo)b\r\n\r\n",
    "splits its response": b"HTTP/1.1 302 Found\r\nLocation: /%(echo)b\rSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
    "has a null in a header": b"HTTP/1.1 302 Found\r\nLocation: /\0%(echo)b\r\nContent-Length: 0\r\n\r\n",
    "folds a header": b"HTTP/1.1 302 Found\r\nLocation: /%(echo)b\r\n Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
    "says two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nX: %(echo)b\r\n\r\nab",
    "has a long head": b"HTTP/1.1 200 OK\r\nX: %(echo)b" + b"x" * 80_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "says nothing": None,
}


@asynccontextmanager
async def _hostile(response: bytes | None) -> AsyncIterator[int]:
    """A provider that repeats what it was sent within a broken response; yields its port."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = await reader.read(65_536)
        if response is None:
            await reader.read()
        else:
            writer.write(response.replace(b"%(echo)b", seen.partition(b"\r\n")[0].replace(b" ", b"") + b"canary-echo"))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


@pytest.mark.parametrize("trouble", HOSTILE)
async def test_no_error_holds_what_passes_when_the_provider_fails(tmp_path: Path, trouble: str) -> None:
    """On every fronted path, in pages, JSON and headers; nor is anything of a broken response passed on."""
    async with fronted(tmp_path, front={"learn": ALL}) as front, _hostile(HOSTILE[trouble]) as port:
        await sign_in(front.http, Person("alice"))
        (issuer_front,) = front.gateway.gateway.issuer_fronts.values()
        upstream = Upstream(f"http://127.0.0.1:{port}", timeout=0.2, connections=5)
        object.__setattr__(issuer_front, "upstream", upstream)
        for name, answer in await _ask_all(front):
            told = answer.status == 303 and "?error=" in (answer.header("location") or "")
            assert told or answer.status in (400, 502, 503, 504), (name, answer.everything)
            assert "canary-" not in answer.everything, name
            assert answer.header("set-cookie") is None, name
        await upstream.close()
        assert "canary-" not in await _dump(front)


@pytest.mark.parametrize("on_failure", ["pass", "refuse"])
async def test_no_error_holds_what_passes_when_the_storage_fails(tmp_path: Path, on_failure: str) -> None:
    """Where a request is refused; where it passes, the response is the provider's."""
    faults = StorageFaults()
    async with fronted(tmp_path, front={"learn": ALL, "on_failure": on_failure}, ports=faults.ports) as front:
        await sign_in(front.http, Person("alice"))
        faults.fail()
        refused = []
        for name, answer in await _ask_all(front):
            if answer.status == 503:
                refused.append(name)
                assert "canary-" not in answer.everything, name
        faults.repair()
        assert bool(refused) == (on_failure == "refuse")
        assert "canary-" not in await _dump(front)
