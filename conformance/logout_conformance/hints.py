"""ID tokens as a provider signs them, and every kind of invalid one.

They are made with joserfc, another library than the one that verifies them in the gateway.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from joserfc import jwe, jwk, jws
from joserfc.errors import JoseError

HOUR = 3600
_ALGORITHMS = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
Key = jwk.RSAKey | jwk.ECKey | jwk.OKPKey | jwk.OctKey


class BadKey(ValueError):
    """The key cannot be used. The message says why and never contains the key."""


class _Lax(jws.JWSRegistry):
    """Signs headers that no provider would send."""

    def check_header(self, header: dict[str, Any]) -> None:
        return

    def validate_header(self, header: dict[str, Any], *_: Any) -> None:
        return


class Signer:
    """Signs with the key of a provider. `algorithm` is the `alg` of its JWK, or else the usual one of its type."""

    def __init__(self, key: Key, algorithm: str) -> None:
        self.key, self.algorithm = key, algorithm
        self._registry = _Lax(algorithms=[algorithm])

    @classmethod
    def from_jwk(cls, text: str) -> Signer:
        """Read a private JWK. Raises BadKey."""
        try:
            content = json.loads(text)
            key: Key = jwk.import_key(content)
            algorithm = content.get("alg") or _ALGORITHMS[content.get("crv") or content["kty"]]
        except (ValueError, KeyError, TypeError, JoseError) as error:
            raise BadKey(f"not a JWK ({type(error).__name__})") from None
        if not key.is_private:
            raise BadKey("a public key, which cannot sign")
        return cls(key, str(algorithm))

    @classmethod
    @cache
    def foreign(cls) -> Signer:
        """A key that no provider has."""
        return cls(jwk.RSAKey.generate_key(2048, {"kid": "contract-foreign"}), "RS256")

    def sign(self, claims: Any, header: dict[str, Any] | None = None) -> str:
        """A compact JWS (RFC 7515). A header parameter that is None is left out."""
        members = {"alg": self.algorithm, "typ": "JWT", "kid": self.key.kid, **(header or {})}
        protected = {name: value for name, value in members.items() if value is not None}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about EdDSA, which has a newer name that few providers use
            return jws.serialize_compact(protected, _as_bytes(claims), self.key, registry=self._registry)

    @property
    def public_pem(self) -> bytes:
        """The public key as PEM, empty for a symmetric key."""
        return b"" if isinstance(self.key, jwk.OctKey) else self.key.as_pem(private=False)


def encrypt(hint: str, public_jwk: str) -> str:
    """A nested JWT for the holder of a key (RFC 7516). Raises BadKey."""
    try:
        content = json.loads(public_jwk)
        key: Any = jwk.import_key(content)
        default = "RSA-OAEP-256" if content["kty"] == "RSA" else "ECDH-ES"
        header = {"alg": content.get("alg") or default, "enc": "A256GCM", "cty": "JWT", "kid": key.kid}
        protected = {name: value for name, value in header.items() if value}
        return jwe.encrypt_compact(protected, hint.encode(), key, algorithms=[header["alg"], "A256GCM"])
    except (ValueError, KeyError, TypeError, JoseError) as error:
        raise BadKey(f"not a key to encrypt with ({type(error).__name__})") from None


def id_token_claims(issuer: str, client_id: str, sub: str, sid: str, /, **changes: Any) -> dict[str, Any]:
    """The claims of an ordinary ID token (OpenID Connect Core 1.0, section 2). A change to None leaves a claim out."""
    now = int(time.time())
    ordinary = {"iss": issuer, "sub": sub, "aud": client_id, "sid": sid, "iat": now - 60, "exp": now + HOUR}
    return {name: value for name, value in {**ordinary, **changes}.items() if value is not None}


# Invalid hints

MakeHint = Callable[[Signer, dict[str, Any]], str]


def _part(content: Any) -> str:
    return base64.urlsafe_b64encode(_as_bytes(content)).rstrip(b"=").decode()


def _as_bytes(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def _repeated_claim(signer: Signer, claims: dict[str, Any]) -> str:
    """Two parsers could read different values of a repeated member."""
    return signer.sign(json.dumps(claims).encode()[:-1] + b', "sid": "contract-other"}')


def _unsigned(alg: str) -> MakeHint:
    return lambda signer, claims: f"{_part({'alg': alg, 'typ': 'JWT'})}.{_part(claims)}."


def _no_algorithm_good_signature(signer: Signer, claims: dict[str, Any]) -> str:
    _, payload, signature = signer.sign(claims).split(".")
    return f"{_part({'alg': 'none', 'kid': signer.key.kid})}.{payload}.{signature}"


def _changed_payload(signer: Signer, claims: dict[str, Any]) -> str:
    head, _, signature = signer.sign({**claims, "sid": "contract-other", "nonce": secrets.token_hex(4)}).split(".")
    return f"{head}.{_part(claims)}.{signature}"


def _short_signature(signer: Signer, claims: dict[str, Any]) -> str:
    return signer.sign(claims)[:-12]


def _by_a_foreign_key(signer: Signer, claims: dict[str, Any]) -> str:
    return Signer.foreign().sign(claims, {"kid": signer.key.kid})


def _by_an_unknown_key(signer: Signer, claims: dict[str, Any]) -> str:
    return Signer.foreign().sign(claims)


def _with_its_own_key(signer: Signer, claims: dict[str, Any]) -> str:
    foreign = Signer.foreign()
    return foreign.sign(claims, {"jwk": foreign.key.as_dict(private=False), "kid": None})


def _hmac_with_the_public_key(signer: Signer, claims: dict[str, Any]) -> str:
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': signer.key.kid})}.{_part(claims)}"
    return f"{signed}.{_part(hmac.digest(signer.public_pem, signed.encode(), 'sha256'))}"


def _header(**members: Any) -> MakeHint:
    return lambda signer, claims: signer.sign(claims, members)


def _claim(**changes: Any) -> MakeHint:
    def make(signer: Signer, claims: dict[str, Any]) -> str:
        return signer.sign({name: value for name, value in {**claims, **changes}.items() if value is not None})

    return make


def _events(signer: Signer, claims: dict[str, Any]) -> str:
    event: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
    return signer.sign({**claims, "events": event}, {"typ": "logout+jwt"})


WITHOUT_KEY: dict[str, MakeHint] = {
    "alg none": _unsigned("none"),
    "alg NONE": _unsigned("NONE"),
    "signed by a foreign key": _by_an_unknown_key,
    "not a JWT": lambda signer, claims: "a-word.that-is.no-JWT",
}
"""Those that can be made without the provider's key. By what is wrong with them."""

