"""Which form the caller wants an answer in (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

Wants = Literal["html", "json"] | None
"""A page for a browser, JSON for a program, or neither was named."""
MAX_LENGTH = 1000
"""Characters of an Accept header; those of browsers have less than 200."""


def prefers(accept: str) -> Wants:
    """What an Accept header names explicitly; None when it is absent or leaves the choice to us (`*/*`).

    A longer one than any program sends is disregarded, as RFC 9110, section 12.4.1, allows: reading it would cost more
    than the request.
    """
    return read_accept(accept) if len(accept) <= MAX_LENGTH else None


@lru_cache(maxsize=256)
def read_accept(accept: str) -> Wants:
    """See `prefers`; what was read is kept."""
    html, json = (
        _quality(accept, ("text/html", "application/xhtml+xml")),
        _quality(accept, ("application/json",)),
    )
    if html == json == 0:
        return None
    return "html" if html >= json else "json"


def _quality(accept: str, media_types: tuple[str, ...]) -> float:
    best = 0.0
    for item in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in item.split(";"))
        if media_type in media_types:
            best = max(best, _weight(parameters))
    return best


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0
