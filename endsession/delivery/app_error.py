"""What an app says of its error, made fit to be kept (Back-Channel Logout 1.0, section 2.8).

It is JSON with `error` and `error_description` in a 400. The app writes it, and may repeat our token in it.
"""

from __future__ import annotations

import json
import re

MAX_READ = 4 * 1024
"""Bytes of a response that are looked at."""
_MAX_KEPT = 200
_LIKE_A_TOKEN = re.compile(r"[A-Za-z0-9_+/=~-]{20,}(?:\.[A-Za-z0-9_+/=~-]*)*")
"""Longer than words are: part of a token, a key or an identifier."""


def error_of(body: bytes) -> str:
    """`error: error_description` of a response, bounded and without control characters; empty if it says nothing."""
    try:
        said = json.loads(body.decode())
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    members = (said.get("error"), said.get("error_description"))
    return ": ".join(clean for member in members if isinstance(member, str) and (clean := _clean(member)))


def _clean(text: str) -> str:
    words = " ".join("".join(char if char.isprintable() else " " for char in text[:MAX_READ]).split())
    kept = _LIKE_A_TOKEN.sub("[...]", words)
    return kept if len(kept) <= _MAX_KEPT else kept[:_MAX_KEPT] + "..."
