"""Over a real socket: how much of a connection anybody can take up, by sending much or by reading nothing (T26)."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from endsession.runtime.connection import MAX_CHUNKS, MAX_LINES, MAX_PIPELINE, BoundedHttp, bounded_http
from endsession.runtime.connections import Connections
from tests.kit.deployment import Deployment
from tests.kit.flow import PLAIN
from tests.kit.raw import FORM
from tests.kit.waiting import eventually

from .test_wire import _exchange, address, chunk, exchange, head, listening

__all__ = ["address"]


@pytest.mark.parametrize("lines", [b"a: b\r\n" * 200, b"a: b\r\n" * 12_000, b"A: %s\r\n" % (b"x" * 100_000)])
async def test_a_head_within_one_packet_is_bounded_too(address: tuple[str, int], lines: bytes) -> None:
    """In lines and in bytes, whether it comes in pieces or whole, in a head or behind a body."""
    start = b"GET /healthz HTTP/1.1\r\nHost: login.example\r\n"
    status, _, _ = await exchange(address, start + lines + b"\r\n")
    assert status == 431
    trailers = head("POST", PLAIN, Transfer_Encoding="chunked", Content_Type=FORM) + chunk(b"state=x") + b"0\r\n"
    status, _, _ = await exchange(address, trailers + lines + b"\r\n")
    assert status == 431


async def test_a_body_in_very_many_pieces_is_cut_short(address: tuple[str, int]) -> None:
    """So many chunks are read, and no more, however short they are."""
    start = head("POST", PLAIN, Transfer_Encoding="chunked", Content_Type=FORM)
    status, _, _ = await exchange(address, start + chunk(b"a") * (MAX_CHUNKS - 1) + b"0\r\n\r\n")
    assert status == 200
    status, _, _ = await exchange(address, start + chunk(b"a") * (MAX_CHUNKS + 1) + b"0\r\n\r\n")
    assert status == 431


async def test_an_ordinary_head_of_many_lines_is_read(address: tuple[str, int]) -> None:
    """At most a hundred lines; a browser behind two proxies sends some forty."""
    start = b"GET /healthz HTTP/1.1\r\nHost: login.example\r\nConnection: close\r\n"
    status, _, _ = await exchange(address, start + b"a: b\r\n" * (MAX_LINES - 2) + b"\r\n")
    assert status == 200
    status, _, _ = await exchange(address, start + b"a: b\r\n" * (MAX_LINES - 1) + b"\r\n")
    assert status == 431


async def test_requests_that_do_not_wait_for_answers_are_few(address: tuple[str, int]) -> None:
    """A few pipelined requests are answered in turn; thousands in one packet are not even parsed."""
    request = b"GET /healthz HTTP/1.1\r\nHost: login.example\r\n\r\n"
    answer = await asyncio.to_thread(_exchange, address, (request * 4 + head("GET", "/healthz"),))
    assert answer.count(b"HTTP/1.1 200 OK") == 5
    answer = await asyncio.to_thread(_exchange, address, (request * 4000,))
    assert answer.count(b"HTTP/1.1 ") <= 1 + MAX_PIPELINE
    assert b"HTTP/1.1 431" not in answer


async def test_a_connection_that_takes_no_response_is_given_up(gateway: Deployment) -> None:
    """It is the server that lets go of it: a response that is larger than every buffer is asked for and not read."""
    connections: list[BoundedHttp] = []

    class Impatient(BoundedHttp):
        patience = 0.3

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connections.append(self)
            super().connection_made(transport)
            self.timeout_keep_alive = 0  # seconds
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    async def held() -> int:
        return sum(made in made.connections for made in connections)

    ways = [head("GET", "/openapi.json"), head("GET", "/openapi.json").replace(b"close", b"keep-alive")]
    async with listening(gateway, Impatient) as address:
        for request in (*ways, ways[1] * MAX_PIPELINE):
            with socket.socket() as browser:
                browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                await asyncio.to_thread(browser.connect, address)
                await asyncio.to_thread(browser.sendall, request)
                await asyncio.to_thread(browser.recv, 1)
                await eventually(held, lambda count: count == 0)


async def test_connections_are_bounded(gateway: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    """Of one address, and in all; further ones are closed at once, and the log says which setting would allow more."""
    for most, per_address, setting in ((3, 10, "limits.connections:"), (10, 3, "limits.connections_per_address:")):
        counted = Connections(most, per_address)
        async with listening(gateway, bounded_http(16_384, counted)) as address:
            open_ones = [await asyncio.open_connection(*address) for _ in range(3)]
            for _, writer in open_ones:
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: login.example\r\n\r\n")
            for reader, _ in open_ones:
                await reader.readuntil(b"}")
            for _ in range(5):
                reader, writer = await asyncio.open_connection(*address)
                with suppress(ConnectionError):
                    assert await reader.read() == b""
                writer.close()
            assert caplog.text.count(setting) == 1
            open_ones[0][1].close()
            await open_ones[0][1].wait_closed()

            async def served() -> int:
                with suppress(ConnectionError, ValueError):
                    return (await exchange(address, head("GET", "/healthz")))[0]
                return 0

            await eventually(served, lambda status: status == 200)
            for _, writer in open_ones[1:]:
                writer.close()
