"""What the header of a hint may say: nothing in it is a key, and what asks for more is refused (T9)."""

from __future__ import annotations

import datetime
from base64 import b64encode
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from endsession.protocol.hint import VerifiedHint
from endsession.tokens.claims import NO_KEY
from tests.kit.tokens import id_claims

from .reading import key_for, public, put_together, reader, reason, segment, signed


def certificate() -> str:
    """A certificate of the stranger's key, as `x5c` carries it (RFC 7515, section 4.1.6)."""
    key = key_for("RS256", "stranger").private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + datetime.timedelta(days=9999))
    return b64encode(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)).decode()


STRANGER = public("RS256", "stranger")
KEYS_IN_HEADERS: list[dict[str, Any]] = [
    {"jwk": STRANGER},
    {"jwk": {**STRANGER, "kid": "RS256-k1"}, "kid": "RS256-k1"},
    {"jku": "https://evil.example/jwks.json"},
    {"jku": "https://login.example/acme/../evil/jwks.json", "kid": STRANGER["kid"]},
    {"x5u": "https://evil.example/certificate.pem"},
    {"x5c": [certificate()]},
    {"x5t": segment(b"\0" * 20), "x5t#S256": segment(b"\0" * 32)},
]


@pytest.mark.parametrize("header", KEYS_IN_HEADERS, ids="+".join)
@pytest.mark.parametrize("kid", [STRANGER["kid"], "RS256-k1", None])
async def test_a_key_in_the_header_is_never_used(header: dict[str, Any], kid: str | None) -> None:
    """Signed by a stranger whose key the header brings or points at: data, never a source (R70)."""
    token = signed(kid="stranger", header={"kid": kid, **header})
    assert reason(await reader().read(token, None)).startswith("invalid: ")


@pytest.mark.parametrize("header", KEYS_IN_HEADERS, ids="+".join)
async def test_a_key_in_the_header_does_no_harm(header: dict[str, Any]) -> None:
    """Some providers send them; they change nothing."""
    assert isinstance(await reader().read(signed(header={**header, "kid": "RS256-k1"}), None), VerifiedHint)


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 4_000_000_000},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": "exp"},
        {"crit": None},
        {"crit": ["x-vendor"], "x-vendor": 1},
        {"b64": False},
        {"b64": True},
        {"b64": None},
        {"zip": "DEF"},
        {"zip": ""},
        {"zip": None},
    ],
    ids=str,
)
async def test_extensions_are_refused(header: dict[str, Any]) -> None:
    """A header that asks for what is not understood has to be refused (RFC 7515, section 4.1.11); zip is T8."""
    token = put_together({"alg": "RS256", "kid": "RS256-k1", **header}, id_claims(aud="RS256"))
    assert reason(await reader().read(token, None)) in (
        "invalid: its header asks for an extension (crit, b64) that ID tokens do not use",
        "invalid: compressed tokens are not accepted",
    )


@pytest.mark.parametrize(
    "kid",
    ["gone", "", "RS256-k1 ", "rs256-K1", "../../etc/passwd", "' OR 1=1 --", "RS256-k1\x00", "x" * 9_000, "\U0001f511"],
)
async def test_an_unknown_kid_finds_nothing(kid: str) -> None:
    """A kid is compared with those of the set and is good for nothing else."""
    token = signed(header={"kid": kid})
    assert reason(await reader().read(token, None)) == f"invalid: {NO_KEY}"


@pytest.mark.parametrize("kid", [0, 1, True, [], ["RS256-k1"], {"kid": "RS256-k1"}, 1.5], ids=str)
async def test_a_kid_is_text(kid: object) -> None:
    """Anything else is refused before it is looked up."""
    token = put_together({"alg": "RS256", "kid": kid}, id_claims(aud="RS256"))
    assert reason(await reader().read(token, None)) == "invalid: its kid is not a string"


@pytest.mark.parametrize("typ", [None, "JWT", "jwt"])
async def test_the_type_of_an_id_token(typ: str | None) -> None:
    """Most have `JWT` or none; it is not case-sensitive (RFC 7519, section 5.1)."""
    assert isinstance(await reader().read(signed(header={"typ": typ}), None), VerifiedHint)


@pytest.mark.parametrize(
    "typ",
    [
        "at+jwt",
        "application/at+jwt",
        "AT+JWT",
        "logout+jwt",
        "Logout+JWT",
        "application/logout+jwt",
        "secevent+jwt",
        "dpop+jwt",
        "token-introspection+jwt",
        "JOSE",
        "JWE",
        "JWT ",
        "",
        "jwt\x00",
    ],
)
async def test_the_types_of_other_tokens_are_refused(typ: str) -> None:
    """Access tokens, logout tokens, security events: signed by the right key, for the right client (T12, R68)."""
    hint = await reader().read(signed(header={"typ": typ}), None)
    assert reason(hint) == "invalid: its typ is not that of an ID token"


@pytest.mark.parametrize("typ", [1, True, ["JWT"], {"typ": "JWT"}], ids=str)
async def test_a_type_is_text(typ: object) -> None:
    """Anything else is no type."""
    token = put_together({"alg": "RS256", "kid": "RS256-k1", "typ": typ}, id_claims(aud="RS256"))
    assert reason(await reader().read(token, None)) == "invalid: its typ is not that of an ID token"
