"""Key sets: a key verifies only what it is for, and rubbish in the set does no harm (R66, RFC 7517, section 5)."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from endsession.tokens import claims
from endsession.tokens.keys import MAX_TRIES, Key, KeySet, UnusableKey, verifies
from tests.kit.tokens import id_claims, sign

from .reading import SECRET, hmac_signed, key_for, public, reader, reason, segment, signed

NO_KEY = f"invalid: {claims.NO_KEY}"
KID = "RS256-k1"


async def why(keys: list[Any], token: str) -> str:
    """What a reader with these keys makes of the token."""
    return reason(await reader({"keys": keys}).read(token, None))


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"use": "SIG"},
        {"use": ""},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"alg": "RSA-OAEP"},
        {"key_ops": ["sign"]},
        {"key_ops": ["encrypt", "decrypt"]},
        {"key_ops": "verify"},
        {"use": None, "key_ops": ["sign"]},
        {"use": None, "key_ops": ["encrypt", "decrypt"]},
        {"use": None, "key_ops": "verify"},
        {"kid": "other"},
        {"kid": None},
    ],
    ids=str,
)
async def test_a_key_for_something_else_is_not_tried(changes: dict[str, Any]) -> None:
    """`use`, `alg`, `key_ops` and `kid` are what the provider says that the key is for."""
    assert await why([public("RS256", **changes)], signed()) == NO_KEY


@pytest.mark.parametrize(
    "changes",
    [{"use": None}, {"alg": "RS256"}, {"key_ops": ["verify"]}, {"key_ops": ["sign", "verify"]}, {"key_ops": []}],
    ids=str,
)
async def test_a_key_for_this_is(changes: dict[str, Any]) -> None:
    """What is not said does not restrict."""
    assert await why([public("RS256", **changes)], signed()) == "verified"


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
async def test_edwards_keys_have_two_names_for_their_algorithm(alg: str) -> None:
    """RFC 8037 calls it EdDSA, RFC 9864 calls it by its curve."""
    assert await why([public("EdDSA", alg=alg)], signed("EdDSA")) == "verified"
    assert await why([public("EdDSA", alg="Ed448")], signed("EdDSA")) == NO_KEY
    assert await why([public("ES256", alg="P-256")], signed("ES256")) == NO_KEY


@pytest.mark.parametrize("client", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
async def test_a_key_of_another_kind_or_curve_is_not_tried(client: str) -> None:
    """Under the same `kid`, with nothing else said."""
    for other in {"RS256", "ES256", "ES384", "ES512", "EdDSA"} - {client}:
        key = public(other, use=None, kid=f"{client}-k1")
        assert await why([key], signed(client)) == NO_KEY


async def test_one_kid_for_several_keys() -> None:
    """Providers that number their keys per algorithm: those that fit are tried, the others are not in the way."""
    keys = [public(alg, kid="1") for alg in ("ES256", "RS256", "EdDSA")] + [public("RS256", "stranger", kid="1")]
    for token in (signed(header={"kid": "1"}), signed("ES256", header={"kid": "1"})):
        assert await why(keys, token) == "verified"
        assert await why(keys[::-1], token) == "verified"


async def test_without_a_kid_any_key_that_fits_is_tried() -> None:
    """The header needs no `kid` (RFC 7515, section 4.1.4)."""
    token = signed(header={"kid": None})
    assert await why([public("ES256"), public("RS256", "stranger"), public("RS256")], token) == "verified"
    assert await why([public("ES256"), public("RS256", kid=None)], token) == "verified"


async def test_not_every_key_of_a_long_set_is_tried() -> None:
    """Verification must not be a way to make us work."""
    others = [public("RS256", "stranger", kid=str(number)) for number in range(MAX_TRIES)]
    token = signed(header={"kid": None})
    assert await why([*others[1:], public("RS256")], token) == "verified"
    assert await why([*others, public("RS256")], token) == "invalid: its signature does not verify"


@pytest.mark.parametrize("bits", [1024, 2040])
async def test_weak_rsa_keys_verify_nothing(bits: int) -> None:
    """2048 bits or more (RFC 7518, section 3.3)."""
    numbers = rsa.generate_private_key(65537, bits).public_key().public_numbers()
    modulus = numbers.n.to_bytes((bits + 7) // 8, "big")
    weak = {"kty": "RSA", "kid": KID, "n": segment(modulus), "e": "AQAB"}
    with pytest.raises(UnusableKey, match="2048 bits"):
        Key.load(weak)
    assert await why([weak], signed()) == NO_KEY


RUBBISH: list[Any] = [
    None,
    1,
    "key",
    [],
    {},
    {"kty": "RSA"},
    {"kty": "RSA", "n": "!", "e": "AQAB"},
    {"kty": "RSA", "n": 1, "e": 2},
    {"kty": "RSA", "n": public("RS256")["n"], "e": "AA"},
    {"kty": "RSA", "n": public("RS256")["n"], "e": "AQ"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "P-192", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "secp256k1", "x": public("ES256")["x"], "y": public("ES256")["y"]},
    {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    {"kty": "OKP", "crv": "X25519", "x": public("EdDSA")["x"]},
    {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
    {"kty": ["RSA"]},
    {"kty": None},
    public("RS256") | {"kid": ["RS256-k1"]},
    public("RS256") | {"kid": {"a": 1}},
    public("RS256") | {"kid": 1},
    public("RS256") | {"key_ops": 1},
    public("RS256") | {"key_ops": [1, None]},
    public("RS256") | {"use": ["sig"]},
    public("RS256") | {"alg": ["RS256"]},
    public("EdDSA") | {"crv": ["Ed25519"]},
    {"kty": "oct", "k": segment(b"x" * 64), "kid": KID},
    {"kty": "oct", "k": ""},
]


@pytest.mark.parametrize("rubbish", RUBBISH, ids=range(len(RUBBISH)))
async def test_rubbish_in_a_set_is_ignored(rubbish: Any) -> None:
    """New kinds of key and broken ones are no reason to refuse the good ones in the set."""
    rubbish = {"kid": KID, **rubbish} if isinstance(rubbish, dict) else rubbish
    assert await why([rubbish, public("RS256")], signed()) == "verified"
    assert await why([rubbish], signed()) == NO_KEY


def test_an_ignored_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """By its number and without its content, so that an operator can find it."""
    with caplog.at_level(logging.WARNING):
        KeySet.load({"keys": [public("RS256"), {"kty": "RSA", "n": "hush", "e": "AQAB"}, "hush"]})
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "ignoring unusable key 1 of a JWK Set",
        "ignoring unusable key 2 of a JWK Set",
    ]
    assert "hush" not in caplog.text


@pytest.mark.parametrize(
    "document", [None, 1, [], "keys", {}, {"keys": None}, {"keys": {}}, {"keys": "RS256"}], ids=str
)
def test_what_is_no_key_set(document: Any) -> None:
    """The member `keys` is a list (RFC 7517, section 5.1)."""
    with pytest.raises(UnusableKey):
        KeySet.load(document)


def test_what_is_published_is_public() -> None:
    """The private parts of a set never leave, nor do secrets."""
    private = key_for("RS256").as_dict(private=True)
    published = KeySet.load({"keys": [private, {"kty": "oct", "k": segment(b"x" * 64)}]}).public()
    assert [set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"} for key in published] == [set()]
    assert published[0]["n"] == private["n"]


def test_verifying_never_raises() -> None:
    """A key that does not suit the algorithm is a signature that does not verify."""
    for alg in ("RS256", "PS256", "ES256", "EdDSA", "HS256"):
        for key in ("RS256", "ES256", "EdDSA"):
            for signature in (b"", b"\0" * 64, b"\0" * 256):
                assert verifies(Key.load(public(key)), alg, b"input", signature) is False


async def test_hmac_looks_at_no_key_set() -> None:
    """Its key is the client's secret, whatever `kid` the token has."""
    token = hmac_signed(SECRET.encode(), "HS256", header={"kid": KID})
    assert await why([public("RS256")], token) == "verified"
    assert await why([], sign(id_claims(aud="HS256"), "HS256", key=key_for("HS256"))) == "verified"
