"""What is no JWT at all is told apart before any cryptography, and costs next to nothing (T6, T10, R72, R74)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from endsession.protocol.client import Client
from endsession.tokens import hint as reading
from endsession.tokens.compact import MAX_BRACKETS, MAX_TOKEN_BYTES
from tests.kit.tokens import id_claims, sign

from .reading import key_for, octets, put_together, reader, reason, segment, signed

HEADER = {"alg": "RS256", "kid": "RS256-k1"}


async def why(token: str) -> str:
    """What a reader with an ordinary key set says."""
    return reason(await reader().read(token, None))


@pytest.fixture
def no_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when a signature is about to be checked."""

    def refuse(*_: object) -> bool:
        raise AssertionError("a signature was checked")

    monkeypatch.setattr(reading, "verifies", refuse)


@pytest.mark.usefixtures("no_cryptography")
@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        ".....",
        "a",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e.f",
        "." * 1000,
        "a." * 5000,
        "eyJhbGciOiJSUzI1NiJ9",
        "eyJhbGciOiJSUzI1NiJ9.e30.é",
        "eyJhbGciOiJSUzI1NiJ9.e30.\ud800",
        "ey JhbGciOiJSUzI1NiJ9.e30.x",
        "Bearer eyJhbGciOiJSUzI1NiJ9.e30.x",
        "\x00.\x00.\x00",
    ],
)
async def test_other_text(token: str) -> None:
    """Any number of segments but three and five, and characters that base64url does not have."""
    assert (await why(token)).startswith("malformed: ")


@pytest.mark.usefixtures("no_cryptography")
async def test_a_token_has_a_length() -> None:
    """It is measured before anything is decoded; dots are counted before anything is split."""
    at_the_limit = put_together(HEADER, id_claims(iss="x" * 24_600))
    assert len(at_the_limit) > MAX_TOKEN_BYTES
    assert await why(at_the_limit) == f"malformed: it is longer than {MAX_TOKEN_BYTES} bytes"
    assert await why("a" * 10_000_000) == f"malformed: it is longer than {MAX_TOKEN_BYTES} bytes"
    assert await why("a" * (MAX_TOKEN_BYTES + 1)) == f"malformed: it is longer than {MAX_TOKEN_BYTES} bytes"
    assert await why("." * MAX_TOKEN_BYTES) == "malformed: it has neither 3 nor 5 segments"


async def test_a_long_token_is_read() -> None:
    """Real hints have up to 18 KB."""
    assert await why(signed(groups=[f"group-number-{number:06}" for number in range(900)])) == "verified"


@pytest.mark.usefixtures("no_cryptography")
@pytest.mark.parametrize("spoil", ["=", "==", "\n", " ", "+", "/", "!", "%3D", "\r\n\t", "A="])
@pytest.mark.parametrize("index", [0, 1, 2])
async def test_base64url_is_strict(spoil: str, index: int) -> None:
    """No padding, no white space, no other alphabet: what a lenient decoder skips is refused."""
    parts = signed().split(".")
    for spoilt in (parts[index] + spoil, spoil + parts[index], parts[index][:8] + spoil + parts[index][8:]):
        assert (await why(".".join([*parts[:index], spoilt, *parts[index + 1 :]]))).startswith("malformed: ")


@pytest.mark.usefixtures("no_cryptography")
@pytest.mark.parametrize("index", [0, 1, 2])
async def test_base64url_has_one_form(index: int) -> None:
    """Bits beyond the last octet are zero, so that no two texts stand for one token."""
    header = HEADER | {"x": "y" * (4 if index == 0 else 1)}
    parts = put_together(header, id_claims(x="y" * 5), b"1234").split(".")
    changed = 0
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        other = parts[index][:-1] + last
        if other != parts[index] and len(other) % 4 and octets(other) == octets(parts[index]):
            changed += 1
            assert (await why(".".join([*parts[:index], other, *parts[index + 1 :]]))).startswith("malformed: ")
    assert changed or len(parts[index]) % 4 == 0


