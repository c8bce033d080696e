"""What an app signs: client assertions (RFC 7523) and DPoP proofs (RFC 9449); and hashes by which tokens are bound."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time

from joserfc import jwt
from joserfc.jwk import ECKey

from .clients import Client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def base64url(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def s256(value: str) -> str:
    """The whole SHA-256 of a string, as in a PKCE challenge and in DPoP's `ath`."""
    return base64url(hashlib.sha256(value.encode()).digest())


def half_hash(value: str) -> str:
    """The left half of the SHA-256, as in `at_hash` and `c_hash` of tokens signed with a 256-bit algorithm."""
    return base64url(hashlib.sha256(value.encode()).digest()[:16])


def client_assertion(client: Client, *audience: str) -> str:
    """A signed proof of who the client is, good for a minute and for one use."""
    now = int(time.time())
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": audience,  # the issuer for some providers, the token endpoint for others
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + 60,
    }
    return jwt.encode({"alg": "ES256", "kid": client.key.kid}, claims, client.key, algorithms=["ES256"])


class Prover:
    """Makes DPoP proofs with a key of its own, and keeps the nonce that the server has given last."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256")
        self.nonce: str | None = None

    def proof(self, method: str, url: str, access_token: str | None = None) -> str:
        """A proof for one request."""
        claims = {"htm": method, "htu": url, "jti": secrets.token_urlsafe(16), "iat": int(time.time())}
        claims |= {"nonce": self.nonce} if self.nonce else {}
        claims |= {"ath": s256(access_token)} if access_token else {}
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])
