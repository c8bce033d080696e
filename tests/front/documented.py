"""Whether an answer at a fronted path is one that the served document lists as the front's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from endsession.contract.document import METHODS, Document, resolved


@dataclass(frozen=True)
class Seen:
    """An answer as it came over a socket: header names in lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def of(cls, head: bytes, body: bytes) -> Seen:
        """What `tests.kit.fronted.exchange` returned, without an interim response (RFC 9110, section 15.2)."""
        if head.startswith(b"HTTP/1.1 100 "):
            head, _, body = body.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        pairs = [line.split(b": ", 1) for line in lines]
        return cls(int(first.split(b" ")[1]), [(name.lower(), value) for name, value in pairs], body)

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name.lower().encode()), None)


def operations(item: Mapping[str, Any], method: str) -> list[dict[str, Any]]:
    """The operation that a method reaches; of a method that the item has not, all: it gets the same answers."""
    name = "get" if method == "HEAD" else method.lower()
    return [item[name]] if name in item else [item[known] for known in METHODS if known in item]


def documented(document: Document, path: str, method: str, seen: Seen) -> bool:
    """Whether the document lists the answer as one that is not the provider's: status, media type, headers, error."""
    item = document.raw["paths"][path]
    answers = (operation["responses"].get(str(seen.status)) for operation in operations(item, method))
    return any(_is(document, resolved(document.raw, answer), method, seen) for answer in answers if answer)


def _is(document: Document, answer: Mapping[str, Any], method: str, seen: Seen) -> bool:
    required = [name for name, header in _headers(document, answer) if header.get("required")]
    if any(seen.header(name) is None for name in required):
        return False
    if "content" not in answer:
        return seen.status in (303, 304) and seen.body == b""
    if method == "HEAD" and seen.header("content-type") is None:
        return True
    media_type = (seen.header("content-type") or "").partition(";")[0]
    if media_type not in answer["content"]:
        return False
    if seen.status < 400 or method == "HEAD" or media_type != "application/json":
        return seen.status < 400 or method == "HEAD" or seen.body.startswith(b"<!doctype html>")
    return _codes(document, answer["content"][media_type]) >= {json.loads(seen.body)["error"]}


def _headers(document: Document, answer: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, header in answer.get("headers", {}).items():
        yield name, resolved(document.raw, header)


def _codes(document: Document, content: Mapping[str, Any]) -> set[str]:
    shown = [resolved(document.raw, example)["value"] for example in content.get("examples", {}).values()]
    return {example["error"] for example in (*shown, *([content["example"]] if "example" in content else []))}
