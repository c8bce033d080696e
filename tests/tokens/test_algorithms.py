"""Signatures: every algorithm that a client can register, made by another library, and nothing but that algorithm (T5).

The algorithm is the client's registration; what the token says is only compared with it (RFC 8725, section 3.1).
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from endsession.protocol.client import Client
from endsession.protocol.hint import VerifiedHint
from tests.kit.tokens import id_claims

from .reading import (
    ASYMMETRIC,
    SECRET,
    SYMMETRIC,
    hmac_signed,
    key_for,
    octets,
    public,
    put_together,
    reader,
    reason,
    segment,
    signed,
)

ALL = (*ASYMMETRIC, "Ed448", *SYMMETRIC)
KEYS = {"keys": [public(alg) for alg in (*ASYMMETRIC, "Ed448")]}
EXPIRED = "invalid: the secret of its client has expired (client_secret_expires_at)"


@pytest.mark.parametrize("alg", ALL)
async def test_a_signature_of_another_library_verifies(alg: str) -> None:
    """RSA, ECDSA, Edwards curves and HMAC, each at each strength (RFC 7518, RFC 8037)."""
    hint = await reader(KEYS).read(signed(alg), None)
    assert isinstance(hint, VerifiedHint), hint
    assert (hint.sub, hint.sid, hint.client_id) == ("alice", "s-alice", "EdDSA" if alg == "Ed448" else alg)


@pytest.mark.parametrize("which", ["header", "claims", "signature"])
@pytest.mark.parametrize("alg", ALL)
async def test_one_bit_is_enough(alg: str, which: str) -> None:
    """One bit flipped in any of the three segments: refused."""
    parts = signed(alg, header={"note": "a" * 9}, note="a" * 9).split(".")
    index = ["header", "claims", "signature"].index(which)
    raw = bytearray(octets(parts[index]))
    place = raw.find(b"aaaaaaaaa") if index < 2 else len(raw) // 2
    raw[place] ^= 1
    parts[index] = segment(bytes(raw))
    assert reason(await reader(KEYS).read(".".join(parts), None)) == "invalid: its signature does not verify"


@pytest.mark.parametrize("alg", ALL)
async def test_another_key_of_the_same_kind_does_not_verify(alg: str) -> None:
    """A token signed by a key that is not published, under the `kid` of one that is."""
    if alg in SYMMETRIC:
        token = hmac_signed(b"another-secret-" * 5, alg)
    else:
        token = signed(alg, kid="stranger", header={"kid": f"{alg}-k1"})
    assert reason(await reader(KEYS).read(token, None)) == "invalid: its signature does not verify"


@pytest.mark.parametrize("alg", ALL)
async def test_a_signature_of_nothing_does_not_verify(alg: str) -> None:
    """Empty, too short, too long."""
    head, body, signature = signed(alg).split(".")
    for forged in ("", segment(octets(signature)[:-1]), segment(octets(signature) + b"\0"), segment(b"\0" * 64)):
        assert reason(await reader(KEYS).read(f"{head}.{body}.{forged}", None)).startswith("invalid: its signature")


async def test_an_ecdsa_signature_is_two_numbers_and_not_der() -> None:
    """RFC 7518, section 3.4; and a signature of zeros is none."""
    head, body, _ = signed("ES256").split(".")
    for forged in (b"\0" * 64, b"\x30\x06\x02\x01\x01\x02\x01\x01", b"\xff" * 64):
        assert reason(await reader(KEYS).read(f"{head}.{body}.{segment(forged)}", None)).startswith("invalid: its sig")


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", [b"", b"x"])
async def test_unsigned_tokens_are_refused(alg: str, signature: bytes) -> None:
    """`alg: none`, however it is spelt, for clients of any algorithm."""
    for client in (*ASYMMETRIC, *SYMMETRIC):
        token = put_together({"alg": alg}, id_claims(aud=client), signature)
        assert reason(await reader(KEYS).read(token, None)).startswith("invalid: its alg")


@pytest.mark.parametrize("client", ["RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("alg", SYMMETRIC)
async def test_a_public_key_is_no_hmac_secret(alg: str, client: str) -> None:
    """HS signed with what everybody knows: the public key as PEM, as DER or as the JWK's own text."""
    key, published = key_for(client).public_key, public(client)
    assert not isinstance(key, bytes)
    secrets = [
        key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER)
    ]
    secrets += [str(published).encode(), (published.get("n") or published["x"]).encode() * 3]
    for secret in secrets:
        for header in ({}, {"kid": f"{client}-k1"}):
            token = hmac_signed(secret, alg, header=header, aud=client)
            assert reason(await reader(KEYS).read(token, None)) == (
                "invalid: its alg is not the client's id_token_signed_response_alg"
            )


