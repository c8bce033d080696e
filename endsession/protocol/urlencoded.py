"""The fields of a query or a form (application/x-www-form-urlencoded, WHATWG URL Standard, section 5.1).

They are decoded by C code: urllib takes 5 to 10 ms for 64 KB of escapes, and anybody can send those.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

MAX_ESCAPES = 1000
"""The most escapes of a value in which one is malformed: such a value is decoded slowly."""


def fields(encoded: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and values, both still encoded. Those without a value have an empty one."""
    for field in encoded.split(b"&"):
        if field:
            name, _, value = field.partition(b"=")
            yield name, value


def decoded(encoded: bytes) -> bytes | None:
    """A name or a value without its escapes; a malformed escape stands for itself. None where there are too many."""
    text = encoded.replace(b"+", b" ")
    if b"%" not in text:
        return text
    try:
        # An escape of Python's string literals has two hex digits as well. Bytes that are not ASCII stay what they are.
        return text.replace(b"\\", b"\\\\").replace(b"%", b"\\x").decode("unicode_escape").encode("latin-1")
    except UnicodeDecodeError:
        return unquote_to_bytes(text) if text.count(b"%") <= MAX_ESCAPES else None
