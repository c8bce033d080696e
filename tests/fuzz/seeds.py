"""Where the fuzzer starts: hints of every kind, and the attacks that are known."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

from tests.kit.encrypted import encrypt, private_key, secret_for
from tests.kit.tokens import id_claims, sign

SECRET = "a-client-secret-that-is-long-enough-for-hs512-too-so-64-octets-or-more"


def part(value: Any) -> str:
    """A segment."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def seeds() -> dict[str, str]:
    """Named hints: good ones, and the bombs."""
    good = sign(id_claims(aud="web"))
    header, claims, signature = good.split(".")
    nested = encrypt(good, "RSA-OAEP-256", "A256GCM", private_key("RSA"))
    deep = part(b"[" * 200 + b"]" * 200)
    twice = part(b'{"iss":"a","iss":"b"}')
    huge = part(b'{"exp":1e999,"iat":' + b"9" * 400 + b"}")
    bomb = {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2**31 - 1, "p2s": "AAAAAAAA"}
    return {
        "good": good,
        "expired": sign(id_claims(aud="web", exp=int(time.time()) - 10**7, iat=int(time.time()) - 2 * 10**7)),
        "hmac": sign(id_claims(aud="hmac"), "HS256"),
        "nested": nested,
        "dir": encrypt(good, "dir", "A128CBC-HS256", secret_for(SECRET, "dir", "A128CBC-HS256"), kid=None),
        "zip-bomb": encrypt(b"\0" * 10_000_000, "dir", "A128GCM", secret_for(SECRET, "dir", "A128GCM"), zip="DEF"),
        "p2c-bomb": ".".join([part(bomb), "AAAA", "AAAA", "AAAA", "AAAA"]),
        "none": f"{part({'alg': 'none'})}.{claims}.",
        "jwk": f"{part({'alg': 'RS256', 'jwk': {'kty': 'oct', 'k': 'AAAA'}})}.{claims}.{signature}",
        "deep": f"{header}.{deep}.{signature}",
        "duplicate": f"{header}.{twice}.{signature}",
        "huge-number": f"{header}.{huge}.{signature}",
        "dots": "." * 1000,
        "json": json.dumps({"payload": claims, "signatures": []}),
        "empty": "",
    }
