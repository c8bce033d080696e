"""What an app checks before it believes an ID token (Core 3.1.3.7, 3.3.2.11) or a signed response (JARM 2.4)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

from .proofs import half_hash

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""With keys that the issuer publishes; the hash of each is SHA-256."""


def verify(token: str, jwks: Mapping[str, Any], *, issuer: str, audience: str) -> dict[str, Any]:
    """The claims of a JWT that the issuer has made for that audience and that holds now; fails for any other."""
    decoded = jwt.decode(token, KeySet.import_key_set({"keys": jwks["keys"]}), algorithms=ALGORITHMS)
    claims = dict(decoded.claims)
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    assert claims["iss"] == issuer, claims
    assert audience in audiences, claims
    assert claims.get("azp", audience) == audience, claims
    assert time.time() < claims["exp"], claims
    return claims


def id_token(
    token: str,
    jwks: Mapping[str, Any],
    *,
    issuer: str,
    audience: str,
    nonce: str | None = None,
    access_token: str | None = None,
    code: str | None = None,
) -> dict[str, Any]:
    """The claims of an ID token; `nonce` is that of the request, and has to come back."""
    claims = verify(token, jwks, issuer=issuer, audience=audience)
    assert claims["sub"], claims
    assert claims["iat"] <= time.time() + 5, claims
    if nonce is not None:
        assert claims.get("nonce") == nonce, claims
    if access_token is not None and "at_hash" in claims:
        assert claims["at_hash"] == half_hash(access_token), claims
    if code is not None:
        assert claims["c_hash"] == half_hash(code), claims
    return claims
