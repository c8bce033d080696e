"""Logout tokens, checked by a library other than the one that made them (Back-Channel Logout 1.0, section 2.6)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

from .tokens import signing_key

EVENT = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "HS256"]


def write_keys(folder: Path, *algs: str) -> list[str]:
    """Private keys in files, as `signing_keys` names them."""
    names = []
    for alg in algs:
        name = f"{alg}.jwk"
        (folder / name).write_text(json.dumps({**signing_key(alg, "logout").as_dict(private=True), "alg": alg}))
        (folder / name).chmod(0o600)
        names.append(name)
    return names


def validate(
    token: str, jwks: Mapping[str, Any], *, issuer: str, audience: str, alg: str, shift: float = 0
) -> dict[str, Any]:
    """The claims of a logout token that keeps every rule of section 2.4; fails for any other.

    `shift` is by how many seconds the clock of the test may have been set forward.
    """
    decoded = jwt.decode(token, KeySet.import_key_set({"keys": jwks["keys"]}), algorithms=[alg])
    header, claims = decoded.header, decoded.claims
    assert header["typ"] == "logout+jwt"
    assert header["alg"] == alg
    assert header["kid"]
    assert (claims["iss"], claims["aud"]) == (issuer, audience)
    assert claims["events"] == {EVENT: {}}
    assert claims.get("sub") or claims.get("sid")
    assert "nonce" not in claims
    assert len(claims["jti"]) >= 16
    assert claims["iat"] - 2 - shift <= time.time() <= claims["exp"] <= claims["iat"] + 120
    return dict(claims)
