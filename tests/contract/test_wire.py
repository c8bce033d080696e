"""Over a real socket: what only a server and a connection can show."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from endsession.runtime.connection import BoundedHttp
from endsession.runtime.server import listener
from tests.kit.deployment import Deployment, cookie_of
from tests.kit.flow import AUTHPI, PLAIN
from tests.kit.logs import whole_log
from tests.kit.raw import FORM
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

SIGNED_OUT = "https://app.example/signed-out"


@asynccontextmanager
async def listening(gateway: Deployment, http: type[BoundedHttp] = BoundedHttp) -> AsyncIterator[tuple[str, int]]:
    """A server of the gateway; its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = listener(gateway.app, "127.0.0.1", 0, http=http)
        task = asyncio.create_task(server.serve(sockets=[bound]))
        yield bound.getsockname()
        server.should_exit = True
        await task


@pytest.fixture
async def address(gateway: Deployment) -> AsyncIterator[tuple[str, int]]:
    """Where the gateway listens."""
    async with listening(gateway) as where:
        yield where


async def exchange(address: tuple[str, int], *parts: bytes) -> tuple[int, dict[str, str], bytes]:
    """Write `parts` one after the other and read one answer, to the end of the connection."""
    head, _, body = (await asyncio.to_thread(_exchange, address, parts)).partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


def _exchange(address: tuple[str, int], parts: tuple[bytes, ...]) -> bytes:
    answer = b""
    with socket.create_connection(address, timeout=30) as connection:
        # A server that has answered need not read on: it may close while more is on its way.
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        with suppress(ConnectionError):
            while more := connection.recv(65_536):
                answer += more
    return answer


def head(method: str, target: str, **headers: str) -> bytes:
    """The head of a request that closes the connection."""
    lines = {
        "Host": "login.example",
        "Connection": "close",
        **{name.replace("_", "-"): v for name, v in headers.items()},
    }
    return "".join([f"{method} {target} HTTP/1.1\r\n", *(f"{n}: {v}\r\n" for n, v in lines.items()), "\r\n"]).encode()


def chunk(data: bytes) -> bytes:
    """One chunk of a body (RFC 9112, section 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_a_chunked_logout(gateway: Deployment, address: tuple[str, int]) -> None:
    """A form in pieces, without a Content-Length, logs out."""
    await gateway.register()
    form = f"id_token_hint={id_token()}&post_logout_redirect_uri={SIGNED_OUT}".encode()
    start = head("POST", PLAIN, Transfer_Encoding="chunked", Content_Type=FORM, Cookie=cookie_of())
    status, headers, _ = await exchange(address, start, chunk(form[:20]), chunk(form[20:]), b"0\r\n\r\n")
    assert (status, headers["location"]) == (303, SIGNED_OUT)
    assert await gateway.state_of() == "ended"


async def test_a_flood_of_chunks_is_cut_short(address: tuple[str, int]) -> None:
    """413 as soon as it exceeds the limit, though the sender would go on without end."""
    start = head("POST", AUTHPI, Transfer_Encoding="chunked", Content_Type=FORM)
    status, _, body = await exchange(address, start, *[chunk(b"x" * 16_384)] * 8)
    assert status == 413
    assert b"too large" in body


async def test_a_head_without_end_is_cut_short(address: tuple[str, int]) -> None:
    """431 as soon as it is over the limit, in one endless header, in very many, or in the first line."""
    start = b"GET /healthz HTTP/1.1\r\nHost: login.example\r\n"
    for endless in (start + b"a: ", b"GET /healthz?"):
        status, _, _ = await exchange(address, endless, *[b"x" * 65_536] * 64)
        assert status == 431
    status, _, _ = await exchange(address, start, *[b"a: b\r\n" * 10_000] * 64)
    assert status == 431
    trailers = head("POST", PLAIN, Transfer_Encoding="chunked", Content_Type=FORM) + chunk(b"state=x") + b"0\r\n"
    status, _, _ = await exchange(address, trailers, *[b"a: b\r\n" * 10_000] * 64)
    assert status == 431
    status, _, _ = await exchange(address, head("GET", "/healthz", X_Long="x" * 30_000))
    assert status == 200


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: login.exa",
        b"POST /acme/logout HTTP/1.1\r\nHost: login.example\r\nContent-Length: 9\r\n\r\nstate",
    ],
)
async def test_a_request_comes_in_whole_or_not_at_all(gateway: Deployment, part: bytes) -> None:
    """A connection on which nothing, or half a request, has come is closed after a while (slow loris)."""
    impatient = type("Impatient", (BoundedHttp,), {"patience": 0.2})
    async with listening(gateway, impatient) as address:
        await asyncio.to_thread(_exchange, address, (part,))


async def test_patience_is_for_one_request(gateway: Deployment) -> None:
    """A connection that is kept open takes request after request, each with the whole time for itself."""
    connections: list[BoundedHttp] = []

    class Watched(BoundedHttp):
        patience = 60.0

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connections.append(self)
            super().connection_made(transport)

    request = b"GET /healthz HTTP/1.1\r\nHost: login.example\r\n\r\n"
    async with listening(gateway, Watched) as address:
        reader, writer = await asyncio.open_connection(*address)
        deadlines: list[float] = []

        async def deadline() -> float | None:
            timer = connections[0]._deadline if connections else None
            return timer.when() if timer else None

        for _ in range(3):
            writer.write(request[:20])
            seen = await eventually(deadline, lambda at: at is not None)
            assert seen is not None
            deadlines.append(seen)
            writer.write(request[20:])
            assert await reader.readuntil(b"}") != b""
            assert connections[0]._deadline is None
        assert deadlines == sorted(set(deadlines))
        writer.close()
        await writer.wait_closed()


async def test_a_head_has_no_body(address: tuple[str, int]) -> None:
    """Whatever is answered, nothing follows the head."""
    for target in (PLAIN, "/healthz", "/openapi.json", "/nowhere"):
        status, _, body = await exchange(address, head("HEAD", target))
        assert status in (200, 404)
        assert body == b""


async def test_the_server_does_not_tidy_paths_up(address: tuple[str, int]) -> None:
    """Encoded separators reach the gateway as they were sent, and match nothing."""
    for target in ("/acme%2flogout", "/acme%5Clogout", "/acme/logout%00", "//acme/logout", "/acme/logout/"):
        status, headers, _ = await exchange(address, head("GET", target))
        assert status == 404
        assert "location" not in headers
        assert headers["cache-control"] == "no-store"


async def test_the_server_does_not_name_itself(address: tuple[str, int]) -> None:
    """No version for a scanner to look up."""
    _, headers, _ = await exchange(address, head("GET", "/healthz"))
    assert "server" not in headers


async def test_the_servers_own_log_has_no_query(
    gateway: Deployment, address: tuple[str, int], everything_logged: pytest.LogCaptureFixture
) -> None:
    """uvicorn's access log would write the query, and so the token; it is off, and nothing else writes it."""
    await gateway.register()
    hint = id_token()
    status, _, _ = await exchange(address, head("GET", f"{AUTHPI}?id_token_hint={hint}&state=s3cret-mark"))
    assert status == 200
    log = whole_log(everything_logged)
    assert "endSession 200" in log
    assert "s3cret-mark" not in log
    assert hint.split(".")[1] not in log