NO_OBJECTS = [
    b"",
    b"null",
    b"[]",
    b'["alg"]',
    b'"alg"',
    b"1",
    b"true",
    b"{",
    b"{}{}",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": -Infinity}',
    b'{"a": 01}',
    b"{'a': 1}",
    b'{"a": 1,}',
    b'{"a": 1, "a": 2}',
    b'{"a": {"b": 1, "b": 1}}',
    b'{"a": [{"b": 1, "b": 2}]}',
    b'{"a": 1, "\\u0061": 2}',
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    b'{"a": "\xff"}',
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": "\\ud800"}',
    b'{"\\udc00": 1}',
    b'{"a": ["\\uDFFF\\uD800"]}',
    b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"a": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}",
    b'{"a": [' + b"[]," * 1_000 + b"1]}",
    b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"a": "\x00"}',
    b'{"a": "\n"}',
    b"x" * 1000,
]


@pytest.mark.usefixtures("no_cryptography")
@pytest.mark.parametrize("octets_", NO_OBJECTS, ids=lambda text: repr(text[:24]))
async def test_header_and_claims_are_json_objects(octets_: bytes) -> None:
    """In UTF-8, each name once, no NaN, not deep, nothing that is no text (R74, RFC 7493)."""
    assert (await why(put_together(octets_, id_claims()))).startswith("malformed: ")
    assert (await why(put_together(HEADER, octets_))).startswith("malformed: ")


async def test_the_depth_has_a_limit_that_no_token_reaches() -> None:
    """Brackets are counted, those in text as well."""
    for brackets, expected in (
        (MAX_BRACKETS - 1, "verified"),
        (MAX_BRACKETS, "malformed: its JSON has too many brackets"),
    ):
        assert await why(signed(note="[" * brackets)) == expected


@pytest.mark.parametrize("octets_", [b"[]", b"1", b'"alice"', b"null", b'{"sub": "bob", "sub": "alice"}'])
async def test_also_when_the_signature_is_right(octets_: bytes) -> None:
    """A payload that is no object verifies with most libraries."""
    assert (await why(sign(octets_, key=key_for("RS256")))).startswith("malformed: ")


async def test_text_beyond_ascii_is_text() -> None:
    """Names have any letters, written out or escaped."""
    claims = id_claims(aud="RS256", sub="Zoë", name="\U0001f600")
    assert await why(sign(json.dumps(claims).encode(), key=key_for("RS256"))) == "verified"
    assert await why(sign(json.dumps(claims, ensure_ascii=False).encode(), key=key_for("RS256"))) == "verified"


@pytest.mark.usefixtures("no_cryptography")
async def test_the_json_serialisation_is_not_read() -> None:
    """Only the compact one: the other carries several signatures and headers that nothing protects."""
    head, body, signature = signed().split(".")
    flat = {"protected": head, "payload": body, "signature": signature}
    general = {"payload": body, "signatures": [{"protected": head, "signature": signature}]}
    for document in (flat, general, {**flat, "header": {"alg": "none"}}):
        text = json.dumps(document)
        assert (await why(text)).startswith("malformed: ")
        assert (await why(segment(text.encode()))).startswith("malformed: ")


def encrypted(payload: bytes, key: OctKey, **header: Any) -> str:
    """A JWE by another library."""
    return jwe.encrypt_compact({"alg": "dir", "enc": "A128GCM", **header}, payload, key)


@pytest.mark.usefixtures("no_cryptography")
async def test_encryption_is_no_signature() -> None:
    """Five segments are a JWE, whatever its header says; claims inside it that nobody signed are no ID token (T6)."""
    key = OctKey.generate_key(128)
    bare = encrypted(json.dumps(id_claims(aud="RS256")).encode(), key)
    signed_header = segment(json.dumps(HEADER).encode())
    for token in (bare, encrypted(signed().encode(), key), ".".join([signed_header, *bare.split(".")[1:]])):
        assert (await why(token)).startswith("invalid: ")


@pytest.mark.usefixtures("no_cryptography")
async def test_a_jwe_cut_to_three_segments_is_no_jws() -> None:
    """The number of segments decides what it is, and then the rest has to fit."""
    parts = encrypted(json.dumps(id_claims()).encode(), OctKey.generate_key(128)).split(".")
    for three in (parts[:3], [parts[0], parts[3], parts[4]], [parts[0], parts[2], parts[4]]):
        assert not (await why(".".join(three))).startswith("verified")


async def test_a_hint_is_verified_by_the_clients_registration_only() -> None:
    """The reason names what failed, and repeats nothing of the token."""
    for token in ("secret-text", put_together({"alg": "secret-text"}, id_claims(aud="RS256"))):
        assert "secret-text" not in await why(token)
    client = Client(client_id="secret-text")
    assert "secret-text" not in reason(await reader(None, client).read(signed(kid="gone", aud="secret-text"), None))
