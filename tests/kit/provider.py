"""A provider's web server, which can be slow, broken or hostile: real HTTP over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Misbehaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Provider:
    """What it answers, and what it was asked. While `open` is cleared it takes requests and answers none."""

    url: str = ""
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    paths: dict[str, tuple[str, dict[str, str], bytes]] = field(default_factory=dict)
    """Status, headers and body by path, in place of the above; other paths are not there."""
    misbehave: Misbehaviour | None = None
    """In place of an answer."""
    requests: list[dict[str, str]] = field(default_factory=list)
    """The headers of each request, with lower-case names; the request line is under the empty name."""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    def publish(self, *keys: dict[str, Any], **headers: str) -> None:
        """Serve these keys, with these headers (`_` for `-`)."""
        self.status, self.body = "200 OK", json.dumps({"keys": keys}).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def break_down(self, status: str = "500 Internal Server Error", body: bytes = b"") -> None:
        """Answer with an error from now on."""
        self.status, self.body, self.headers = status, body, {}

    async def wait_for(self, count: int) -> None:
        """Return once that many requests have come."""
        async with asyncio.timeout(10), self.asked:
            await self.asked.wait_for(lambda: len(self.requests) >= count)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request, and close."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = dict(line.split(": ", 1) for line in head[1:] if line)
            async with self.asked:
                self.requests.append({"": head[0], **{name.lower(): value for name, value in fields.items()}})
                self.asked.notify_all()
            await self.open.wait()
            if self.misbehave is not None:
                await self.misbehave(writer)
            else:
                status, headers, body = self.status, self.headers, self.body
                if self.paths:
                    status, headers, body = self.paths.get(head[0].split(" ")[1], ("404 Not Found", {}, b""))
                headers = {"content-length": str(len(body)), "connection": "close", **headers}
                lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
                writer.write("\r\n".join(lines).encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A running provider, on a port of its own."""
    web = Provider()
    web.open.set()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(web.take(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    web.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
    try:
        yield web
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await server.wait_closed()
