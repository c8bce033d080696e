"""An issuer's own keys: with which logout tokens are signed, and which its JWK Set publishes."""

from __future__ import annotations

import json
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jwcrypto.jwk import JWK

from .encryption import ALGORITHMS
from .keys import Key, KeySet, UnusableKey, engine

NEW_KEYS: Mapping[str, Mapping[str, Any]] = {
    "RS256": {"kty": "RSA", "size": 2048},
    "PS256": {"kty": "RSA", "size": 2048},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "ES384": {"kty": "EC", "crv": "P-384"},
    "ES512": {"kty": "EC", "crv": "P-521"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
    "RSA-OAEP-256": {"kty": "RSA", "size": 2048},
    "ECDH-ES": {"kty": "EC", "crv": "P-256"},
}


class SigningKeys:
    """Several keys, of which the first that fits an algorithm is the active one; the others are published only."""

    def __init__(self, keys: Sequence[Key]) -> None:
        """Raises UnusableKey for a key that cannot sign."""
        for key in keys:
            if not key.jwk.has_private:
                raise UnusableKey("our key needs its private part")
            if not key.kid:
                raise UnusableKey("our key needs a kid, by which apps find it")
        self.keys = tuple(keys)

    def active(self, alg: str) -> Key | None:
        """The key that signs with `alg`."""
        return next((key for key in self.keys if key.fits(alg, "sign")), None)

    def signs(self, alg: str) -> bool:
        """Whether there is a key that signs with `alg`."""
        return self.active(alg) is not None

    def public(self) -> list[dict[str, Any]]:
        """The public parts, for the issuer's JWK Set."""
        return [{"use": "sig", **key.jwk.export_public(as_dict=True)} for key in self.keys]


class DecryptionKeys(SigningKeys):
    """Keys to which apps encrypt hints. They are told apart from signing keys by their `use`."""

    def public(self) -> list[dict[str, Any]]:
        """The public parts, for the issuer's JWK Set."""
        return [{**key.jwk.export_public(as_dict=True), "use": "enc"} for key in self.keys]


def unpublished(own: SigningKeys, published: KeySet) -> list[str]:
    """The `kid` of each of our keys under which a key set has none, or another key."""
    known = {(key.kid, key.jwk.thumbprint()) for key in published.keys}
    return [str(key.kid) for key in own.keys if (key.kid, key.jwk.thumbprint()) not in known]


def read_keys(path: Path) -> list[Key]:
    """The keys of a file that holds a JWK or a JWK Set. Raises UnusableKey or OSError."""
    try:
        document = json.loads(path.read_bytes())
    except ValueError:
        raise UnusableKey(f"{path} is not valid JSON") from None
    if not isinstance(document, dict):
        raise UnusableKey(f"{path} holds neither a JWK nor a JWK Set")
    try:
        return [Key.load(member) for member in document.get("keys", [document])]
    except (UnusableKey, TypeError) as error:
        raise UnusableKey(f"{path}: {error}") from None


def new_key(alg: str) -> dict[str, Any]:
    """A fresh private key for `alg`, as a JWK."""
    # A key for encryption serves all algorithms of its type; which one, the app that encrypts chooses.
    purpose = {"use": "enc"} if alg in ALGORITHMS else {"use": "sig", "alg": alg}
    jwk = JWK.generate(kid=uuid.uuid4().hex[:12], **purpose, **NEW_KEYS[alg])
    return dict(jwk.export(as_dict=True))


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key: Key, alg: str) -> str:
    """A compact JWS of `claims` (RFC 7515, section 7.1)."""
    members = {"alg": alg, **header, **({"kid": key.kid} if key.kid else {})}
    signing_input = _segment(members) + b"." + _segment(claims)
    signature = engine(alg).sign(key.jwk, signing_input)
    return (signing_input + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


def _segment(members: Mapping[str, Any]) -> bytes:
    return urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).rstrip(b"=")
