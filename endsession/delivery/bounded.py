"""A connection of which each response is bounded before anything parses it (T14).

The HTTP library bounds a response's head, and neither how many interim responses come before it nor how many pieces a
body comes in. Each of those costs it far more to parse than it costs an app to send, and the whole process waits.
"""

from __future__ import annotations

import re
import ssl
from typing import Any

import httpcore2

MAX_HEAD = 16 * 1024
"""Bytes of the head of a response."""
MAX_LINES = 100
"""Lines of it."""
MAX_INTERIM = 8
"""Interim responses (1xx) before it. Few servers send any (RFC 9110, section 15.2)."""
MAX_READS = 64
"""Pieces in which all of that may come."""
MAX_BODY = 4 * 1024
"""Bytes of a body that are read, its framing included. Nothing in it counts: it is read so that the connection can be
used again."""
_READ = 4 * 1024
_END = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/[0-9]\.[0-9] 1(?!01)[0-9][0-9]")
"""101 is none: it ends HTTP (RFC 9110, section 15.2.2)."""
_NO_BODY = re.compile(rb"HTTP/[0-9]\.[0-9] (?:204|304)")
_LENGTH = re.compile(rb"(?i)\n(?:content-length:[ \t]*([0-9]{1,9})[ \t]*|transfer-encoding:.*)(?=\r?\n)")


class AnswerTooLong(OSError):
    """The response is longer than anything that an app has to say to a logout token."""


class BoundedStream(httpcore2.AsyncNetworkStream):
    """Reads the head of each response as a whole, leaves out interim responses, and stops reading a body early.

    The connection is used again only if nothing came behind the response: it would be taken for the next one, and a
    logout token of another app at the same host for delivered.
    """

    def __init__(self, stream: httpcore2.AsyncNetworkStream, max_body: int = MAX_BODY) -> None:
        """`max_body` is how many bytes of a body are read, its framing included."""
        self._stream, self._max_body = stream, max_body
        self._in_head, self._left = True, max_body
        self._length = 0
        """How much of the body is still to come; below 0, something has come behind it, or may have."""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # httpcore's
        """See httpcore. Requests are not pipelined: what is read next begins a response."""
        self._in_head, self._left = True, self._max_body
        await self._stream.write(buffer, timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's
        """See httpcore. A head comes whole, with what came with it. Raises AnswerTooLong."""
        if self._in_head:
            self._in_head, self._length = False, -1
            return await self._read_head(timeout)
        part = await self._stream.read(min(max_bytes, _READ), timeout)
        self._left -= len(part)
        self._length -= len(part)
        if self._left < 0:
            raise AnswerTooLong("the body of the response is too long")
        return part

    async def _read_head(self, timeout: float | None) -> bytes:  # noqa: ASYNC109  # httpcore's
        data, interim = b"", 0
        for _ in range(MAX_READS):
            part = await self._stream.read(_READ, timeout)
            if not part:
                return data
            searched = max(0, len(data) - 2)
            data += part
            while end := _END.search(data, searched):
                if not _INTERIM.match(data):
                    self._length = _checked_length(data[: end.end()]) - (len(data) - end.end())
                    return data
                data, searched, interim = data[end.end() :], 0, interim + 1
                if interim > MAX_INTERIM:
                    raise AnswerTooLong(f"there are more than {MAX_INTERIM} interim responses")
            if len(data) > MAX_HEAD:
                raise AnswerTooLong(f"the head of the response is longer than {MAX_HEAD} bytes")
        raise AnswerTooLong(f"the head of the response comes in more than {MAX_READS} pieces")

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's
    ) -> httpcore2.AsyncNetworkStream:
        """See httpcore. What is bounded is what comes through TLS."""
        return BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._max_body)

    def get_extra_info(self, info: str) -> Any:
        """See httpcore, which asks in this way whether an idle connection can be used again."""
        return (info == "is_readable" and self._length != 0) or self._stream.get_extra_info(info)

    async def aclose(self) -> None:
        """See httpcore."""
        await self._stream.aclose()


def _checked_length(head: bytes) -> int:
    """How long the body behind a head is; -1 where only parsing it would tell. Raises AnswerTooLong."""
    if len(head) > MAX_HEAD:
        raise AnswerTooLong(f"the head of the response is longer than {MAX_HEAD} bytes")
    if head.count(b"\n") > MAX_LINES:
        raise AnswerTooLong(f"the head of the response has more than {MAX_LINES} lines")
    if _NO_BODY.match(head):
        return 0
    lengths = _LENGTH.findall(head)
    return int(lengths[0]) if len(lengths) == 1 and lengths[0] else -1
