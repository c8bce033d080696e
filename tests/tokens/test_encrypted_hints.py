"""Encrypted hints: every algorithm that is accepted, and what is refused before any work is done."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from joserfc.jwk import OctKey
from jwcrypto.jwe import JWE
from pydantic import SecretStr

from endsession.protocol.client import Client
from endsession.protocol.hint import VerifiedHint
from endsession.tokens.encryption import fitting
from endsession.tokens.hint import IdTokenHints
from endsession.tokens.keys import Key
from tests.kit.encrypted import ASYMMETRIC, CONTENT, SYMMETRIC, encrypt, key_kinds, private_key, secret_for
from tests.kit.tokens import id_claims

from .reading import SECRET, public, reader, reason, signed

KINDS = ("RSA", "P-256", "P-384", "P-521", "X25519")
WEB = Client(client_id="web", client_secret=SecretStr(SECRET))
INNER = signed(aud="web")


def hints(*kinds: str) -> IdTokenHints:
    """A reader with keys of these kinds to decrypt with."""
    keys = [Key.load(private_key(kind).as_dict(private=True)) for kind in kinds]
    return reader({"keys": [public("RS256")]}, WEB, decryption=keys)


ALL = hints(*KINDS)
CASES = [(alg, kind) for alg in ASYMMETRIC for kind in key_kinds(alg)]


@pytest.fixture
def no_decryption(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key is touched, and nothing is decompressed."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it was decrypted")

    monkeypatch.setattr(JWE, "decrypt", refuse)


@pytest.mark.parametrize("enc", CONTENT)
@pytest.mark.parametrize(("alg", "kind"), CASES)
async def test_encrypted_to_the_issuer(alg: str, kind: str, enc: str) -> None:
    """Every key algorithm, with every kind of key and every content encryption, as another library makes them."""
    hint = await ALL.read(encrypt(INNER, alg, enc, private_key(kind)), None)
    assert isinstance(hint, VerifiedHint), reason(hint)
    assert (hint.client_id, hint.sub, hint.sid) == ("web", "alice", "s-alice")


@pytest.mark.parametrize("enc", CONTENT)
@pytest.mark.parametrize("alg", SYMMETRIC)
async def test_encrypted_with_the_clients_secret(alg: str, enc: str) -> None:
    """`dir` and AxxxKW with a key derived from the secret; `client_id` says whose."""
    sent = encrypt(INNER, alg, enc, secret_for(SECRET, alg, enc), kid=None)
    assert reason(await ALL.read(sent, "web")) == "verified"
    assert "names no client" in reason(await ALL.read(sent, None))
    assert "names no client" in reason(await ALL.read(sent, "nobody"))


@pytest.mark.parametrize("enc", CONTENT)
@pytest.mark.parametrize(("alg", "kind"), [*CASES, *((alg, "secret") for alg in SYMMETRIC)])
async def test_one_bit_changed_anywhere(alg: str, kind: str, enc: str) -> None:
    """Each segment is protected: one flipped bit in any of the five, and the hint is refused."""
    key = secret_for(SECRET, alg, enc) if kind == "secret" else private_key(kind)
    parts = encrypt(INNER, alg, enc, key).split(".")
    for number, segment in enumerate(parts):
        octets = bytearray(urlsafe_b64decode(segment + "===")) or bytearray(1)
        octets[len(octets) // 2] ^= 1
        changed = [*parts[:number], urlsafe_b64encode(octets).rstrip(b"=").decode(), *parts[number + 1 :]]
        assert reason(await ALL.read(".".join(changed), "web")) != "verified", number


async def test_what_the_app_decrypted_itself_is_a_hint_as_well() -> None:
    """The inner token alone: Core 1.0, section 3.1.2.1."""
    assert reason(await ALL.read(INNER, None)) == "verified"


async def test_policy_may_ask_for_client_id() -> None:
    """`encrypted_hint = "require_client_id"`: without it an encrypted hint is invalid, whatever it is encrypted to."""
    sent = encrypt(INNER, "RSA-OAEP", "A128GCM", private_key("RSA"))
    assert "asks for client_id" in reason(await ALL.read(sent, None, encrypted_needs_client=True))
    assert reason(await ALL.read(sent, "web", encrypted_needs_client=True)) == "verified"
    assert reason(await ALL.read(INNER, None, encrypted_needs_client=True)) == "verified"


async def test_without_the_key() -> None:
    """A key of another kind, of another kid, or none at all: refused with the setting's name."""
    sent = encrypt(INNER, "RSA-OAEP", "A128GCM", private_key("RSA"))
    assert "decryption_keys" in reason(await hints().read(sent, None))
    assert "decryption_keys" in reason(await hints("P-256").read(sent, None))
    other = encrypt(INNER, "RSA-OAEP", "A128GCM", private_key("RSA"), kid="somebody-elses")
    assert "decryption_keys" in reason(await ALL.read(other, None))
    wrong = encrypt(INNER, "dir", "A256GCM", secret_for("another-secret", "dir", "A256GCM"))
    assert "no key" in reason(await ALL.read(wrong, "web"))


