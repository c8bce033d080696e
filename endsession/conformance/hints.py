"""ID tokens as a provider signs them, good ones and every bad kind.

They are made with another library than the one that reads them in the gateway.
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
    """The key cannot sign; the message says why and never holds the key."""


class _Lax(jws.JWSRegistry):
    """Signs headers that no honest issuer would send."""

    def check_header(self, header: dict[str, Any]) -> None:
        return

    def validate_header(self, header: dict[str, Any], *_: Any) -> None:
        return


class Signer:
    """Signs with the key of a provider. `algorithm` is the JWK's `alg`, else the ordinary one of its kind."""

    def __init__(self, key: Key, algorithm: str) -> None:
        self.key, self.algorithm = key, algorithm
        self._registry = _Lax(algorithms=[algorithm])

    @classmethod
    def of_jwk(cls, text: str) -> Signer:
        """Read a private JWK. Raises BadKey."""
        try:
            content = json.loads(text)
            key: Key = jwk.import_key(content)
            algorithm = content.get("alg") or _ALGORITHMS[content.get("crv") or content["kty"]]
        except (ValueError, KeyError, TypeError, JoseError) as error:
            raise BadKey(f"it is no JWK ({type(error).__name__})") from None
        if not key.is_private:
            raise BadKey("it is a public key, and cannot sign")
        return cls(key, str(algorithm))

    @classmethod
    @cache
    def stranger(cls) -> Signer:
        """A key that no provider has."""
        return cls(jwk.RSAKey.generate_key(2048, {"kid": "contract-stranger"}), "RS256")

    def sign(self, claims: Any, header: dict[str, Any] | None = None) -> str:
        """A compact JWS; a header of None is left out."""
        members = {"alg": self.algorithm, "typ": "JWT", "kid": self.key.kid, **(header or {})}
        protected = {name: value for name, value in members.items() if value is not None}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of EdDSA, which has a newer name that few providers use
            return jws.serialize_compact(protected, _as_bytes(claims), self.key, registry=self._registry)

    @property
    def public_pem(self) -> bytes:
        """The public key as a file holds it; nothing for a symmetric one."""
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
        raise BadKey(f"it cannot encrypt ({type(error).__name__})") from None


def claims(issuer: str, client_id: str, sub: str, sid: str, /, **changes: Any) -> dict[str, Any]:
    """The claims of an ordinary ID token; a change to None leaves one out."""
    now = int(time.time())
    ordinary = {"iss": issuer, "sub": sub, "aud": client_id, "sid": sid, "iat": now - 60, "exp": now + HOUR}
    return {name: value for name, value in {**ordinary, **changes}.items() if value is not None}


# Hints that must not be believed

Spoil = Callable[[Signer, dict[str, Any]], str]


def _part(content: Any) -> str:
    return base64.urlsafe_b64encode(_as_bytes(content)).rstrip(b"=").decode()


def _as_bytes(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def _twice(signer: Signer, claims: dict[str, Any]) -> str:
    """Two readers could take different ones of a repeated member."""
    return signer.sign(json.dumps(claims).encode()[:-1] + b', "sid": "contract-other"}')


def _unsigned(alg: str) -> Spoil:
    return lambda signer, claims: f"{_part({'alg': alg, 'typ': 'JWT'})}.{_part(claims)}."


def _no_algorithm_good_signature(signer: Signer, claims: dict[str, Any]) -> str:
    _, payload, signature = signer.sign(claims).split(".")
    return f"{_part({'alg': 'none', 'kid': signer.key.kid})}.{payload}.{signature}"


def _changed(signer: Signer, claims: dict[str, Any]) -> str:
    head, _, signature = signer.sign({**claims, "sid": "contract-other", "nonce": secrets.token_hex(4)}).split(".")
    return f"{head}.{_part(claims)}.{signature}"


def _cut(signer: Signer, claims: dict[str, Any]) -> str:
    return signer.sign(claims)[:-12]


def _by_a_stranger(signer: Signer, claims: dict[str, Any]) -> str:
    return Signer.stranger().sign(claims, {"kid": signer.key.kid})


def _by_an_unknown_key(signer: Signer, claims: dict[str, Any]) -> str:
    return Signer.stranger().sign(claims)


def _with_its_own_key(signer: Signer, claims: dict[str, Any]) -> str:
    stranger = Signer.stranger()
    return stranger.sign(claims, {"jwk": stranger.key.as_dict(private=False), "kid": None})


def _hmac_with_the_public_key(signer: Signer, claims: dict[str, Any]) -> str:
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': signer.key.kid})}.{_part(claims)}"
    return f"{signed}.{_part(hmac.digest(signer.public_pem, signed.encode(), 'sha256'))}"


def _header(**members: Any) -> Spoil:
    return lambda signer, claims: signer.sign(claims, members)


def _claim(**changes: Any) -> Spoil:
    def spoil(signer: Signer, claims: dict[str, Any]) -> str:
        return signer.sign({name: value for name, value in {**claims, **changes}.items() if value is not None})

    return spoil


def _events(signer: Signer, claims: dict[str, Any]) -> str:
    event: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
    return signer.sign({**claims, "events": event}, {"typ": "logout+jwt"})


UNSIGNED: dict[str, Spoil] = {
    "alg none": _unsigned("none"),
    "alg NONE": _unsigned("NONE"),
    "signed by a stranger": _by_an_unknown_key,
    "no JWT": lambda signer, claims: "a-word.that-is.no-JWT",
}
"""Those that need no key of the provider's."""

SPOILT: dict[str, Spoil] = {
    **UNSIGNED,
    "alg none on a good signature": _no_algorithm_good_signature,
    "a changed payload": _changed,
    "a signature cut short": _cut,
    "signed by a stranger under the name of the right key": _by_a_stranger,
    "signed by the key in its own header": _with_its_own_key,
    "HS256 with the public key": _hmac_with_the_public_key,
    "an unknown critical header": _header(crit=["contract"], contract=True),
    "of another issuer": _claim(iss="https://contract-stranger.example"),
    "of an issuer that differs by a slash": lambda signer, claims: signer.sign({**claims, "iss": claims["iss"] + "/"}),
    "for a client that is not known": _claim(aud="contract-nobody"),
    "without aud": _claim(aud=None),
    "for several clients, with no azp": lambda signer, claims: signer.sign({**claims, "aud": [claims["aud"], "x"]}),
    "with an azp that is not among its aud": _claim(azp="contract-nobody"),
    "with a repeated claim": _twice,
    "with dates that are none": _claim(iat="yesterday", exp="tomorrow"),
    "issued in the future": lambda signer, claims: signer.sign({**claims, "iat": claims["iat"] + 24 * HOUR}),
    "valid in the future only": lambda signer, claims: signer.sign({**claims, "nbf": claims["iat"] + 24 * HOUR}),
    "compressed": _header(zip="DEF"),
    "without iss": _claim(iss=None),
    "without sub": _claim(sub=None),
    "an access token": _header(typ="at+jwt"),
    "a logout token": _events,
    "a payload that is no object": lambda signer, claims: signer.sign([claims]),
}
