"""Logout tokens that an app has to refuse (Back-Channel Logout 1.0, section 2.6), each with one fault."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from joserfc.jwk import RSAKey

from tests.kit.logout_tokens import EVENT
from tests.kit.tokens import id_claims, sign, signing_key

from .proofs import base64url

ISSUER = "https://login.example/acme"
LOGOUT = {"typ": "logout+jwt"}


def claims(**changes: Any) -> dict[str, Any]:
    """Those of a logout token for alice's session s-alice at the app web; a change to None leaves the claim out."""
    now = int(time.time())
    made = {"iss": ISSUER, "aud": "web", "iat": now, "exp": now + 120, "jti": secrets.token_hex(16)}
    made |= {"events": {EVENT: {}}, "sub": "alice", "sid": "s-alice", **changes}
    return {name: value for name, value in made.items() if value is not None}


def good(**changes: Any) -> str:
    """A token that is signed as the gateway signs."""
    return sign(claims(**changes), kid="logout", header=LOGOUT)


def _headed(**header: Any) -> str:
    return sign(claims(), kid="logout", header={**LOGOUT, **header})


def _encoded(members: dict[str, Any]) -> str:
    return base64url(json.dumps(members).encode())


def _by_public_key() -> str:
    """The public key, which everyone has, taken for the secret of an HMAC."""
    key = signing_key("RS256", "logout")
    assert isinstance(key, RSAKey)
    signed = f"{_encoded({**LOGOUT, 'alg': 'HS256', 'kid': key.kid})}.{_encoded(claims())}"
    return f"{signed}.{base64url(hmac.digest(key.as_pem(private=False), signed.encode(), 'sha256'))}"


def _unsigned() -> str:
    return f"{_encoded({**LOGOUT, 'alg': 'none'})}.{_encoded(claims())}."


def _changed() -> str:
    head, body, signature = good().split(".")
    return f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


FAULTS: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token": lambda: "not.a.token",
    "no JSON object": lambda: sign(json.dumps(["x"]).encode(), kid="logout", header=LOGOUT),
    "another issuer": lambda: good(iss="https://other.example"),
    "its issuer with a slash": lambda: good(iss=f"{ISSUER}/"),
    "no issuer": lambda: good(iss=None),
    "another audience": lambda: good(aud="shop"),
    "no audience": lambda: good(aud=None),
    "no exp": lambda: good(exp=None),
    "expired": lambda: good(iat=int(time.time()) - 600, exp=int(time.time()) - 480),
    "no iat": lambda: good(iat=None),
    "issued in the future": lambda: good(iat=int(time.time()) + 600, exp=int(time.time()) + 720),
    "no jti": lambda: good(jti=None),
    "a jti that is a number": lambda: good(jti=7),
    "no events": lambda: good(events=None),
    "another event": lambda: good(events={"https://schemas.openid.net/secevent/risc/event-type/account-disabled": {}}),
    "an event that is no object": lambda: good(events={EVENT: True}),
    "events in a list": lambda: good(events=[EVENT]),
    "neither sid nor sub": lambda: good(sid=None, sub=None),
    "a sid that is a number": lambda: good(sid=7),
    "an empty sid": lambda: good(sid=""),
    "a nonce": lambda: good(nonce="n"),
    "typ of an ID token": lambda: _headed(typ="JWT"),
    "typ of an access token": lambda: _headed(typ="at+jwt"),
    "an ID token": lambda: sign(id_claims(), kid="logout"),
    "an unknown key": lambda: sign(claims(), kid="another", header=LOGOUT),
    "somebody else's key under our kid": lambda: sign(
        claims(), kid="another", header={**LOGOUT, "kid": signing_key("RS256", "logout").kid}
    ),
    "a changed signature": _changed,
    "no signature": _unsigned,
    "the public key as a secret": _by_public_key,
    "a published key of an algorithm that was not registered": lambda: sign(
        claims(), "ES256", kid="logout", header=LOGOUT
    ),
}
