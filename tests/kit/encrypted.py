"""Encrypted tokens, made with joserfc: a library other than the one under test."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, Key, KeyParameters, OctKey, OKPKey, RSAKey

CONTENT = {
    "A128CBC-HS256": 256,
    "A192CBC-HS384": 384,
    "A256CBC-HS512": 512,
    "A128GCM": 128,
    "A192GCM": 192,
    "A256GCM": 256,
}
ASYMMETRIC = (
    "RSA-OAEP",
    "RSA-OAEP-256",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
)
WRAPPED = {"A128KW": 128, "A192KW": 192, "A256KW": 256}
SYMMETRIC = ("dir", *WRAPPED)


@cache
def private_key(kind: str) -> Key:
    """A key to decrypt with: `RSA`, `P-256`, `P-384`, `P-521` or `X25519`."""
    parameters: KeyParameters = {"kid": f"enc-{kind}", "use": "enc"}
    if kind == "RSA":
        return RSAKey.generate_key(2048, parameters)
    if kind == "X25519":
        return OKPKey.generate_key("X25519", parameters)
    return ECKey.generate_key(kind, parameters)


def key_kinds(alg: str) -> tuple[str, ...]:
    """The kinds of key that `alg` can use."""
    return ("RSA",) if alg.startswith("RSA") else ("P-256", "P-384", "P-521", "X25519")


def secret_for(secret: str, alg: str, enc: str) -> Key:
    """The key that a client's secret stands for (OpenID Connect Core 1.0, section 10.2)."""
    bits = CONTENT[enc] if alg == "dir" else WRAPPED[alg]
    name = "sha256" if bits <= 256 else "sha384" if bits <= 384 else "sha512"
    return OctKey.import_key(hashlib.new(name, secret.encode()).digest()[: bits // 8])


def encrypt(token: str | bytes, alg: str, enc: str, key: Key, **header: Any) -> str:
    """A compact JWE around `token`. A header member that is None is left out."""
    members = {"alg": alg, "enc": enc, "cty": "JWT", "kid": key.kid, **header}
    registry = jwe.JWERegistry(algorithms=[alg, enc, "DEF"], strict_check_header=False)
    protected = {name: value for name, value in members.items() if value is not None}
    content = token.encode() if isinstance(token, str) else token
    return jwe.encrypt_compact(protected, content, key, registry=registry)
