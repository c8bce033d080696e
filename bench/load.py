"""Load over loopback: raw HTTP/1.1 on kept-alive connections, so that the client costs little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import cast


class _Connection(asyncio.Protocol):
    """Sends one request after another, each when the answer to the one before has come."""

    def __init__(self, requests: Iterator[bytes], expected: bytes, done: asyncio.Future[None]) -> None:
        self._requests, self._expected, self._done = requests, expected, done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
            return
        self._transport.close()
        if not self._done.done():
            self._done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        if not head.startswith(self._expected) and not self._done.done():
            self._done.set_exception(AssertionError(self._buffer[:500].decode("latin-1")))
            return
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed the connection"))


async def rate(port: int, requests: Sequence[bytes], status: int, connections: int = 64) -> float:
    """Send every request once; how many were answered in a second. Every answer has to have that status."""
    loop = asyncio.get_running_loop()
    shared = iter(requests)
    finished = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for done in finished:
        await loop.create_connection(
            lambda done=done: _Connection(shared, b"HTTP/1.1 %d" % status, done),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.gather(*finished)
    return len(requests) / (time.perf_counter() - began)
