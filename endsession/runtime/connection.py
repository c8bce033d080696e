"""HTTP/1.1 with limits; uvicorn's own accepts heads of any size, and waits for both sides without a timeout.

A proxy in front usually has such bounds as well, but nothing here depends on that.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .connections import Connections

MAX_HEAD = 64 * 1024
"""Bytes of a request that are no body, its query aside, which has a bound of its own."""
MAX_LINES = 100
"""Lines of a head, and of trailers. Each costs more than its bytes."""
MAX_CHUNKS = 256
"""Chunks of a body."""
MAX_PIPELINE = 16
"""Requests that may have been sent before the first of them is answered. Browsers and proxies send one."""
PATIENCE = 30.0
"""Seconds within which a request has to come in whole, its body included, and a response to be taken."""
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_NOT_IMPLEMENTED = b"HTTP/1.1 501 Not Implemented\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _HeadTooLong(Exception):
    """The head, or the queue of requests, is longer than it may be."""


class _UnknownCoding(Exception):
    """The body has a transfer coding other than chunked."""


class BoundedHttp(HttpToolsProtocol):
    """Closes the connection when a head becomes too long, or when a request does not come in whole in time.

    A connection whose response is not read is given up after the same time, and where there are too many connections
    (`connections.py`) it is not served at all.
    """

    max_head = MAX_HEAD
    patience = PATIENCE
    counted: Connections | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head = 0
        """Bytes since the last request that are no body, where they come in several pieces."""
        self._parsed = self._chunks = 0
        """Bytes of the target and the header lines of this request, and of its trailers."""
        self._complete = self._in_body = self._too_long = self._admitted = False
        self._unknown_coding = self._resuming = False
        self._received = b""
        self._deadline: asyncio.TimerHandle | None = None
        self._untaken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._admitted = self.counted is None or self.counted.add(self._peer)
        if self._admitted:
            self._wait()
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._came()
        self._taken()
        if self._admitted and self.counted is not None:
            self.counted.remove(self._peer)
        super().connection_lost(exc)

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if not self._admitted:
            return
        self._complete = False
        self._head += len(data)
        self._received = data
        super().data_received(data)
        if not self._complete:  # most requests come in one piece, and need no timer
            self._wait()
        if self._head > self.max_head:
            self._refuse_head()

    def send_400_response(self, msg: str) -> None:
        """See HttpToolsProtocol, which asks for this as well where one of the methods below has raised."""
        if self._too_long:
            self._refuse_head()
        elif self._unknown_coding:
            self._refuse_head(_NOT_IMPLEMENTED)
        else:
            super().send_400_response(msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Called by HttpToolsProtocol where its parser has stopped behind the head, for the protocol of an upgrade.

        An upgrade is ignored (RFC 9110, section 7.8), so what follows is the body that the head announced: it is for
        another parser, which begins with a head that announces the same. Some clients ask each server for HTTP/2 so.
        """
        stopped = sys.exception()
        assert isinstance(stopped, httptools.HttpParserUpgrade)
        self._received = self._received[stopped.args[0] :]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as HttpToolsProtocol's own
        framing = [line for line in self.headers if line[0] in (b"content-length", b"transfer-encoding")]
        self._resuming = True
        self.parser.feed_data(b"".join([b"POST / HTTP/1.1\r\n", *(b"%b: %b\r\n" % line for line in framing), b"\r\n"]))
        self._resuming = False
        if self._received:
            super().data_received(self._received)

    def _refuse_head(self, answer: bytes = _TOO_LONG) -> None:
        if self.transport.is_closing():
            return
        if self._in_body:
            alone = not self.cycle.response_started and not self.pipeline
        else:
            alone = self.cycle is None or self.cycle.response_complete
        if alone:  # otherwise it would be taken for the answer to another request
            self.transport.write(answer)
        self._close()

    def _check(self, size: int) -> None:
        """Count bytes of a head. Raises _HeadTooLong, which ends the parsing."""
        self._parsed += size
        if self._parsed > self.max_head or len(self.headers) >= MAX_LINES or len(self.pipeline) >= MAX_PIPELINE:
            self._too_long = True
            raise _HeadTooLong

    def on_message_begin(self) -> None:
        """See HttpToolsProtocol."""
        if self._resuming:
            return
        super().on_message_begin()
        self._parsed = self._chunks = 0
        self._in_body = False

    def on_url(self, url: bytes) -> None:
        """See HttpToolsProtocol."""
        if self._resuming:
            return
        self._check(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See HttpToolsProtocol."""
        if self._resuming:
            return
        self._check(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See HttpToolsProtocol. An absolute target names a host as well, and another one than Host makes two of them.

        RFC 9112, section 3.2.2, lets the target's count; a proxy that reads Host would have asked for something else.
        A transfer coding that is not decoded here is a 501 (section 6.1).
        """
        if self._resuming:
            return
        codings = b",".join(value for name, value in self.headers if name == b"transfer-encoding")
        if codings.strip().lower() not in (b"", b"chunked"):
            self._unknown_coding = True
            raise _UnknownCoding
        if not self.url.startswith(b"/") and (named := _host_of(self.url)):
            hosts = [value.lower() for name, value in self.headers if name == b"host"]
            if hosts != [named]:
                self.headers.append((b"host", named))
        self._in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See HttpToolsProtocol. What is no body is head, be it at the end: trailers are headers too."""
        self._head -= len(body)
        super().on_body(body)

    def on_chunk_header(self) -> None:
        """Called by the parser. A body in very many pieces costs far more than its bytes."""
        self._chunks += 1
        if self._chunks > MAX_CHUNKS:
            self._too_long = True
            raise _HeadTooLong

    def on_message_complete(self) -> None:
        """See HttpToolsProtocol. With an upgrade, this is called before the body."""
        if self.parser.should_upgrade():
            return
        self._came()
        self._head, self._complete = 0, True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """See HttpToolsProtocol. A closing connection stays until everything is taken."""
        if self.transport.is_closing():
            self._wait_until_taken()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """See HttpToolsProtocol."""
        self._close()

    def pause_writing(self) -> None:
        """See asyncio.Protocol: much has been written that the other side has not taken yet."""
        self._wait_until_taken()
        super().pause_writing()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if not self.transport.is_closing():
            self._taken()
        super().resume_writing()

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.patience, self._give_up)

    def _came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self._close()

    def _close(self) -> None:
        """Close once everything is taken; after a while, in any case."""
        if not self.transport.is_closing():
            self._wait_until_taken()
            self.transport.close()

    def _wait_until_taken(self) -> None:
        if self._untaken is None:
            self._untaken = self.loop.call_later(self.patience, self._drop)

    def _taken(self) -> None:
        if self._untaken is not None:
            self._untaken.cancel()
            self._untaken = None

    def _drop(self) -> None:
        """Let go of a connection that takes nothing. Closing it would wait until everything is taken."""
        self._untaken = None
        self.transport.abort()


def _host_of(target: bytes) -> bytes:
    """The authority of a request target in absolute form, in lower case; empty where there is none."""
    _, separator, rest = target.partition(b"://")
    return re.split(rb"[/?#]", rest, maxsplit=1)[0].lower() if separator else b""


def bounded_http(max_query: int, counted: Connections | None = None) -> type[BoundedHttp]:
    """The protocol for queries of up to `max_query` bytes: longer ones still have to be told that they are."""
    return type("BoundedHttp", (BoundedHttp,), {"max_head": MAX_HEAD + max_query, "counted": counted})
