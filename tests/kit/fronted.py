"""A provider that says exactly the bytes that a test wants, and a front before it, both on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import ASGIApp

from endsession.runtime.server import listener

from .waiting import eventually

Answer = Callable[["Conversation"], Awaitable[None]]
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Conversation:
    """A request that came to the provider, as it came, and the connection that it came on."""

    head: bytes
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def headers(self) -> list[bytes]:
        """The header lines, in their order."""
        return self.head.split(b"\r\n")[1:-2]

    def all(self, name: str) -> list[str]:
        """The values of a header."""
        pairs = [line.decode("latin-1").split(": ", 1) for line in self.headers]
        return [value for key, value in pairs if key.lower() == name]

    async def say(self, *parts: bytes) -> None:
        """Send, one part after the other, each when the one before has been taken."""
        for part in parts:
            if self.writer.is_closing():
                raise ConnectionResetError
            self.writer.write(part)
            await self.writer.drain()

    async def left(self) -> None:
        """Return once the other side has closed the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65_536):
                pass

    def close(self) -> None:
        """Close the connection as usual."""
        self.writer.close()

    def reset(self) -> None:
        """Break the connection: the other side gets a TCP reset."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.writer.transport.abort()


def saying(*parts: bytes, close: bool = False) -> Answer:
    """A provider that sends these bytes in answer to each request."""

    async def answer(conversation: Conversation) -> None:
        await conversation.say(*parts)
        if close:
            conversation.close()

    return answer


@dataclass
class RawProvider:
    """Listens, and answers each request as `answer` says; `whole` is whether it reads the body first."""

    answer: Answer
    whole: bool = True
    port: int = 0
    requests: list[Conversation] = field(default_factory=list)
    connections: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the requests of a connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                body = await _body(head, reader) if self.whole else b""
                conversation = Conversation(head, body, reader, writer)
                self.requests.append(conversation)
                await self.answer(conversation)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def stop(self) -> None:
        """End what is still being answered."""
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    lower = head.lower()
    if b"\r\ntransfer-encoding: chunked\r\n" in lower:
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readuntil(b"\r\n")
        await reader.readuntil(b"\r\n")
        return body
    length = lower.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(length or 0))


@contextlib.asynccontextmanager
async def provider(
    answer: Answer, *, whole: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawProvider]:
    """A provider on a port of its own."""
    made = RawProvider(answer, whole)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.stop()


def self_signed(folder: Path, address: str) -> ssl.SSLContext:
    """The TLS of a server at that address, whose certificate is written to `certificate.pem` in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "provider")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition is true; the test's own time-out is the bound."""

    async def look() -> bool:
        return condition()

    await eventually(look, bool)


@contextlib.asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[tuple[str, int]]:
    """`app` behind the listener that the gateway has; its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = listener(app, "127.0.0.1", 0)
        server.config.timeout_graceful_shutdown = 1
        task = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            yield bound.getsockname()
        finally:
            server.should_exit = True
            await task


async def exchange(address: tuple[str, int], *parts: bytes) -> tuple[bytes, bytes]:
    """Send bytes, and read to the end of the connection: the head of the answer and its body, as they came.

    The request has to ask for the connection to be closed.
    """
    reader, writer = await asyncio.open_connection(*address)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return head, body
    finally:
        writer.transport.abort()
