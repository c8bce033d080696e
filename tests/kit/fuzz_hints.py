"""Every kind of `id_token_hint` that a fuzzing run sends: real, expired, foreign, encrypted and hostile ones."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import cache
from typing import Any

from joserfc.jwk import RSAKey

from .encrypted import encrypt, private_key, secret_for
from .tokens import SECRET, id_claims, sign, signing_key

DAY = 86400


def _hint(alg: str = "RS256", *, header: dict[str, Any] | None = None, **changes: Any) -> Callable[[str], str]:
    def make(sid: str) -> str:
        return sign(id_claims(**{"sid": sid, **changes}), alg, header=header)

    return make


@cache
def _stranger() -> Any:
    return signing_key(kid="a-stranger")


@cache
def _strange_encryption_key() -> Any:
    return RSAKey.generate_key(2048, {"kid": "enc-RSA", "use": "enc"})


def _forged(sid: str) -> str:
    """Signed with another key, under the name of the right one."""
    return sign(id_claims(sid=sid), key=_stranger(), header={"kid": signing_key().kid})


def _expired(sid: str) -> str:
    now = id_claims()["iat"]
    return sign(id_claims(sid=sid, iat=now - DAY, exp=now - DAY + 300))


def _encrypted(make: Callable[[str], str], key: Callable[[], Any]) -> Callable[[str], str]:
    return lambda sid: encrypt(make(sid), "RSA-OAEP-256", "A256GCM", key())


def _rsa() -> Any:
    return private_key("RSA")


# Hostile ones, each around the claims of a good one


def _part(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def _around(number: int, make: Callable[[str], str]) -> Callable[[str], str]:
    """A good hint with its segment `number` replaced."""

    def replaced(sid: str) -> str:
        segments = HINTS["live"](sid).split(".")
        segments[number] = make(sid)
        return ".".join(segments)

    return replaced


def _password_bomb(sid: str) -> str:
    header = {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2**31 - 1, "p2s": "AAAAAAAA"}
    return ".".join([_part(header), *["AAAA"] * 4])


def _zip_bomb(sid: str) -> str:
    return encrypt(b"\0" * 1_000_000, "dir", "A128GCM", secret_for(SECRET, "dir", "A128GCM"), zip="DEF")


HINTS: dict[str, Callable[[str], str]] = {
    "live": _hint(),
    "expired": _expired,
    "encrypted": _encrypted(_hint(), _rsa),
    "encrypted and expired": _encrypted(_expired, _rsa),
    "of another user": _hint(sub="mallory"),
    "of the other session": _hint(sub="alice"),
    "of another client": _hint("ES256", aud="other"),
    "of a disabled client": _hint(aud="gone"),
    "of another issuer": _hint(iss="https://login.example/globex"),
    "of a session that ended": _hint(sid="s-ended"),
    "without sid": _hint(sid=None),
    "very old": _hint(sid="s-ended", iat=1_500_000_000, exp=1_500_000_300, auth_time=1_500_000_000),
    "forged": _forged,
    "encrypted and forged": _encrypted(_forged, _rsa),
    "encrypted for somebody else": _encrypted(_hint(), _strange_encryption_key),
    "without signature": _around(0, lambda sid: _part({"alg": "none"})),
    "with a key of its own": _around(0, lambda sid: _part({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}})),
    "nested deep": _around(1, lambda sid: _part(b"[" * 200 + b"]" * 200)),
    "with a member twice": _around(1, lambda sid: _part(b'{"iss":"a","iss":"b"}')),
    "a password bomb": _password_bomb,
    "a zip bomb": _zip_bomb,
    "not a JWT": lambda sid: f"{sid}.is.not-a-JWT",
    "one word": lambda sid: "hint",
}
