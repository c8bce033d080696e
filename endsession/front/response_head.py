"""The head of a provider's response: how long its body is, whether it can be passed on, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["slow", "unreachable", "hostile", "busy"]

MAX_HEAD = 64 * 1024
"""Bytes of the head of a response, and of its trailers."""
MAX_LINES = 100
"""Header lines of a response, and of its trailers."""
IDLE = 1.5
"""Seconds for which a connection is kept for the next request where the provider does not say how long it keeps it.
Below what servers have as their default (gunicorn 2 s, Node.js and uvicorn 5 s): a POST that meets the provider's own
closing is lost, since nobody can tell whether it was carried out."""
MAX_IDLE = 30.0
"""Seconds at most, whatever the provider says."""
_UNFIT = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_UNFIT_NAME = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_KEEPS = re.compile(rb"timeout[ \t]*=[ \t]*([0-9]{1,6})")


class ProviderFailed(Exception):
    """There is no response of the provider, or no whole one.

    `kind` is `slow` (not in time), `unreachable` (no connection, or it broke), `hostile` (what came is not HTTP, or
    more of it than is taken) or `busy` (all connections to it are in use). `detail` is for the log, and repeats nothing
    of the request or the response.
    """

    def __init__(self, kind: Kind, detail: str) -> None:
        self.kind, self.detail = kind, detail
        super().__init__(f"{kind}: {detail}")


@dataclass(frozen=True, slots=True)
class Framing:
    """How long a body is, unless the status or the method says that there is none."""

    length: int | None
    until_close: bool
    """Whether the end of the connection is the end of the body."""
    keep: float
    """Seconds for which the connection may be kept."""


def framing_of(headers: Iterable[tuple[bytes, bytes]]) -> Framing:
    """Read the headers of a response. Raises ProviderFailed for those that clients could understand differently."""
    length, lengths, codings, size, keep = None, 0, 0, 0, IDLE
    for name, value in headers:
        size += len(name) + len(value)
        if not name or _UNFIT_NAME.search(name) or _UNFIT.search(value):
            raise ProviderFailed("hostile", "the response has a header with characters that none may have")
        lower = name.lower()
        if lower == b"content-length":
            lengths += 1
            if not value.isdigit() or len(value) > 15:
                raise ProviderFailed("hostile", "the Content-Length of the response is not a number")
            length = int(value)
        elif lower == b"transfer-encoding":
            codings += 1 if value.lower() == b"chunked" else 2
        elif lower == b"keep-alive" and (kept := _KEEPS.search(value)):
            keep = min(max(0.0, int(kept[1]) - 1.0), MAX_IDLE)
    if lengths + codings > 1:
        raise ProviderFailed("hostile", "the response does not say in one way how long its body is")
    if size > MAX_HEAD:
        raise ProviderFailed("hostile", f"the head of the response is longer than {MAX_HEAD} bytes")
    return Framing(length, not (lengths or codings), keep)
