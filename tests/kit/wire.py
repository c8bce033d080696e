"""A wire to a server: a TCP proxy in a thread of its own that can be cut, silenced and slowed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

from .ports import free_port

_ACCEPTING = 10
"""Rounds of the loop in which a connection that is being accepted is known here, or closed."""


class Wire:
    """Forwards to a server. What it does to connections is set by the methods, at any time."""

    def __init__(self, host: str, port: int) -> None:
        """`host` is a host name, or the folder of a PostgreSQL server's socket."""
        self._target = (host, port)
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._delay = 0.0
        self._swallow_after: tuple[bytes, ...] = ()
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Listen, and forward."""
        self._thread.start()
        self._call(self._listen())
        self._loop.call_soon_threadsafe(self._flows.set)

    def stop(self) -> None:
        """Close everything."""
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def refuse(self) -> None:
        """The server is down: connections are closed, and new ones refused."""
        self._call(self._close())

    def silence(self) -> None:
        """The network is cut: nothing is closed, and nothing arrives any more, on old and new connections."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def slow(self, seconds: float) -> None:
        """Everything that the server says comes so much later."""
        self._delay = seconds

    def swallow_after(self, *words: bytes) -> None:
        """The network is cut once a connection has sent these words in order: they arrive, and the answer does not."""
        self._swallow_after = words

    def heal(self) -> None:
        """The server can be reached again; connections of before are closed, as another server in its place would."""
        self._delay, self._swallow_after = 0.0, ()
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._flows.set)
        self._call(self._listen())

    def _call(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._server is not None:
            # A connection that asyncio has accepted in the round in which its server is closed would stay open.
            for listener in self._server.sockets:
                self._loop.remove_reader(listener.fileno())
            for _ in range(_ACCEPTING):
                await asyncio.sleep(0)
            self._server.close()
            self._server = None
        for task in self._connections.values():
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections.values())
        for client in self._connections:
            client.transport.abort()
        self._connections.clear()
        await asyncio.sleep(0)  # transports close in the loop's next round

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[writer] = asyncio.ensure_future(self._carry(reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._flows.wait()
            there, back = await asyncio.open_connection(sock=_connect(*self._target))
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._forward(reader, back))
                    both.create_task(self._return(there, writer))
            finally:
                back.transport.abort()
        except (OSError, asyncio.CancelledError, ExceptionGroup):
            pass
        finally:
            writer.transport.abort()

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        seen = 0
        while part := await source.read(65_536):
            await self._flows.wait()
            sink.write(part)
            await sink.drain()
            if seen < len(self._swallow_after) and self._swallow_after[seen] in part:
                seen += 1
                if seen == len(self._swallow_after):
                    self._flows.clear()
        raise ConnectionError

    async def _return(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while part := await source.read(65_536):
            await asyncio.sleep(self._delay)
            await self._flows.wait()
            sink.write(part)
            await sink.drain()
        raise ConnectionError


def _connect(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(f"{host}/.s.PGSQL.{port}")
    return connection


@contextlib.contextmanager
def wired(url: str) -> Iterator[tuple[Wire, str]]:
    """A wire to the PostgreSQL server of `url`, and the URL of the same database through it."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host, port = query.pop("host", parts.hostname or "127.0.0.1"), int(query.pop("port", parts.port or 5432))
    wire = Wire(host, port)
    wire.start()
    user = parts.netloc.rpartition("@")[0] or "postgres"
    through = parts._replace(netloc=f"{user}@127.0.0.1:{wire.port}", query=urlencode(query | {"sslmode": "disable"}))
    try:
        yield wire, through.geturl()
    finally:
        wire.stop()
