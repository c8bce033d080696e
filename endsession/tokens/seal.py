"""Sealing, with keys that are derived from `storage.sealing_secrets`, which no database holds.

The first secret seals, all of them open, so that a secret can be replaced while what the old one sealed is still good.
Each use has a key of its own (HKDF, RFC 5869): a handle from a browser is never taken for a value of the database.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .compact import Malformed, decode

MAX_HANDLE_BYTES = 16 * 1024


class BadHandle(ValueError):
    """The handle is not ours, was changed, is for something else, or is too old."""


class BadSeal(ValueError):
    """None of the secrets opens the value, or it was sealed under another name."""


class Sealer:
    """Makes and opens handles: our own values that travel through a browser and come back unread and unchanged.

    A handle is encrypted, authenticated and dated (Fernet). It holds what a question or a parked request needs, so that
    nothing is stored for a question that is only shown, and any node of a deployment can take the answer.
    """

    def __init__(self, secrets: Sequence[str], clock: Callable[[], float], *, lifetime: int = 600) -> None:
        """`secrets` are the deployment's sealing secrets, one or more; `lifetime` is in seconds."""
        self._fernet, self._clock, self._lifetime = MultiFernet(_keys(secrets, "handles")), clock, lifetime

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


class Vault:
    """Seals the secrets that the database keeps, so that reading the database or a backup does not give them away.

    A value is sealed under the name of what it belongs to, so that it cannot be put in another's place.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets` are the deployment's sealing secrets, one or more."""
        self._keys = _keys(secrets, "stored secrets")

    def seal(self, name: str, value: str) -> str:
        """`value`, sealed with the first secret."""
        return self._keys[0].encrypt(json.dumps([name, value]).encode()).decode()

    def unseal(self, name: str, sealed: str) -> str:
        """The value that was sealed under `name`. Raises BadSeal."""
        try:
            sealed_as, value = json.loads(MultiFernet(self._keys).decrypt(sealed.encode()))
        except (InvalidToken, UnicodeEncodeError):
            raise BadSeal("none of the secrets opens it") from None
        if sealed_as != name:
            raise BadSeal("it was sealed for something else")
        return str(value)

    def is_current(self, sealed: str) -> bool:
        """Whether the first secret sealed it: otherwise it would be lost with the secret that did."""
        try:
            self._keys[0].decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True


def _keys(secrets: Sequence[str], use: str) -> list[Fernet]:
    """A Fernet key for one use from each secret."""
    keys = []
    for secret in secrets:
        octets = HKDF(SHA256(), 32, salt=None, info=f"endsession: {use}".encode()).derive(secret.encode())
        keys.append(Fernet(urlsafe_b64encode(octets)))
    return keys
