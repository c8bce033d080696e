"""One HTTP request and its response."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"
HeaderLines = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exchange:
    """A request as it was sent, and its response. `path` is the document's path template, or None if it has none."""

    method: str
    url: str
    sent_headers: HeaderLines
    sent_body: bytes
    path: str | None
    status: int
    headers: HeaderLines
    body: bytes
    began: float = 0.0
    """Seconds since 1970."""
    seconds: float = 0.0

    def all(self, name: str) -> list[str]:
        """The values of a response header, one for each line of it."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """The value of a response header, or an empty string."""
        return ", ".join(self.all(name))

    def sent(self, name: str) -> str:
        """The value of a request header, or an empty string."""
        return next((value for key, value in self.sent_headers if key.lower() == name.lower()), "")

    @property
    def media_type(self) -> str:
        """The media type of the response, without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body of the response as a string."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body of the response, parsed; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of the request, from its query and its form."""
        pairs = parse_qsl(self.url.partition("?")[2], keep_blank_values=True, errors="replace")
        if self.sent("content-type").startswith(FORM):
            pairs += parse_qsl(self.sent_body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
        return pairs

    def parameter(self, name: str) -> str | None:
        """The value of a parameter of the request; None if it is absent or empty."""
        return next((value for key, value in self.parameters if key == name and value), None)


def header_lines(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> HeaderLines:
    """Headers as pairs of name and value."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((str(name), str(value)) for name, value in pairs)
