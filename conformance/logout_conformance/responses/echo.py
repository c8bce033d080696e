"""No input is repeated: the hint in no response, and nothing of the request in an error (XSS, leaked tokens)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, urlsplit

from ..exchange import Exchange
from ..target import Operation, Target

_SHORTEST = 8
_WORD = re.compile(r"[a-z_-]*")
"""Shorter values and plain words occur in a response by accident."""
_ORDINARY = {
    "cache-control", "content-length", "content-security-policy", "content-type", "date", "referrer-policy", "server",
    "vary", "x-content-type-options", "x-frame-options",
}  # fmt: skip
_HINT = "id_token_hint"


def echoes(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Values as they are, and escaped for HTML, URLs and JSON; in headers and in the body."""
    head = [value for name, value in exchange.headers if name.lower() not in _ORDINARY]
    seen = "\n".join([*head, exchange.text])
    extension = target.document.endpoints.get(exchange.path or "")
    hint = extension.vendor_name(_HINT) if extension else _HINT
    for name, value in exchange.parameters:
        if name == hint and _occurs_in(value, seen):
            yield "the response contains the hint"
    if exchange.status < 400:
        return
    document = _document_text(target)
    for name, value in [*exchange.parameters, *_from_path(exchange)]:
        if value not in document and _occurs_in(value, seen):
            yield f"the error repeats the value of {name if name in document else 'a parameter'}"
        if name not in document and _occurs_in(name, seen):
            yield "the error repeats the name of an unknown parameter"
    for name in ("authorization", "cookie", "host", "origin", "user-agent", "x-forwarded-host"):
        value = exchange.sent(name).removeprefix("Bearer ")
        if value and value not in target.public_url and value not in document and _occurs_in(value, seen):
            yield f"the error repeats the header {name}"
    if body := exchange.sent_body.decode("utf-8", "replace").strip():
        yield from _from_json(body, document, seen)


def _from_json(body: str, document: str, seen: str) -> Iterator[str]:
    """The members of a JSON body, at any depth."""
    try:
        stack = [json.loads(body)]
    except (ValueError, RecursionError):
        return
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
            stack += list(value)
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str) and value not in document and _occurs_in(value, seen):
            yield "the error repeats a part of the body"


def _from_path(exchange: Exchange) -> Iterator[tuple[str, str]]:
    known = set((exchange.path or "").split("/"))
    for segment in urlsplit(exchange.url).path.split("/"):
        if segment not in known:
            yield "the path", unquote(segment)


def _occurs_in(value: str, seen: str) -> bool:
    if len(value.strip()) < _SHORTEST or _WORD.fullmatch(value):
        return False
    escaped = {value, html.escape(value), quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
    return any(form in seen for form in escaped)


@lru_cache(maxsize=2)
def _document_text(target: Target) -> str:
    """The document as a string: what occurs in it may occur in any response."""
    return json.dumps(target.document.raw, ensure_ascii=False)
