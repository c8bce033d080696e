"""Two servers behind a proxy that say who they are and what reached them, and a client that sends bytes as they are."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.kit.threaded import Handler, threaded

HOST = "login.example"
LONG = "x" * 20_000
"""A part of a head that is longer than proxies take by default."""


class _Echo(Handler):
    name = ""

    def _answer(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._switch()
            return
        given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.requestline.split(" ")[1]  # `path` has fewer slashes than were sent
        said = {"who": self.name, "target": target, "method": self.command, "body": given.decode("latin-1")}
        body = json.dumps({**said, "headers": [[k.lower(), v] for k, v in self.headers.items()]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if "long-head" in self.path:
            self.send_header("Set-Cookie", f"op_session={LONG}")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def _switch(self) -> None:
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.send_header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")  # RFC 6455, section 1.3
        self.end_headers()
        self.wfile.write(self.rfile.read(5).upper())
        self.close_connection = True


@contextmanager
def echo(name: str) -> Iterator[int]:
    """A server that calls itself `name`; yields its port."""
    with threaded(type("Named", (_Echo,), {"name": name})) as port:
        yield port


def certificate(folder: Path) -> tuple[Path, Path, Path]:
    """A certificate of HOST that vouches for itself: its file, its key's, and one with both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = folder / "chain.pem", folder / "chain.key", folder / "both.pem"
    for file, content in zip(files, (chain, private, chain + private), strict=True):
        file.write_bytes(content)
    return files


@dataclass(frozen=True)
class Answer:
    """What came back through the proxy; `said` is empty where neither server answered."""

    status: int
    head: str
    said: dict[str, Any]

    @property
    def who(self) -> str:
        """Which server answered; the status where none did."""
        return str(self.said.get("who", self.status))

    def header(self, name: str) -> list[str]:
        """The values of a header that reached the server."""
        return [value for given, value in self.said["headers"] if given == name]


@dataclass(frozen=True)
class Client:
    """Speaks to a proxy, by TLS under the name of HOST."""

    port: int
    ca: Path

    @property
    def netloc(self) -> str:
        """The Host header of a browser."""
        return f"{HOST}:{self.port}"

    def _connected(self) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.ca))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        return context.wrap_socket(plain, server_hostname=HOST)

    def ask(self, target: str, *headers: str, host: str = "", body: str | None = None) -> Answer:
        """GET a target, or POST `body` there, exactly as it stands."""
        lines = [f"{'GET' if body is None else 'POST'} {target} HTTP/1.1", f"Host: {host or self.netloc}"]
        lines += ["Connection: close", *headers, *([f"Content-Length: {len(body)}"] if body is not None else [])]
        with self._connected() as connection:
            connection.sendall(("\r\n".join([*lines, "", ""]) + (body or "")).encode("latin-1"))
            received = b""
            while part := connection.recv(65536):
                received += part
        head, _, content = received.partition(b"\r\n\r\n")
        start = content.find(b'{"who"')
        said = json.loads(content[start : content.rfind(b"}") + 1]) if start >= 0 else {}
        return Answer(int(head.split()[1]), head.decode("latin-1"), said)

    def web_socket(self, target: str) -> bytes:
        """Switch protocols, send five bytes, and return what comes back."""
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        with self._connected() as connection:
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {self.netloc}\r\n{upgrade}{key}\r\n".encode())
            received = b""
            while b"\r\n\r\n" not in received:
                received += (part := connection.recv(65536))
                assert part, received
            connection.sendall(b"hello")
            while len(received.partition(b"\r\n\r\n")[2]) < 5:
                received += (part := connection.recv(65536))
                assert part, received
        return received.partition(b"\r\n\r\n")[2]
