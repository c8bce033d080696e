"""The compact serialisation of JOSE, read strictly (RFC 7515, section 7.1; RFC 8725bis).

Everything here happens before any cryptography and costs microseconds: lengths, segments, alphabet, JSON. Three kinds
of value keep their trust apart: `str` is raw input, `RawJws` is well formed and not to be believed, and only
`hint.py` turns one into a `VerifiedHint`.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_TOKEN_BYTES = 32 * 1024
MAX_BRACKETS = 256
"""Opening brackets in one JSON text, which bounds its depth as well."""


class Malformed(ValueError):
    """The text is no JWT at all. The message never repeats any of it."""


@dataclass(frozen=True, slots=True)
class RawJws:
    """A well-formed JWS. Nothing in it has been verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


def segments(token: str) -> list[bytes]:
    """Split a token into its segments: 3 of a JWS, 5 of a JWE. Raises Malformed for anything else."""
    if len(token) > MAX_TOKEN_BYTES:
        raise Malformed(f"it is longer than {MAX_TOKEN_BYTES} bytes")
    dots = token.count(".")
    if dots not in (2, 4):
        raise Malformed("it has neither 3 nor 5 segments")
    try:
        return token.encode("ascii").split(b".")
    except UnicodeEncodeError:
        raise Malformed("it holds characters other than base64url") from None


def parse_jws(parts: list[bytes]) -> RawJws:
    """Decode the three segments of a JWS. Raises Malformed."""
    header, payload, signature = parts
    return RawJws(
        header=parse_object(decode(header)),
        claims=parse_object(decode(payload)),
        signing_input=header + b"." + payload,
        signature=decode(signature),
    )


def decode(segment: bytes) -> bytes:
    """base64url without padding, in the one canonical form, so that no two texts stand for the same token."""
    try:
        decoded = urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except ValueError:
        raise Malformed("a segment is not base64url") from None
    if urlsafe_b64encode(decoded).rstrip(b"=") != segment:
        raise Malformed("a segment is not canonical base64url")
    return decoded


def parse_object(text: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8, without duplicate names, NaN, lone surrogates, or more brackets than any token has."""
    if text.count(b"{") + text.count(b"[") > MAX_BRACKETS:
        raise Malformed("its JSON has too many brackets")
    try:
        value = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
        if b"\\" in text:
            json.dumps(value, ensure_ascii=False).encode()  # an escape can stand for half a character, which is no text
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("a segment is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("a segment is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a JSON object has a member twice")
    return members


def _refuse_constant(_: str) -> None:
    raise Malformed("its JSON holds NaN or Infinity")
