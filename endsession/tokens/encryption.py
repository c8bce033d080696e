"""Encryption of tokens: hints that come encrypted, and logout tokens that go out encrypted (RFC 7516).

What is allowed stands here and never depends on a library's defaults: no compression (T8), no passwords (T7), and what
comes out is bounded before it is looked at.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import NewType

from jwcrypto.jwe import JWE

from .compact import MAX_TOKEN_BYTES, decode, parse_object
from .keys import Key

_KEY_BITS = {"A128KW": 128, "A192KW": 192, "A256KW": 256}
_CONTENT_BITS = {
    "A128CBC-HS256": 256,
    "A192CBC-HS384": 384,
    "A256CBC-HS512": 512,
    "A128GCM": 128,
    "A192GCM": 192,
    "A256GCM": 256,
}
SYMMETRIC = ("dir", *_KEY_BITS)
"""Algorithms whose key is derived from the client's secret (OpenID Connect Core 1.0, section 10.2)."""
_FITS: Mapping[str, tuple[str, ...]] = {
    "RSA-OAEP": ("RSA",),
    "RSA-OAEP-256": ("RSA",),
    "ECDH-ES": ("EC", "OKP"),
    "ECDH-ES+A128KW": ("EC", "OKP"),
    "ECDH-ES+A192KW": ("EC", "OKP"),
    "ECDH-ES+A256KW": ("EC", "OKP"),
}
ALGORITHMS = (*_FITS, *SYMMETRIC)
CONTENT_ENCRYPTIONS = tuple(_CONTENT_BITS)


DecryptedToken = NewType("DecryptedToken", str)
"""What was inside of a JWE. Encryption proves nothing of who made it: it is as little to be believed as before."""


class Undecipherable(ValueError):
    """The token cannot be decrypted here. The message names the reason and holds nothing of the token."""


class RawJwe:
    """A well-formed JWE whose header asks for nothing that is not allowed. Nothing in it has been verified."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        """`parts` are its five segments. Raises Malformed or Undecipherable, before any cryptography."""
        header = parse_object(decode(parts[0]))
        for segment in parts[1:]:
            decode(segment)
        alg, enc, kid = header.get("alg"), header.get("enc"), header.get("kid")
        if alg not in ALGORITHMS or enc not in CONTENT_ENCRYPTIONS:
            raise Undecipherable("its alg or enc is not one that is accepted")
        for member in ("zip", "crit", "p2c", "p2s"):
            if member in header:
                raise Undecipherable(f"its header has {member}, which is not accepted")
        if kid is not None and not isinstance(kid, str):
            raise Undecipherable("its kid is not a string")
        if str(header.get("cty", "JWT")).upper() != "JWT":
            raise Undecipherable("its cty is not JWT: it holds no signed token")
        self.alg: str = alg
        self.enc: str = enc
        self.kid: str | None = kid
        self._text = b".".join(parts).decode()

    @property
    def symmetric(self) -> bool:
        """Whether the key is derived from the client's secret."""
        return self.alg in SYMMETRIC

    def decrypt(self, keys: Sequence[Key]) -> DecryptedToken:
        """The signed token inside. Raises Undecipherable."""
        for key in keys:
            jwe = JWE(algs=[self.alg, self.enc])
            try:
                jwe.deserialize(self._text)
                jwe.decrypt(key.jwk, max_plaintext=MAX_TOKEN_BYTES)
                return DecryptedToken(bytes(jwe.payload).decode("ascii"))
            except Exception:  # noqa: S112  # a wrong key and a broken token are one answer, whatever is raised
                continue
        raise Undecipherable("no key of this issuer or client decrypts it")


def fitting(keys: Sequence[Key], alg: str, kid: str | None) -> list[Key]:
    """The keys to encrypt or decrypt with `alg`."""
    return [
        key
        for key in keys
        if key.kty in _FITS.get(alg, ())
        and key.use in (None, "enc")
        and key.alg in (None, alg)
        and (kid is None or key.kid in (None, kid))
        and not (key.kty == "OKP" and key.curve not in ("X25519", "X448"))
    ][:4]


def derived_key(secret: str, alg: str, enc: str) -> Key:
    """The key that a client's secret stands for: a left-truncated SHA-2 hash of it (Core 1.0, section 10.2)."""
    bits = _CONTENT_BITS[enc] if alg == "dir" else _KEY_BITS[alg]
    digest = hashlib.new("sha256" if bits <= 256 else "sha384" if bits <= 384 else "sha512", secret.encode())
    octets = urlsafe_b64encode(digest.digest()[: bits // 8]).rstrip(b"=").decode()
    return Key.load({"kty": "oct", "k": octets})


def encrypt(token: str, key: Key, alg: str, enc: str, header: Mapping[str, str]) -> str:
    """A JWE with a signed token inside (RFC 7519, section 5.2)."""
    members = {"alg": alg, "enc": enc, "cty": "JWT", **header} | ({"kid": key.kid} if key.kid else {})
    jwe = JWE(token.encode(), protected=json.dumps(members), algs=[alg, enc])
    jwe.add_recipient(key.jwk)
    return str(jwe.serialize(compact=True))
