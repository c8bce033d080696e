"""The provider behind the front: requests go to it over a bounded number of kept connections.

No cookie jar, no redirects, no proxies from the environment: what a browser or an app sent is what the provider gets,
and its response is theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

from .provider_connection import ProviderConnection
from .response_head import ProviderFailed

QUEUE = 1.0
"""Seconds for which a request waits for a connection while all of them are in use."""
CONNECT = 5.0
"""Seconds at most for a connection to be made, TLS included."""
_TARGET = re.compile(rb"[^\x00-\x20\x7f]+")
_REPEATABLE = ("GET", "HEAD")

__all__ = ["Outgoing", "ProviderFailed", "Response", "Upstream"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to the provider. `target` is the raw path and query, and is sent byte for byte.

    `headers` are sent in their order. They say the length of a `body` at hand; one that is streamed without
    Content-Length is sent in chunks.
    """

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes | AsyncIterator[bytes] = b""


class Response:
    """What the provider answered: `headers` as they came, with names in their case, in order, and repeated ones."""

    __slots__ = ("_connection", "headers", "method", "status")

    def __init__(self, connection: ProviderConnection, method: str) -> None:
        self._connection = connection
        self.method, self.status, self.headers = method, connection.status, connection.headers

    async def read(self, limit: int) -> bytes:
        """The whole body, with its Content-Encoding untouched. Raises ProviderFailed, also if it exceeds `limit`."""
        return await self._connection.read(limit)

    def stream(self) -> AsyncIterator[bytes]:
        """The body in pieces, as they come. Raises ProviderFailed if the provider breaks off."""
        return self._connection.stream()


