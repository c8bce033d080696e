"""Key sets: which key may verify a signature of which algorithm.

A key verifies only what it is for: the algorithm is decided by the client's registration, never by the token, and a key
whose type, curve, `use`, `alg` or `key_ops` does not fit is not tried (RFC 8725, sections 3.1 and 3.2).
"""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from jwcrypto.jwa import JWA
from jwcrypto.jwk import JWK

log = logging.getLogger(__name__)

_FITS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **{f"{family}{bits}": ("RSA", ()) for family in ("RS", "PS") for bits in (256, 384, 512)},
    **{f"HS{bits}": ("oct", ()) for bits in (256, 384, 512)},
    "ES256": ("EC", ("P-256",)),
    "ES384": ("EC", ("P-384",)),
    "ES512": ("EC", ("P-521",)),
    "EdDSA": ("OKP", ("Ed25519", "Ed448")),
}
"""Algorithm to key type and curves (RFC 7518, section 3.1; RFC 8037, section 3.1)."""

_EC_SIGNATURE_BYTES = {"ES256": 64, "ES384": 96, "ES512": 132}
_MIN_RSA_BITS = 2048
MAX_TRIES = 8
"""Keys tried for a token without `kid`: verification must not be a way to make us work."""


class UnusableKey(ValueError):
    """A JWK that no signature can be verified or made with; the message says why and holds no key material."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key, ready for use."""

    jwk: JWK
    kid: str | None
    kty: str
    curve: str | None
    use: str | None
    alg: str | None
    key_ops: tuple[str, ...]

    @classmethod
    def load(cls, source: Mapping[str, Any]) -> Key:
        """Read a JWK. Raises UnusableKey."""
        try:
            jwk = JWK(**source)
            kty = str(jwk["kty"])
            operation = "encrypt" if source.get("use") == "enc" else "verify"
            if kty == "RSA" and jwk.get_op_key(operation).key_size < _MIN_RSA_BITS:
                raise UnusableKey(f"RSA keys need {_MIN_RSA_BITS} bits or more (RFC 7518, section 3.3)")
        except UnusableKey:
            raise
        except Exception as error:  # jwcrypto and cryptography raise many unrelated types here
            raise UnusableKey(f"not a usable JWK ({type(error).__name__})") from None
        if not isinstance(source.get("kid", ""), str | None):
            raise UnusableKey("its kid is not a string")
        ops = source.get("key_ops") or ()
        return cls(
            jwk, source.get("kid"), kty, source.get("crv"), source.get("use"), source.get("alg"), tuple(ops)
        )  # fmt: skip

    def fits(self, alg: str, operation: str) -> bool:
        """Whether this key may do `operation` (verify or sign) for `alg`."""
        kty, curves = _FITS[alg]
        return (
            self.kty == kty
            and (not curves or self.curve in curves)
            and self.use in (None, "sig")
            and self.alg in (None, alg, *((self.curve,) if alg == "EdDSA" else ()))
            and (not self.key_ops or operation in self.key_ops)
        )


class KeySet:
    """The verification keys of one issuer. Immutable: a refresh makes a new one."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        self._by_kid: dict[str, list[Key]] = {}
        for key in self.keys:
            if key.kid is not None:
                self._by_kid.setdefault(key.kid, []).append(key)

    @classmethod
    def load(cls, document: Mapping[str, Any]) -> KeySet:
        """Read a JWK Set (RFC 7517, section 5), passing over keys that cannot be used, as that section asks.

        Raises UnusableKey when the document is not a JWK Set.
        """
        members = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(members, list):
            raise UnusableKey("the document has no member keys")
        usable = []
        for number, member in enumerate(members):
            try:
                usable.append(Key.load(member))
            except (UnusableKey, TypeError) as error:
                log.warning("ignoring unusable key %d of a JWK Set: %s", number, error)
        return cls(usable)

    def candidates(self, alg: str, kid: str | None) -> list[Key]:
        """The keys that may have made a signature: those with that `kid`, or without a `kid` any that fit."""
        pool: Iterable[Key] = self.keys if kid is None else self._by_kid.get(kid, ())
        return [key for key in pool if key.kty != "oct" and key.fits(alg, "verify")][:MAX_TRIES]

    def public(self) -> list[dict[str, Any]]:
        """The public parts of its asymmetric keys, as JWKs."""
        return [dict(key.jwk.export_public(as_dict=True)) for key in self.keys if key.kty != "oct"]


class KeySource(Protocol):
    """Where an issuer's keys come from."""

    async def candidates(self, alg: str, kid: str | None, issued_at: float) -> list[Key]:
        """The keys to try for a token that says it was issued then (seconds since 1970).

        Raises ServiceUnavailable when no keys could be had at all.
        """
        ...

    def public(self) -> list[dict[str, Any]]:
        """The public parts of the keys that are known now."""
        ...


_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
"""Members of JWKs that are private (RFC 7518, section 6; `priv`: draft-ietf-cose-dilithium)."""


def public_part(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """A JWK of any type without its private members: a provider's mistake is not repeated."""
    return {name: value for name, value in jwk.items() if name not in _PRIVATE}


def secret_key(secret: str) -> Key:
    """The client's secret as the key of HS256, HS384 and HS512 (OpenID Connect Core 1.0, section 10.1)."""
    octets = urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    return Key.load({"kty": "oct", "k": octets})


@cache
def engine(alg: str) -> Any:
    """jwcrypto's implementation of a signature algorithm."""
    return JWA.signing_alg(alg)


def verifies(key: Key, alg: str, signing_input: bytes, signature: bytes) -> bool:
    """Whether `signature` is one of `key` over `signing_input`. `alg` has been chosen by us, not by the token."""
    if len(signature) != _EC_SIGNATURE_BYTES.get(alg, len(signature)):
        return False
    try:
        engine(alg).verify(key.jwk, signing_input, signature)
    except Exception:  # a wrong signature and an unfit one are the same answer, whatever jwcrypto raises
        return False
    return True