@pytest.mark.parametrize(
    "inner",
    [
        json.dumps(id_claims(aud="web")),  # claims that nobody signed: a bare JWE (Core 1.0, section 16.14)
        encrypt(INNER, "RSA-OAEP", "A128GCM", private_key("RSA")),  # nested twice
        "not-a-jwt",
        "",
        b"\xff\xfe",
        INNER[:-6] + "AAAAAA",
        signed(aud="web", iss="https://evil.example"),
    ],
)
async def test_only_a_good_signed_token_inside_counts(inner: str | bytes) -> None:
    """Encryption proves nothing: what is inside is held to every rule of a hint that comes in the open."""
    assert reason(await ALL.read(encrypt(inner, "RSA-OAEP", "A128GCM", private_key("RSA")), "web")) != "verified"


def _with_header(**changes: object) -> str:
    """A token whose protected header was changed; nothing of it can be decrypted."""
    header, *rest = encrypt(INNER, "RSA-OAEP", "A128GCM", private_key("RSA")).split(".")
    members = json.loads(urlsafe_b64decode(header + "===")) | changes
    return ".".join([urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode(), *rest])


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"zip": "DEF"}, "zip"),
        ({"alg": "PBES2-HS256+A128KW", "p2c": 1_000_000_000, "p2s": "AAAA"}, "alg or enc"),
        ({"alg": "RSA1_5"}, "alg or enc"),
        ({"alg": "none"}, "alg or enc"),
        ({"alg": ["RSA-OAEP"]}, "alg or enc"),
        ({"enc": "none"}, "alg or enc"),
        ({"enc": None}, "alg or enc"),
        ({"p2c": 1}, "p2c"),
        ({"crit": ["exp"]}, "crit"),
        ({"kid": 7}, "kid"),
        ({"cty": "text/plain"}, "cty"),
    ],
)
@pytest.mark.usefixtures("no_decryption")
async def test_headers_that_are_refused_before_any_cryptography(header: dict[str, object], why: str) -> None:
    """T7, T8: compression, passwords, weak and unknown algorithms, extensions. No key is touched."""
    assert why in reason(await ALL.read(_with_header(**header), "web"))


@pytest.mark.usefixtures("no_decryption")
async def test_a_compression_bomb_costs_nothing() -> None:
    """T8: real compressed content, small on the wire and large inside, is refused unopened."""
    bomb = encrypt(b"\0" * 20_000_000, "dir", "A128GCM", secret_for(SECRET, "dir", "A128GCM"), zip="DEF")
    assert len(bomb) < 32 * 1024
    assert "zip" in reason(await ALL.read(bomb, "web"))


async def test_a_secret_of_one_client_opens_nothing_of_another() -> None:
    """The key is derived from the secret of the client that `client_id` names, and of no other."""
    other = OctKey.import_key(b"0" * 32)
    sent = encrypt(INNER, "dir", "A256GCM", other, kid=None)
    assert "no key" in reason(await ALL.read(sent, "web"))


def test_a_key_encrypts_only_if_it_is_for_that() -> None:
    """A key for signatures, or for another algorithm, is not taken to decrypt or encrypt with."""
    jwk = private_key("RSA").as_dict(private=True)
    for changes, fits in (({}, 1), ({"use": "sig"}, 0), ({"alg": "RSA-OAEP"}, 0), ({"alg": "RSA-OAEP-256"}, 1)):
        assert len(fitting([Key.load({**jwk, **changes})], "RSA-OAEP-256", None)) == fits, changes
