"""The catalogue of hints: what a good one can be, and every kind of bad one with the check that has to refuse it.

Every check of the reader has a hint here (`tests/tokens/test_catalogue.py`). All fuzzing draws on them.

A hint is made from the claims of an ordinary ID token of the test issuer (`tests.kit.tokens.id_claims`).
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from joserfc.jwk import Key, RSAKey

from endsession.tokens.claims import NO_KEY
from tests.kit.encrypted import encrypt, private_key, secret_for
from tests.kit.tokens import SECRET, id_claims, sign, signing_key

Claims = Mapping[str, Any]
Make = Callable[[Claims], str]
OLD = {"iat": 1_500_000_000, "exp": 1_500_000_300, "auth_time": 1_500_000_000}


def segment(content: Any) -> str:
    """base64url of bytes, or of JSON."""
    octets = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _signed(alg: str = "RS256", **changes: Any) -> Make:
    """Signed as it should be, with other claims; None leaves one out."""
    return lambda claims: sign(_changed(claims, changes), alg)


def _changed(claims: Claims, changes: Claims) -> dict[str, Any]:
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def _with_json(member: str, text: bytes) -> Make:
    """Signed, with a claim that only JSON can write."""
    return lambda claims: sign(json.dumps({**claims, member: "HERE"}).encode().replace(b'"HERE"', text))


def _with_header(**members: Any) -> Make:
    """Signed, under a header with these members in addition to the usual ones."""
    return lambda claims: sign(dict(claims), header=members)


def _unsigned(**header: Any) -> Make:
    """Signed by nobody."""
    return lambda claims: f"{segment(header)}.{segment(dict(claims))}.{segment(b'signature')}"


def _with_payload(octets: bytes) -> Make:
    """A good hint with another payload."""

    def make(claims: Claims) -> str:
        header, _, signature = sign(dict(claims)).split(".")
        return f"{header}.{segment(octets)}.{signature}"

    return make


def _by_a_stranger(header: Callable[[], Claims]) -> Make:
    """Signed by a stranger."""
    return lambda claims: sign(dict(claims), key=stranger(), header=dict(header()))


def _hmac_with_the_public_key(claims: Claims) -> str:
    """Signed with what everybody knows."""
    key = signing_key()
    assert isinstance(key, RSAKey)
    signed = f"{segment({'alg': 'HS256'})}.{segment(dict(claims))}"
    return f"{signed}.{segment(hmac.digest(key.as_pem(private=False), signed.encode(), 'sha256'))}"


def _encrypted(make: Make, key: Callable[[], Key] = lambda: private_key("RSA"), alg: str = "RSA-OAEP-256") -> Make:
    return lambda claims: encrypt(make(claims), alg, "A256GCM", key())


def _encrypted_header(**members: Any) -> Make:
    """Encrypted, under a header that was changed: nothing of it can be decrypted."""

    def make(claims: Claims) -> str:
        header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": "enc-RSA", **members}
        return ".".join([segment(header), *["AAAA"] * 4])

    return make


def _with_the_secret(claims: Claims) -> str:
    """Encrypted with a client's secret: refused where the request does not name that client."""
    return encrypt(sign(dict(claims)), "dir", "A128GCM", secret_for(SECRET, "dir", "A128GCM"))


def _compression_bomb(claims: Claims) -> str:
    secret = secret_for(SECRET, "dir", "A128GCM")
    return encrypt(b"\0" * 10_000_000, "dir", "A128GCM", secret, zip="DEF")


def public(key: Key) -> dict[str, Any]:
    """The public part of a key."""
    return key.as_dict(private=False)


@cache
def stranger() -> Key:
    """A signing key that no issuer has."""
    return signing_key(kid="a-stranger")


@cache
def _strangers_encryption_key() -> Key:
    return RSAKey.generate_key(2048, {"kid": "enc-RSA", "use": "enc"})


@dataclass(frozen=True)
class Hint:
    """How a hint is made, and what becomes of it.

    `refused` is what the log and `explain` say of a bad one, in part; a good one verifies, and policy says what it is
    worth. `malformed` ones are no JWT at all, and answered with 400 in place of 401. `session` is the name of the
    session that the hint is about: alice's, `alice again`, mallory's, or `ended`, which was alice's.
    """

    make: Make
    refused: str = ""
    session: str = "alice"
    malformed: bool = False


def _no_jwt(make: Make, refused: str) -> Hint:
    return Hint(make, refused, malformed=True)


