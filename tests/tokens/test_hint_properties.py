"""Whatever text comes as a hint: the answer is a value, it repeats nothing, and only what was signed is believed."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from endsession.protocol.client import Client
from endsession.protocol.hint import Hint, RefusedHint, VerifiedHint
from endsession.tokens.keys import Key
from tests.kit.encrypted import ASYMMETRIC, CONTENT, SYMMETRIC, private_key
from tests.kit.properties import tried
from tests.kit.tokens import id_claims, sign

from .reading import hmac_signed, key_for, octets, put_together, reader, segment, signed

many = tried(300)
WEB = Client(client_id="web")
READER = reader(None, WEB)
NOW = int(time.time())

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**400, -1, 2**63, "web", "JWT", "RS256", "RS256-k1", "none", "\ud800", "a\x00b", ""])
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
HEADER_MEMBERS = st.sampled_from(
    ["alg", "kid", "typ", "cty", "crit", "b64", "zip", "jwk", "jku", "x5u", "x5c", "enc", "p2c", "epk", "iss"]
)
CLAIMS = st.sampled_from(
    ["iss", "sub", "aud", "azp", "sid", "iat", "exp", "nbf", "events", "typ", "token_use", "nonce", "auth_time"]
)


def told(hint: Hint) -> str:
    """What the log would get to see."""
    return hint.reason if isinstance(hint, RefusedHint) else ""


@many
@given(
    st.dictionaries(HEADER_MEMBERS, VALUES, max_size=4),
    st.dictionaries(CLAIMS, VALUES, max_size=4),
    st.binary(max_size=300),
    st.sampled_from([None, "web", "app", "", "\ud800"]),
)
async def test_any_header_and_any_claims(
    header: dict[str, Any], claims: dict[str, Any], signature: bytes, asked: str | None
) -> None:
    """Members of any type in the place of those that belong there: refused, since nobody signed them."""
    token = put_together(
        _json({"alg": "RS256", "kid": "RS256-k1"} | header), _json(id_claims(aud="web") | claims), signature
    )
    assert isinstance(await READER.read(token, asked), RefusedHint)


KINDS = ("RSA", "P-256", "X25519")
DECRYPTING = reader(None, WEB, decryption=[Key.load(private_key(kind).as_dict(private=True)) for kind in KINDS])
SEGMENTS = st.lists(st.binary(max_size=80) | st.sampled_from([b"", b"\0" * 12, b"\0" * 256]), min_size=4, max_size=4)


@many
@given(
    st.sampled_from([*ASYMMETRIC, *SYMMETRIC, "PBES2-HS256+A128KW", "none"]),
    st.sampled_from([*CONTENT, "A1GCM"]),
    st.dictionaries(HEADER_MEMBERS, VALUES, max_size=4),
    SEGMENTS,
    st.sampled_from([None, "web", "HS256"]),
)
async def test_any_encrypted_text(
    alg: str, enc: str, header: dict[str, Any], parts: list[bytes], asked: str | None
) -> None:
    """Five segments of anything, to a reader that has keys: refused, since nobody encrypted them to us."""
    members = {"alg": alg, "enc": enc, "kid": None} | header
    token = ".".join(map(segment, [_json(members), *parts]))
    assert isinstance(await DECRYPTING.read(token, asked), RefusedHint)


@many
@given(st.dictionaries(CLAIMS, VALUES, max_size=4), st.sampled_from([None, "web", "app"]))
async def test_any_claims_that_the_provider_signed(claims: dict[str, Any], asked: str | None) -> None:
    """A provider may sign nonsense. What is believed of it has the right types, and is for one of our clients."""
    everything = id_claims(aud="web") | claims
    hint = await READER.read(sign(_json(everything), key=key_for("RS256")), asked)
    if isinstance(hint, VerifiedHint):
        assert hint.client_id in (everything["aud"], *(everything["aud"] if type(everything["aud"]) is list else ()))
        assert hint.sub == everything["sub"]
        assert hint.sid == everything.get("sid")
        assert type(hint.iat) is int
        assert type(hint.exp) is int
        assert 0 <= hint.iat <= NOW + 3600
        assert "events" not in everything
        assert everything["iss"] == "https://login.example/acme"
    else:
        assert isinstance(hint, RefusedHint)


GOOD = signed(aud="web")
TOKENS = st.sampled_from(
    [
        GOOD,
        signed("ES256"),
        signed("EdDSA"),
        hmac_signed(b"x" * 64, "HS256"),
        put_together({"alg": "none"}, id_claims(), b""),
        put_together({"alg": "dir", "enc": "A128GCM"}, {}, b"") + ".AAAA.AAAA",
    ]
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A token with segments swapped, left out, doubled, decoded, spoilt, or with pieces of JSON put in."""
    parts = draw(TOKENS).split(".")
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(parts) - 1))
        part = parts[index]
        place = draw(st.integers(0, len(part)))
        kind = draw(st.sampled_from(["drop", "double", "swap", "text", "bytes", "insert", "json", "decode", "cut"]))
        if kind == "drop" and len(parts) > 1:
            del parts[index]
        elif kind == "double":
            parts.insert(index, part)
        elif kind == "swap":
            parts[index], parts[0] = parts[0], part
        elif kind == "text":
            parts[index] = draw(st.text(max_size=40))
        elif kind == "bytes":
            parts[index] = segment(draw(st.binary(max_size=60)))
        elif kind == "insert":
            parts[index] = part[:place] + draw(st.text(max_size=3)) + part[place:]
        elif kind == "json":
            parts[index] = segment(_json(draw(VALUES)))
        elif kind == "decode":
            with suppress(ValueError):
                parts[index] = octets(part).decode("latin-1")
        else:
            parts[index] = part[:place]
    return draw(st.sampled_from(["", "", " ", "\n", "Bearer "])) + ".".join(parts)


@many
@given(mutations() | st.text(max_size=60), st.none() | st.text(max_size=5))
async def test_any_text(token: str, asked: str | None) -> None:
    """Never an exception; and if it is believed, then it is the token that was signed."""
    hint = await READER.read(token, asked)
    if isinstance(hint, VerifiedHint):
        assert token == GOOD
    else:
        assert isinstance(hint, RefusedHint)


@many
@given(st.text("abcdefghijklmnop", min_size=12, max_size=30), HEADER_MEMBERS, CLAIMS)
async def test_a_reason_repeats_nothing(secret: str, member: str, claim: str) -> None:
    """Reasons go into the log, and the log holds no part of a token (T23)."""
    for token in (
        secret,
        f"{secret}.{secret}.{secret}",
        put_together({"alg": "RS256", member: secret}, id_claims(aud="web") | {claim: secret}),
        put_together({"alg": "RS256", member: [secret]}, id_claims(aud=[secret, "web"]) | {claim: {secret: secret}}),
    ):
        assert secret not in told(await READER.read(token, secret))


def _json(value: Any) -> bytes:
    """JSON as no honest library writes it: with NaN, huge numbers, half characters."""
    return json.dumps(value).encode()