async def test_an_upgrade_is_not_taken(
    gateway: Deployment, address: tuple[str, int], everything_logged: pytest.LogCaptureFixture
) -> None:
    """There is nothing here to speak WebSocket with; the request is a plain one, and its query is in no log."""
    upgrade = {"Upgrade": "websocket", "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec_WebSocket_Version": "13"}
    status, headers, _ = await exchange(
        address, head("GET", f"{AUTHPI}?id_token_hint=s3cret-mark", Connection="Upgrade, close", **upgrade)
    )
    assert status == 400
    assert headers["content-type"] == "application/json"
    assert "s3cret-mark" not in whole_log(everything_logged)


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.0, h2c"])
@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("pieces", [1, 2, 40])
async def test_a_logout_with_an_upgrade(
    gateway: Deployment,
    address: tuple[str, int],
    everything_logged: pytest.LogCaptureFixture,
    protocol: str,
    framing: str,
    pieces: int,
) -> None:
    """The upgrade is ignored (RFC 9110, section 7.8), and the body read; clients that offer HTTP/2 send it so."""
    await gateway.register()
    form = f"id_token_hint={id_token()}&post_logout_redirect_uri={SIGNED_OUT}".encode()
    how = {"Content_Length": str(len(form))} if framing == "length" else {"Transfer_Encoding": "chunked"}
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": protocol, "HTTP2_Settings": "AAMAAABk"}
    request = head("POST", PLAIN, Content_Type=FORM, Cookie=cookie_of(), **headers, **how)
    request += form if framing == "length" else chunk(form[:9]) + chunk(form[9:]) + b"0\r\n\r\n"
    # Another one behind it, on the same connection, as its body must end where it says.
    request += head("GET", "/healthz", Upgrade=protocol, Connection="Upgrade") + head("GET", "/readyz")
    size = -(-len(request) // pieces)
    parts = tuple(request[start : start + size] for start in range(0, len(request), size))
    answer = await asyncio.to_thread(_exchange, address, parts)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"303", b"200", b"200"]
    assert await gateway.state_of() == "ended"
    assert "pgrade" not in whole_log(everything_logged)


@pytest.mark.parametrize("coding", ["gzip, chunked", "deflate,chunked", "x, Chunked"])
async def test_a_transfer_coding_that_is_not_known(gateway: Deployment, address: tuple[str, int], coding: str) -> None:
    """501 (RFC 9112, section 6.1): what would be read is not what was meant. Nothing ends."""
    await gateway.register()
    form = f"id_token_hint={id_token()}&post_logout_redirect_uri={SIGNED_OUT}".encode()
    request = head("POST", PLAIN, Content_Type=FORM, Cookie=cookie_of(), Transfer_Encoding=coding)
    status, headers, _ = await exchange(address, request + chunk(form) + b"0\r\n\r\n")
    assert (status, headers["connection"]) == (501, "close")
    assert await gateway.state_of() == "live"


async def test_an_absolute_target_has_to_name_the_host_of_the_header(
    gateway: Deployment, address: tuple[str, int]
) -> None:
    """One that names another host makes two of them: a proxy that went by one would not know of the other (T25)."""
    await gateway.register()
    hint = id_token()
    for host, status in ((b"login.globex.example", 400), (b"evil.example", 400), (b"Login.Example", 303)):
        target = f"{PLAIN}?id_token_hint={hint}&post_logout_redirect_uri={SIGNED_OUT}".encode()
        cookie = cookie_of().encode()
        head = b"GET http://%b%b HTTP/1.1\r\nHost: login.example\r\nCookie: %b\r\nConnection: close\r\n\r\n"
        answered, _, _ = await exchange(address, head % (host, target, cookie))
        assert answered == status
        assert await gateway.state_of() == ("ended" if status == 303 else "live")


async def test_two_hosts_on_the_wire_are_refused(gateway: Deployment, address: tuple[str, int]) -> None:
    """RFC 9112, section 3.2."""
    head = b"GET /healthz HTTP/1.1\r\nHost: login.example\r\nHost: login.example\r\nConnection: close\r\n\r\n"
    assert (await exchange(address, head))[0] == 400
