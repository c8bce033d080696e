"""Requests as they come off the wire, without a client library that would put them right."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

FORM = "application/x-www-form-urlencoded"
HOST = "login.example"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of a header, one for each line of it."""
        return [value for key, value in self.headers if key == name.lower()]

    def header(self, name: str) -> str | None:
        """The value of a header that comes once."""
        values = self.all(name)
        assert len(values) < 2, f"{name} is sent {len(values)} times"
        return values[0] if values else None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def everything(self) -> str:
        """Head and body, to look for what must not be there."""
        return "\n".join([*(f"{name}: {value}" for name, value in self.headers), self.text])


async def ask(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | Sequence[bytes] = b"",
    host: str | None = HOST,
    form: str | None = None,
    accept: str | None = None,
    token: str | None = None,
    stays: bool = False,
) -> Answer:
    """Send a request. A sequence of bytes is a chunked body; `form` is one with its Content-Type and length.

    With `stays` the client waits for the response; else it is gone once it has sent its request.
    """
    raw_path, _, query = target.partition("?")
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if form is not None:
        body = form.encode()
        lines.append((b"content-type", FORM.encode()))
    if isinstance(body, bytes):
        chunks = [body]
        if body and not any(name == b"content-length" for name, _ in lines):
            lines.append((b"content-length", str(len(body)).encode()))
    else:
        chunks = list(body)
        lines.append((b"transfer-encoding", b"chunked"))
    for name, value in (("host", host), ("accept", accept), ("authorization", token and f"Bearer {token}")):
        if value is not None:
            lines.append((name.encode(), value.encode("latin-1")))
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode("latin-1"),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": lines,
        "client": ("192.0.2.7", 40000),
        "server": (HOST, 443),
    }
    sent: list[Message] = []
    waiting: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": index < len(chunks)}
        for index, chunk in enumerate(chunks, 1)
    ]

    async def receive() -> Message:
        if not waiting and stays:
            await asyncio.Event().wait()
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Answer(
        start["status"],
        tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"]),
        b"".join(message.get("body", b"") for message in sent[1:]),
    )
