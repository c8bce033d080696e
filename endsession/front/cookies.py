"""The Cookie header: read, and without some of its cookies, the rest byte for byte (RFC 6265, section 5.4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator


def cookie_pairs(header: bytes) -> Iterator[tuple[str, str]]:
    """Names and values, in their order; a cookie without `=` has an empty name (RFC 6265bis, section 5.7)."""
    for segment in header.split(b";"):
        if pair := _pair(segment):
            yield pair


def without_cookies(header: bytes, names: Collection[str], withhold: Callable[[str, str], bool] | None) -> bytes:
    """The header without the cookies of these names, and without those that `withhold` says yes to.

    What is left stays as it was, and it is empty where no cookie is left.
    """
    segments = header.split(b";")
    kept, cookies = [], 0
    for segment in segments:
        pair = _pair(segment)
        if pair is not None:
            if pair[0] in names or (withhold is not None and withhold(*pair)):
                continue
            cookies += 1
        kept.append(segment)
    if len(kept) == len(segments):
        return header
    return b";".join(kept).lstrip(b" \t") if cookies else b""


def _pair(segment: bytes) -> tuple[str, str] | None:
    """Space and tab alone are around a name: more would let another name pass as this one."""
    text = segment.strip(b" \t").decode("latin-1")
    if not text:
        return None
    name, equals, value = text.partition("=")
    return (name.rstrip(" \t"), value.lstrip(" \t")) if equals else ("", text)
