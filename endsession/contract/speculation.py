"""Requests that a browser makes ahead of its user: to prefetch, to prerender, to show a preview.

Nobody has asked for what they would do, so nothing is done. The answer is an error and not an empty success, since a
browser would show a success in the place of the page that the user asks for later (Fetch Standard, `Sec-Purpose`).
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers

_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD = re.compile(r"\b(?:prefetch|prerender|preview)\b", re.IGNORECASE)


def is_speculative(headers: Headers) -> bool:
    """Whether the request says that no user has made it yet."""
    return any(_AHEAD.search(value) for name in _HEADERS for value in headers.getlist(name))