@pytest.mark.parametrize("registered", [*ASYMMETRIC, *SYMMETRIC])
async def test_only_the_registered_algorithm_counts(registered: str) -> None:
    """Also where the issuer has a key for another one, and the signature is right."""
    for used in (*ASYMMETRIC, *SYMMETRIC):
        hint = await reader(KEYS).read(signed(used, aud=registered), None)
        assert isinstance(hint, VerifiedHint) == (used == registered), (used, hint)


@pytest.mark.parametrize("alg", ["ES256K", "RS1", "HS1", "PBES2-HS256+A128KW", "dir", "rs256", "RS256 ", "Ed25519"])
async def test_unknown_algorithms_are_refused(alg: str) -> None:
    """Names that no client can have registered."""
    token = put_together({"alg": alg}, id_claims(aud="RS256"))
    assert reason(await reader(KEYS).read(token, None)).startswith("invalid: its alg is not the client's")


@pytest.mark.parametrize("alg", [None, 1, True, ["RS256"], {"alg": "RS256"}])
async def test_an_algorithm_is_a_name(alg: object) -> None:
    """Not a list to choose from, and not left out."""
    token = put_together({"alg": alg} if alg is not None else {}, id_claims(aud="RS256"))
    assert reason(await reader(KEYS).read(token, None)) == "invalid: its header has no alg"


@pytest.mark.parametrize("alg", SYMMETRIC)
async def test_without_a_secret_no_hmac_verifies(alg: str) -> None:
    """Not with an empty secret either, nor with one that is shorter than its hash (RFC 7518, section 3.2)."""
    for secret in (None, SecretStr(""), SecretStr("short")):
        client = Client(client_id=alg, id_token_signed_response_alg=alg, client_secret=secret)  # type: ignore[arg-type]
        token = hmac_signed((secret.get_secret_value() if secret else "").encode(), alg)
        assert reason(await reader(KEYS, client).read(token, None)).startswith("invalid: ")


@pytest.mark.parametrize("alg", SYMMETRIC)
async def test_an_expired_secret_verifies_nothing(alg: str) -> None:
    """Whenever the hint was issued: who knows an old secret dates hints as they like."""
    now = 1_800_000_000.0
    for expires_at, expected in ((0, "verified"), (now + 1, "verified"), (now, EXPIRED), (now - 1, EXPIRED)):
        client = Client(
            client_id=alg,
            id_token_signed_response_alg=alg,  # type: ignore[arg-type]
            client_secret=SecretStr(SECRET),
            client_secret_expires_at=int(expires_at),
        )
        token = signed(alg, iat=now - 86_400, exp=now - 80_000)
        assert reason(await reader(KEYS, client, clock=lambda: now).read(token, None)) == expected


async def test_a_clients_secret_is_its_own() -> None:
    """One client cannot sign for another."""
    other = Client(
        client_id="other",
        id_token_signed_response_alg="HS256",
        client_secret=SecretStr("the-secret-of-another-client-of-40-octets"),
    )
    hint = await reader(KEYS, other).read(signed("HS256", aud="other"), None)
    assert reason(hint) == "invalid: its signature does not verify"


async def test_a_secret_in_the_key_set_is_no_key() -> None:
    """An `oct` key that a provider publishes is known to everybody."""
    leaked = b"a-published-secret-of-more-than-64-octets-is-not-a-secret-at-all-is-it"
    keys = {"keys": [{"kty": "oct", "k": segment(leaked), "kid": "leaked"}]}
    for alg in SYMMETRIC:
        token = hmac_signed(leaked, alg, header={"kid": "leaked"})
        assert reason(await reader(keys).read(token, None)) == "invalid: its signature does not verify"
