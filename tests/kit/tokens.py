"""Keys and ID tokens, made with joserfc: a library other than the one under test."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

SECRET = "a-client-secret-of-forty-characters-or-so"

_MAKERS: dict[str, Callable[[str], Key]] = {
    "RS": lambda kid: RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}),
    "PS": lambda kid: RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}),
    "ES256": lambda kid: ECKey.generate_key("P-256", {"kid": kid, "use": "sig"}),
    "ES384": lambda kid: ECKey.generate_key("P-384", {"kid": kid, "use": "sig"}),
    "ES512": lambda kid: ECKey.generate_key("P-521", {"kid": kid, "use": "sig"}),
    "EdDSA": lambda kid: OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"}),
    "HS": lambda kid: OctKey.import_key(SECRET),
}


@cache
def signing_key(alg: str = "RS256", kid: str = "k1") -> Key:
    """A private key for `alg`; the same one for the same arguments within a run."""
    maker = _MAKERS.get(alg) or _MAKERS[alg[:2]]
    return maker(f"{alg}-{kid}")


@cache
def _public(alg: str, kid: str) -> dict[str, Any]:
    return signing_key(alg, kid).as_dict(private=False)


def jwks(*algs: str, kid: str = "k1") -> dict[str, Any]:
    """The public keys for these algorithms as a JWK Set."""
    return {"keys": [_public(alg, kid) for alg in algs or ("RS256",)]}


def sign(
    claims: dict[str, Any] | bytes,
    alg: str = "RS256",
    *,
    key: Key | None = None,
    header: dict[str, Any] | None = None,
    kid: str = "k1",
) -> str:
    """A compact JWS. A member of `header` that is None is left out."""
    import json

    key = key or signing_key(alg, kid)
    members = {"alg": alg, **({"kid": key.kid} if key.kid else {}), **(header or {})}
    protected = {name: value for name, value in members.items() if value is not None}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jws.serialize_compact(protected, payload, key, algorithms=[alg], registry=_LAX)


class _Lax(jws.JWSRegistry):
    """Signs headers that no honest issuer would send."""

    def check_header(self, header: dict[str, Any]) -> None:
        return

    def validate_header(self, header: dict[str, Any], *_: Any) -> None:
        return


_LAX = _Lax(algorithms=[*(f"{f}{b}" for f in ("RS", "PS", "ES", "HS") for b in (256, 384, 512)), "EdDSA"])


def id_claims(**changes: Any) -> dict[str, Any]:
    """The claims of an ordinary ID token; a change to None leaves the claim out."""
    now = int(time.time())
    claims = {
        "iss": "https://login.example/acme",
        "sub": "alice",
        "aud": "web",
        "sid": "s-alice",
        "iat": now - 60,
        "exp": now + 3600,
        "auth_time": now - 60,
        "nonce": "n-0S6_WzA2Mj",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def id_token(alg: str = "RS256", *, header: dict[str, Any] | None = None, kid: str = "k1", **changes: Any) -> str:
    """An ID token of the deployment's issuer acme for its client web, for alice's session s-alice."""
    return sign(id_claims(**changes), alg, header=header, kid=kid)