INVALID_HINTS: dict[str, MakeHint] = {
    **WITHOUT_KEY,
    "alg none on a good signature": _no_algorithm_good_signature,
    "a changed payload": _changed_payload,
    "a truncated signature": _short_signature,
    "signed by a foreign key under the kid of the right one": _by_a_foreign_key,
    "signed by the key in its own header": _with_its_own_key,
    "HS256 with the public key": _hmac_with_the_public_key,
    "an unknown critical header": _header(crit=["contract"], contract=True),
    "from another issuer": _claim(iss="https://contract-foreign.example"),
    "from an issuer that differs by a slash": lambda signer, claims: signer.sign(
        {**claims, "iss": claims["iss"] + "/"}
    ),
    "for an unknown client": _claim(aud="contract-nobody"),
    "without aud": _claim(aud=None),
    "for several clients, without azp": lambda signer, claims: signer.sign({**claims, "aud": [claims["aud"], "x"]}),
    "with an azp that is not in its aud": _claim(azp="contract-nobody"),
    "with a repeated claim": _repeated_claim,
    "with dates that are not numbers": _claim(iat="yesterday", exp="tomorrow"),
    "issued in the future": lambda signer, claims: signer.sign({**claims, "iat": claims["iat"] + 24 * HOUR}),
    "valid in the future only": lambda signer, claims: signer.sign({**claims, "nbf": claims["iat"] + 24 * HOUR}),
    "compressed": _header(zip="DEF"),
    "without iss": _claim(iss=None),
    "without sub": _claim(sub=None),
    "an access token": _header(typ="at+jwt"),
    "a logout token": _events,
    "a payload that is not an object": lambda signer, claims: signer.sign([claims]),
}
