"""HTTP/1.1 with limits on a request's head; uvicorn's own accepts heads of any size and waits without a timeout.

A proxy in front usually has such bounds as well, but nothing here depends on that.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024
"""Bytes of a request that are no body, its query aside, which has a bound of its own."""
PATIENCE = 30.0
"""Seconds within which a request has to come in whole, its body included."""
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttp(HttpToolsProtocol):
    """Closes the connection when a head becomes too long, or when a request does not come in whole in time."""

    max_head = MAX_HEAD
    patience = PATIENCE

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head = 0
        self._complete = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._complete = False
        self._head += len(data)
        super().data_received(data)
        if not self._complete:  # most requests come in one piece, and need no timer
            self._wait()
        if self._head > self.max_head and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """See HttpToolsProtocol. What is no body is head, be it at the end: trailers are headers too."""
        self._head -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See HttpToolsProtocol."""
        self._came()
        self._head, self._complete = 0, True
        super().on_message_complete()

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.patience, self._give_up)

    def _came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()


def bounded_http(max_query: int) -> type[BoundedHttp]:
    """The protocol for queries of up to `max_query` bytes: longer ones still have to be told that they are."""
    return type("BoundedHttp", (BoundedHttp,), {"max_head": MAX_HEAD + max_query})
