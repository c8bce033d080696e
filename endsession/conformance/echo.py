"""Nothing that was sent comes back: not the hint, ever, and nothing at all in an error (T16, T23, T24)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, urlsplit

from .exchange import Exchange
from .target import Operation, Target

_SHORTEST = 8
_WORD = re.compile(r"[a-z_-]*")
"""Shorter values and plain words stand in an answer by accident."""
_ORDINARY = {
    "cache-control", "content-length", "content-security-policy", "content-type", "date", "referrer-policy", "server",
    "vary", "x-content-type-options", "x-frame-options",
}  # fmt: skip
_HINT = "id_token_hint"


def echoes(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Values as they are, and as HTML, URLs and JSON write them; in the head as in the body."""
    head = [value for name, value in exchange.headers if name.lower() not in _ORDINARY]
    seen = "\n".join([*head, exchange.text])
    dialect = target.document.endpoints.get(exchange.path or "")
    hint = dialect.vendor_name(_HINT) if dialect else _HINT
    for name, value in exchange.parameters:
        if name == hint and _stands_in(value, seen):
            yield "the hint is in the answer"
    if exchange.status < 400:
        return
    text = _text_of(target)
    for name, value in [*exchange.parameters, *_from_path(exchange)]:
        if value not in text and _stands_in(value, seen):
            yield f"the error repeats the value of {name if name in text else 'a parameter'}"
        if name not in text and _stands_in(name, seen):
            yield "the error repeats the name of an unknown parameter"
    for name in ("authorization", "cookie", "host", "origin", "user-agent", "x-forwarded-host"):
        value = exchange.sent(name).removeprefix("Bearer ")
        if value and value not in target.public_url and value not in text and _stands_in(value, seen):
            yield f"the error repeats the header {name}"
    if body := exchange.sent_body.decode("utf-8", "replace").strip():
        yield from _of_json(body, text, seen)


def _of_json(body: str, text: str, seen: str) -> Iterator[str]:
    """The members of a JSON body, as deep as they go."""
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
        elif isinstance(value, str) and value not in text and _stands_in(value, seen):
            yield "the error repeats a part of the body"


def _from_path(exchange: Exchange) -> Iterator[tuple[str, str]]:
    known = set((exchange.path or "").split("/"))
    for segment in urlsplit(exchange.url).path.split("/"):
        if segment not in known:
            yield "the path", unquote(segment)


def _stands_in(value: str, seen: str) -> bool:
    if len(value.strip()) < _SHORTEST or _WORD.fullmatch(value):
        return False
    written = {value, html.escape(value), quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
    return any(form in seen for form in written)


@lru_cache(maxsize=2)
def _text_of(target: Target) -> str:
    """The document: what stands in it may stand in any answer."""
    return json.dumps(target.document.raw, ensure_ascii=False)