_good, _expired, _nobodys = _signed(), _signed("RS256", **OLD), "signature does not verify"
_forged = _by_a_stranger(lambda: {"kid": signing_key().kid})
_not_the_alg, _unnamed = "alg is not the client's", "is not a name of 1 to 255 characters"
HINTS = {
    "good": Hint(_good),
    "without sid": Hint(_signed(sid=None)),
    "expired": Hint(_expired),
    "encrypted": Hint(_encrypted(_good)),
    "encrypted and expired": Hint(_encrypted(_expired)),
    "of another user": Hint(_signed(sub="mallory"), session="mallory"),
    "of another session": Hint(_good, session="alice again"),
    "of a session that ended": Hint(_good, session="ended"),
    "too old": Hint(_expired, session="ended"),
    "of another client": Hint(_signed("ES256", aud="other")),
    "of a disabled client": Hint(_signed(aud="gone")),
    # No JWT
    "one word": _no_jwt(lambda claims: "hint", "neither 3 nor 5 segments"),
    "too long": _no_jwt(_signed(groups="x" * 33_000), "longer than 32768 bytes"),
    "with a letter of no alphabet": _no_jwt(lambda claims: "\u00e9.e30.e30", "characters other than base64url"),
    "with a segment of one letter": _no_jwt(lambda claims: "a.e30.e30", "a segment is not base64url"),
    "with padding": _no_jwt(lambda claims: _good(claims) + "=", "not canonical base64url"),
    "with a payload of no JSON": _no_jwt(_with_payload(b"{"), "a segment is not JSON"),
    "with a list as payload": _no_jwt(_with_payload(b"[]"), "not a JSON object"),
    "nested deep": _no_jwt(_with_payload(b"[" * 300 + b"]" * 300), "too many brackets"),
    "with a member twice": _no_jwt(_with_payload(b'{"iss":"a","iss":"b"}'), "a member twice"),
    "with NaN": _no_jwt(_with_payload(b'{"exp":NaN}'), "NaN or Infinity"),
    # The header
    "without alg": Hint(_unsigned(), "its header has no alg"),
    "alg none": Hint(_unsigned(alg="none"), _not_the_alg),
    "of an algorithm that is not the client's": Hint(_signed("ES256"), _not_the_alg),
    "HMAC with the public key": Hint(_hmac_with_the_public_key, _not_the_alg),
    "with a number as kid": Hint(_unsigned(alg="RS256", kid=1), "its kid is not a string"),
    "of an unknown key": Hint(_with_header(kid="gone"), NO_KEY),
    "with a critical extension": Hint(_with_header(crit=["exp"]), "extension (crit, b64)"),
    "compressed": Hint(_with_header(zip="DEF"), "compressed tokens are not accepted"),
    "an access token by its typ": Hint(_with_header(typ="at+jwt"), "its typ is not that of an ID token"),
    # The signature
    "forged": Hint(_forged, _nobodys),
    "with a key of its own": Hint(_by_a_stranger(lambda: {"kid": None, "jwk": public(stranger())}), _nobodys),
    "with another payload": Hint(_with_payload(json.dumps(id_claims(sub="mallory")).encode()), _nobodys),
    # The kind of token
    "a logout token": Hint(_signed(events={}), "logout token or another security event"),
    "an access token by its claim typ": Hint(_signed(typ="Bearer"), "its claim typ is not"),
    "an access token by token_use": Hint(_signed(token_use="access"), "its claim token_use is not"),
    "an access token by its purpose": Hint(_signed(purpose="access_token"), "its claim purpose is that of another"),
    "an access token by its scope": Hint(_signed(scope="openid"), "it has scope, which marks another kind of token"),
    # Whose it is
    "of another issuer": Hint(_signed(iss="https://login.example/globex"), "its iss is not this issuer"),
    "of this issuer with a slash": Hint(_signed(iss="https://login.example/acme/"), "it has a slash at its end"),
    "without aud": Hint(_signed(aud=None), "its aud is neither a name nor a list of names"),
    "for an API": Hint(_signed(aud="https://api.example/", azp="web"), "its azp is not in its aud"),
    "for several clients": Hint(_signed(aud=["one", "two"]), "it has several audiences, no azp"),
    "for an unknown client": Hint(_signed(aud="nobody"), "client that is not registered here"),
    "without sub": Hint(_signed(sub=None), f"its sub {_unnamed}"),
    "with a control in sid": Hint(_signed(sid="s\x00"), f"its sid {_unnamed}"),
    # Its dates
    "with a word as iat": Hint(_signed(iat="yesterday"), "its iat is not a NumericDate"),
    "with an endless exp": Hint(_with_json("exp", b"1e999"), "its exp is not a NumericDate"),
    "with a huge nbf": Hint(_with_json("nbf", b"9" * 400), "its nbf is not a NumericDate"),
    "of a clock that is ahead": Hint(
        lambda claims: sign({**claims, "iat": claims["iat"] + 3600}), "its iat lies in the future, by "
    ),
    "issued in the future": Hint(_signed(iat=4_000_000_000), "its iat lies in the future"),
    "valid in the future": Hint(_signed(nbf=4_000_000_000), "its nbf lies in the future"),
    # Its encryption
    "encrypted and forged": Hint(_encrypted(_forged), _nobodys),
    "encrypted twice": Hint(_encrypted(_encrypted(_good)), "what is encrypted in it is not a signed token"),
    "encrypted for somebody else": Hint(_encrypted(_good, _strangers_encryption_key), "issuer or client decrypts it"),
    "encrypted to an unknown key": Hint(
        _encrypted(_good, lambda: private_key("P-521"), "ECDH-ES"), "a key that this issuer does not have"
    ),
    "encrypted with a secret": Hint(_with_the_secret, "the request names no client that has one"),
    "a password bomb": Hint(_encrypted_header(alg="PBES2-HS512+A256KW", p2c=2**31 - 1), "its alg or enc is not one"),
    "a compression bomb": Hint(_compression_bomb, "its header has zip"),
    "encrypted text": Hint(_encrypted_header(cty="text/plain"), "its cty is not JWT"),
}


def every_hint() -> dict[str, str]:
    """All of them, about the session s-alice of the client web."""
    return {name: hint.make(id_claims()) for name, hint in HINTS.items()}
