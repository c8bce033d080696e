"""Handles: our own values that travel through a browser and come back unread and unchanged.

A handle is encrypted, authenticated and dated (Fernet). It holds what a question or a parked request needs, so that
nothing is stored for a question that is only shown, and any node of a deployment can take the answer.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from .compact import Malformed, decode

MAX_HANDLE_BYTES = 16 * 1024


class BadHandle(ValueError):
    """The handle is not ours, was changed, is for something else, or is too old."""


class Sealer:
    """Makes and opens handles with one key, which all nodes of a deployment share."""

    def __init__(self, key: bytes, clock: Callable[[], float], *, lifetime: int = 600) -> None:
        """`key` is a Fernet key (`Sealer.new_key()`); `lifetime` is in seconds."""
        self._fernet, self._clock, self._lifetime = Fernet(key), clock, lifetime

    @staticmethod
    def new_key() -> bytes:
        """A fresh random key."""
        return Fernet.generate_key()

    def seal(self, purpose: str, content: dict[str, Any]) -> str:
        """Seal `content` for one `purpose`. The result is URL-safe."""
        # As UTF-8, which is half as long as escapes: a `state` of the longest, in any language, has to fit.
        text = json.dumps([purpose, content], separators=(",", ":"), ensure_ascii=False).encode()
        return self._fernet.encrypt_at_time(text, int(self._clock())).rstrip(b"=").decode()

    def unseal(self, purpose: str, handle: str) -> dict[str, Any]:
        """Give back what was sealed. Raises BadHandle."""
        if len(handle) > MAX_HANDLE_BYTES:
            raise BadHandle("not one of our handles")
        try:
            # Strictly, since Fernet is lenient: a second spelling of a handle would be a second use of it.
            token = urlsafe_b64encode(decode(handle.encode("ascii")))
        except (Malformed, UnicodeEncodeError):
            raise BadHandle("not one of our handles") from None
        try:
            text = self._fernet.decrypt_at_time(token, self._lifetime, int(self._clock()))
        except InvalidToken:
            raise BadHandle("changed, foreign or too old") from None
        sealed_for, content = json.loads(text)
        if sealed_for != purpose:
            raise BadHandle("sealed for something else")
        return dict(content)
