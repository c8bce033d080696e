"""Logout tokens (Back-Channel Logout 1.0, section 2.4)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from ..protocol.client import Client
from .encryption import SYMMETRIC, derived_key, encrypt, fitting
from .keys import Key, KeySet, secret_key
from .signing import SigningKeys, sign

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
"""Seconds until `exp`, the most that section 4 advises."""


class CannotSign(ValueError):
    """This issuer has no key for what the client registered; the message names both."""


@dataclass(frozen=True, slots=True)
class LogoutTokens:
    """Makes the logout tokens of one issuer. Every call makes a new one: fresh `jti` and `iat`, current key."""

    issuer: str
    keys: SigningKeys

    def make(self, client: Client, *, sub: str | None, sid: str | None, now: float) -> str:
        """A token for `client`, with `sub` and `sid` as the client knows them. Raises CannotSign."""
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": client.client_id,
            "iat": int(now),
            "exp": int(now) + LIFETIME,
            "jti": secrets.token_urlsafe(16),
            "events": {EVENT: {}},
        }
        claims |= {"sub": sub} if sub else {}
        claims |= {"sid": sid} if sid else {}
        alg = client.id_token_signed_response_alg
        token = sign({"typ": "logout+jwt"}, claims, self._signing_key(client, alg), alg)
        if client.id_token_encrypted_response_alg is None:
            return token
        return self._encrypted(token, client, client.id_token_encrypted_response_alg)

    def _signing_key(self, client: Client, alg: str) -> Key:
        if alg.startswith("HS"):
            key = secret_key(client.client_secret.get_secret_value()) if client.client_secret else None
        else:
            key = self.keys.active(alg)
        if key is None:
            raise CannotSign(f"there is no signing key for {alg}, which this client registered")
        return key

    def _encrypted(self, token: str, client: Client, alg: str) -> str:
        """Section 2.4: encrypted as ID tokens are, with `iss` in the header as well."""
        enc = client.id_token_encrypted_response_enc
        try:
            if alg in SYMMETRIC:
                keys = [derived_key(client.client_secret.get_secret_value(), alg, enc)] if client.client_secret else []
            else:
                keys = fitting(KeySet.load(client.jwks or {"keys": []}).keys, alg, None)
            if keys:
                return encrypt(token, keys[0], alg, enc, {"typ": "logout+jwt", "iss": self.issuer})
        except Exception as error:  # the keys are the client's own, and jwcrypto raises many unrelated types
            raise CannotSign(f"the client's keys for {alg} are of no use ({type(error).__name__})") from None
        raise CannotSign(f"there is no encryption key for {alg}, which this client registered")
