"""Signing ID tokens, and checking ID tokens and logout tokens, with jwcrypto."""

from __future__ import annotations

import json
import time
from typing import Any

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jwt import JWT

ALG = "ES256"
LEEWAY = 60
"""Seconds by which clocks may differ."""
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class BadToken(Exception):
    """The token is not to be believed; the message says why."""


class SigningKey:
    """The provider's key, made for one run of the demo."""

    def __init__(self) -> None:
        self._key = JWK.generate(kty="EC", crv="P-256", use="sig", alg=ALG)
        self._key["kid"] = self._key.thumbprint()

    @property
    def private(self) -> str:
        """The private key as a JWK."""
        return str(self._key.export_private())

    @property
    def public_set(self) -> str:
        """The public key in a JWK Set."""
        return json.dumps({"keys": [self._key.export_public(as_dict=True)]})

    def sign(self, claims: dict[str, Any]) -> str:
        """A signed JWT of `claims`."""
        token = JWT(header={"alg": ALG, "kid": self._key["kid"], "typ": "JWT"}, claims=claims)
        token.make_signed_token(self._key)
        return str(token.serialize())


def check_id_token(token: str, keys: dict[str, Any], *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7). Raises BadToken."""
    claims = _verify(token, keys, {"iss": issuer, "aud": client_id, "nonce": nonce, "sub": None, "exp": None})
    if claims["aud"] not in (client_id, [client_id]):
        raise BadToken("it is for other apps as well")
    return claims


def check_logout_token(token: str, keys: dict[str, Any], *, issuer: str, client_id: str) -> dict[str, Any]:
    """The claims of a logout token (Back-Channel Logout 1.0, section 2.6). Raises BadToken."""
    claims = _verify(token, keys, {"iss": issuer, "aud": client_id, "iat": None, "exp": None, "jti": None})
    if "nonce" in claims:
        raise BadToken("it has a nonce, as ID tokens have")
    if not isinstance(claims.get("events"), dict) or not isinstance(claims["events"].get(EVENT), dict):
        raise BadToken("it is about no logout")
    if claims["iat"] > time.time() + LEEWAY:
        raise BadToken("it was issued in the future")
    if "sid" not in claims and "sub" not in claims:
        raise BadToken("it names neither a session nor a user")
    return claims


def _verify(token: str, keys: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Signature, dates and the expected claims; a claim that is expected to be None has to be there."""
    try:
        checked = JWT(check_claims=expected, algs=[ALG], expected_type="JWS")
        checked.leeway = LEEWAY
        checked.deserialize(token, JWKSet.from_json(json.dumps(keys)))
    except (JWException, ValueError, TypeError, KeyError) as error:
        raise BadToken(f"{type(error).__name__}: {error}") from error
    return dict(json.loads(checked.claims))
