"""One connection to a provider: HTTP/1.1, in which everything that the provider sends is bounded.

Not on httpcore2, for three reasons. It costs more per request than all the rest of passing one on (330 us of CPU
against 25, in one run). It puts `Host` before the headers that came before it. And it writes the headers of responses
to its log at DEBUG, where a `Location` has a code and a `Set-Cookie` a session. The parsing is httptools', as in the
server's own connections (`runtime/connection.py`).
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator
from typing import cast

import httptools

from .response_head import IDLE, MAX_HEAD, MAX_LINES, ProviderFailed, framing_of

MAX_INTERIM = 8
"""Interim responses (1xx) before it. None of them is passed on."""
BUFFERED = 64 * 1024
"""Bytes of a body that may wait to be taken; with more of them nothing is read from the provider."""


class ProviderConnection(asyncio.Protocol):
    """Sends one request after another, and takes the response to each."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lost = False
        self.idle_until = 0.0
        """Until when it may be kept (the loop's clock)."""
        self._poll = select.poll()
        self._reset("GET")
        self._complete = True

    def _reset(self, method: str) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.head_complete = False
        self.length: int | None = None
        """The length of the body, where the response says it."""
        self._method = method
        self._until_close = self._bodyless = self._complete = self._whole = False
        self._stray = self._paused = False
        self._failure: BaseException | None = None
        self._parts: list[bytes] = []
        self._waiting = self._outside = self._lines = self._interim = 0
        self._answered = self._kept = False
        self._keep = IDLE
        self._parser = httptools.HttpResponseParser(self)

    # The transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._lost = True
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        if self._complete:
            return
        if exc is None and self.head_complete and self._until_close:
            self._complete = True
            self._wake()
        else:
            self.fail(ProviderFailed("unreachable", "the connection broke off before the response was whole"))

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._complete or self._failure is not None:
            self._stray = True  # nobody asked: it would be taken for the next response
            self.abort()
            return
        self._answered = True
        self._outside += len(data)
        try:
            self._parser.feed_data(data)
            if self._outside > MAX_HEAD:
                raise ProviderFailed("hostile", f"the head of the response is longer than {MAX_HEAD} bytes")
        except ProviderFailed as failure:
            self._refuse(failure)
        except httptools.HttpParserUpgrade:
            self._refuse(ProviderFailed("hostile", "the provider switches to another protocol"))
        except httptools.HttpParserError as error:
            # httptools wraps what a callback raises.
            inner = error.__context__
            known = isinstance(inner, ProviderFailed)
            self._refuse(cast(ProviderFailed, inner) if known else ProviderFailed("hostile", "it is not HTTP"))
        if self._waiting > BUFFERED and not self._paused and not self._complete:
            self._paused = True
            self._transport.pause_reading()
        if self.head_complete:
            self._wake()

    def _refuse(self, failure: ProviderFailed) -> None:
        if self._complete:
            self._stray = True  # what is wrong comes behind the response
        else:
            self.fail(failure)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # The parser

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self._whole:
            self._stray = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, for trailers as well, which are dropped."""
        self._lines += 1
        if self._lines > MAX_LINES:
            raise ProviderFailed("hostile", f"the response has more than {MAX_LINES} header lines")
        if not self.head_complete:
            self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        status = self._parser.get_status_code()
        if self._whole or 100 <= status < 200:
            return
        if not 200 <= status < 600:
            raise ProviderFailed("hostile", "the response has a status that HTTP does not know")
        self.status = status
        framing = framing_of(self.headers)
        self.length, self._keep = framing.length, framing.keep
        self._bodyless = self._method == "HEAD" or status in (204, 304)
        self._until_close = framing.until_close
        self._complete = self._bodyless
        self._kept = self._parser.should_keep_alive()
        self._lines = 0
        self.head_complete = True

    def on_chunk_header(self) -> None:
        """Called by the parser."""
        self._outside = 0

    def on_body(self, part: bytes) -> None:
        """Called by the parser."""
        self._outside -= len(part)
        if not self._complete:
            self._parts.append(part)
            self._waiting += len(part)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._whole:
            return
        if not self.head_complete:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                raise ProviderFailed("hostile", f"there are more than {MAX_INTERIM} interim responses")
            self.headers, self._lines = [], 0
            return
        self._whole = self._complete = True

    # The exchange

    def begin(self, method: str, head: bytes, timeout: float) -> None:
        """Send a request's head, with its body where that is at hand. The response has `timeout` seconds in all."""
        self._reset(method)
        self._timer = self._loop.call_later(timeout, self._too_slow, timeout)
        self._transport.write(head)

    async def write(self, part: bytes) -> None:
        """Send a part of a request's body, and wait while the provider takes nothing."""
        if self._transport.is_closing():
            return  # there may be a response all the same
        self._transport.write(part)
        if self._writable is not None:
            await self._writable

    async def head(self) -> None:
        """Wait for the response's head. Raises ProviderFailed."""
        while not self.head_complete:
            await self._wait()

    async def read(self, limit: int) -> bytes:
        """The whole body, as it came. Raises ProviderFailed, also where it is longer than `limit` bytes."""
        if self.length is not None and self.length > limit and not self._bodyless:
            raise ProviderFailed("hostile", f"the body of the response is longer than {limit} bytes")
        parts, size = [], 0
        while True:
            size += self._waiting
            if size > limit:
                raise ProviderFailed("hostile", f"the body of the response is longer than {limit} bytes")
            parts += self._take()
            if self._complete:
                return parts[0] if len(parts) == 1 else b"".join(parts)
            await self._wait()

    async def stream(self) -> AsyncIterator[bytes]:
        """The body in pieces, as it comes; little is read ahead of who takes them. Raises ProviderFailed."""
        while True:
            if self._parts:
                yield b"".join(self._take())
            elif self._complete:
                return
            else:
                await self._wait()

    def _take(self) -> list[bytes]:
        parts, self._parts, self._waiting = self._parts, [], 0
        if self._paused:
            self._paused = False
            if not self._lost:
                self._transport.resume_reading()
        return parts

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if self._failure is not None and not self._parts:
            raise self._failure

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _too_slow(self, timeout: float) -> None:
        self._timer = None
        if not self._complete:
            self.fail(ProviderFailed("slow", f"the response was not whole after {timeout:g} s"))

    def fail(self, failure: BaseException) -> None:
        """Give the exchange up: who waits for the response gets `failure`."""
        if self._failure is None:
            self._failure = failure
        self.abort()
        self._wake()

    def end(self) -> bool:
        """The exchange has ended. Returns whether the connection can be used for another; else it is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        keep = self._whole and not self._stray and self._failure is None and self._keep > 0
        if keep and not self._transport.is_closing() and self._kept:
            self.idle_until = self._loop.time() + self._keep
            return True
        self.abort()
        return False

    def is_stale(self) -> bool:
        """Whether the provider has closed the idle connection, or has sent something that nobody asked for."""
        return self._lost or self._transport.is_closing() or bool(self._poll.poll(0))

    @property
    def unanswered(self) -> bool:
        """Whether the connection broke before any byte of a response came."""
        return self._lost and not self._answered

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()