class Upstream:
    """Sends requests to one provider. `timeout`, in seconds, bounds each response from the request to its last byte."""

    def __init__(self, base: str, *, timeout: float, connections: int, ca_file: str = "") -> None:
        """`base` is `http://host:port` or https, without a path; `connections` as many as there may be at a time."""
        parts = urlsplit(base)
        self._tls = ssl.create_default_context(cafile=ca_file or None) if parts.scheme == "https" else None
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._tls else 80)
        self._timeout, self._most = timeout, connections
        self._busy = 0
        self._idle: list[ProviderConnection] = []
        self._in_use: set[ProviderConnection] = set()
        self._queue: deque[asyncio.Future[None]] = deque()
        self._sweep: asyncio.TimerHandle | None = None

    def send(self, outgoing: Outgoing) -> _Exchange:
        """`async with upstream.send(...) as response`: the head has come. Raises ProviderFailed.

        Leaving the block before the body was read, or being cancelled, closes the connection to the provider.
        """
        return _Exchange(self, outgoing)

    async def close(self) -> None:
        """Close all connections."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in (*self._idle, *self._in_use):
            connection.abort()
        self._idle.clear()

    async def _connection(self) -> tuple[ProviderConnection, bool]:
        """A connection, and whether it has been used before. It has to be given back."""
        if self._busy < self._most:
            self._busy += 1
        else:
            await self._queued()
        try:
            now = asyncio.get_running_loop().time()
            while self._idle:
                connection = self._idle.pop()
                if connection.idle_until > now and not connection.is_stale():
                    self._in_use.add(connection)
                    return connection, True
                connection.abort()
            return await self._connect(), False
        except BaseException:
            self._leave()
            raise

    async def _connect(self) -> ProviderConnection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(min(CONNECT, self._timeout)):
                _, connection = await loop.create_connection(ProviderConnection, self._host, self._port, ssl=self._tls)
        except TimeoutError:
            raise ProviderFailed("slow", "no connection could be made in time") from None
        except (OSError, ssl.SSLError, ValueError) as error:
            raise ProviderFailed("unreachable", f"no connection: {type(error).__name__}") from None
        self._in_use.add(connection)
        return connection

    async def _queued(self) -> None:
        """Wait for another request to give its place to this one."""
        if len(self._queue) >= self._most:
            raise ProviderFailed("busy", f"all {self._most} connections are in use, and as many requests wait")
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        timer = loop.call_later(QUEUE, place.cancel)
        self._queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            with contextlib.suppress(ValueError):
                self._queue.remove(place)
            if place.done() and not place.cancelled():  # it was given a place, and is cancelled all the same
                self._leave()
            task = asyncio.current_task()
            if place.cancelled() and task is not None and not task.cancelling():
                raise ProviderFailed("busy", f"all {self._most} connections are in use") from None
            raise
        finally:
            timer.cancel()

    def _give_back(self, connection: ProviderConnection) -> None:
        self._in_use.discard(connection)
        if connection.end():
            self._idle.append(connection)
            if self._sweep is None:
                self._sweep = asyncio.get_running_loop().call_later(1.0, self._close_idle)
        self._leave()

    def _leave(self) -> None:
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._busy -= 1

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = None
        now, kept = loop.time(), []
        for connection in self._idle:
            if connection.idle_until > now:
                kept.append(connection)
            else:
                connection.abort()
        self._idle = kept
        if kept:
            self._sweep = loop.call_later(1.0, self._close_idle)


class _Exchange:
    """One request and its response."""

    __slots__ = ("_connection", "_outgoing", "_sender", "_upstream")

    def __init__(self, upstream: Upstream, outgoing: Outgoing) -> None:
        self._upstream, self._outgoing = upstream, outgoing
        self._sender: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Response:
        outgoing, upstream = self._outgoing, self._upstream
        head = _head(outgoing)
        while True:
            self._connection, used_before = await upstream._connection()
            try:
                self._begin(head)
                await self._connection.head()
                return Response(self._connection, outgoing.method)
            except ProviderFailed:
                lost = self._connection.unanswered
                self._end()
                # The provider has closed an idle connection while the request was on its way. A GET may be repeated
                # (RFC 9110, section 9.2.2), on a new connection; of a POST nobody knows whether it was carried out.
                if not (lost and used_before and outgoing.method in _REPEATABLE and outgoing.body == b""):
                    raise
            except BaseException:
                self._end()
                raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _begin(self, head: bytes) -> None:
        outgoing = self._outgoing
        if isinstance(outgoing.body, bytes):
            self._connection.begin(outgoing.method, head + outgoing.body, self._upstream._timeout)
        else:
            self._connection.begin(outgoing.method, head, self._upstream._timeout)
            self._sender = asyncio.create_task(self._send(outgoing.body))

    def _end(self) -> None:
        if self._sender is not None:
            if not self._sender.done():
                self._sender.cancel()
                self._connection.abort()  # the response came before the whole request was sent
            self._sender = None
        self._upstream._give_back(self._connection)

    async def _send(self, body: AsyncIterator[bytes]) -> None:
        connection, left = self._connection, _length(self._outgoing.headers)
        try:
            async for part in body:
                if left is not None:
                    left -= len(part)
                    if left < 0:
                        raise ValueError("the body is longer than its Content-Length")
                    await connection.write(part)
                elif part:
                    await connection.write(b"%x\r\n%b\r\n" % (len(part), part))
            if left:
                raise ValueError("the body is shorter than its Content-Length")
            if left is None:
                await connection.write(b"0\r\n\r\n")
        except Exception as error:  # whatever it is, it is for who waits for the response
            connection.fail(error)


def _length(headers: list[tuple[bytes, bytes]]) -> int | None:
    return next((int(value) for name, value in headers if name.lower() == b"content-length"), None)


def _head(outgoing: Outgoing) -> bytes:
    """The head of a request. Raises ValueError for what would be more than one header, or more than one request."""
    if not _TARGET.fullmatch(outgoing.target):
        raise ValueError("the target of the request has characters that none may have")
    lines = [f"{outgoing.method} ".encode("ascii"), outgoing.target, b" HTTP/1.1\r\n"]
    for name, value in outgoing.headers:
        lines += (name, b": ", value, b"\r\n")
    if not isinstance(outgoing.body, bytes) and _length(outgoing.headers) is None:
        lines.append(b"Transfer-Encoding: chunked\r\n")
        extra = 3
    else:
        extra = 2
    lines.append(b"\r\n")
    head = b"".join(lines)
    ends = len(outgoing.headers) + extra
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        raise ValueError("a header of the request has characters that none may have")
    return head
