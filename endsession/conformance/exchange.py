"""One request and its answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"
Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exchange:
    """What was sent to an address and what came back. `path` is the document's template, None where it has none."""

    method: str
    url: str
    sent_headers: Lines
    sent_body: bytes
    path: str | None
    status: int
    headers: Lines
    body: bytes
    began: float = 0.0
    seconds: float = 0.0
    known_redirects: frozenset[str] = field(default=frozenset(), repr=False)
    """The URIs that may be redirected to."""

    def all(self, name: str) -> list[str]:
        """The values of a header of the answer, one for each line of it."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """The value of a header of the answer, or an empty text."""
        return ", ".join(self.all(name))

    def sent(self, name: str) -> str:
        """The value of a header of the request, or an empty text."""
        return next((value for key, value in self.sent_headers if key.lower() == name.lower()), "")

    @property
    def media_type(self) -> str:
        """The answer's media type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The answer's body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The answer's body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """What was sent in the query and in the form."""
        pairs = parse_qsl(self.url.partition("?")[2], keep_blank_values=True, errors="replace")
        if self.sent("content-type").startswith(FORM):
            pairs += parse_qsl(self.sent_body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
        return pairs

    def parameter(self, name: str) -> str | None:
        """The value of a parameter that was sent, wherever it stood; None if it was not, or empty."""
        return next((value for key, value in self.parameters if key == name and value), None)


def lines(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Lines:
    """Headers as pairs."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((str(name), str(value)) for name, value in pairs)
