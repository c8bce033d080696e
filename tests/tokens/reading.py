"""A reader of the hints of one issuer, with clients of every algorithm, and what it made of a token."""

from __future__ import annotations

import hmac
import json
import time
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, KeyParameters, OctKey, OKPKey, RSAKey
from pydantic import SecretStr

from endsession.protocol.client import Client
from endsession.protocol.hint import Hint, RefusedHint, VerifiedHint
from endsession.tokens.hint import IdTokenHints
from endsession.tokens.keyring import KeyRing
from endsession.tokens.keys import Key as OurKey
from endsession.tokens.keys import KeySet
from endsession.tokens.sources import InlineKeys
from tests.kit.tokens import id_claims, sign

ISSUER = "https://login.example/acme"
SECRET = "a-client-secret-that-is-long-enough-for-hs512-too-so-64-octets-or-more"
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SYMMETRIC = ("HS256", "HS384", "HS512")
RAW = Mapping[str, Any] | bytes


def key_for(alg: str, kid: str = "k1") -> Key:
    """A private key for `alg`, the same one for the same arguments within a run; `Ed448` stands for EdDSA with it."""
    return _key(alg, kid)


@cache
def _key(alg: str, kid: str) -> Key:
    members: KeyParameters = {"kid": f"{alg}-{kid}", "use": "sig"}
    if alg in SYMMETRIC:
        return OctKey.import_key(SECRET)
    if alg[:2] in ("RS", "PS"):
        return RSAKey.generate_key(2048, members)
    if alg[:2] == "ES":
        return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[alg], members)
    return OKPKey.generate_key("Ed448" if alg == "Ed448" else "Ed25519", members)


def public(alg: str, kid: str = "k1", /, **changes: Any) -> dict[str, Any]:
    """The public part of `key_for(alg, kid)` with `changes`; a change to None leaves the member out."""
    members = {**key_for(alg, kid).as_dict(private=False), **changes}
    return {name: value for name, value in members.items() if value is not None}


def signed(alg: str = "RS256", *, header: dict[str, Any] | None = None, kid: str = "k1", **changes: Any) -> str:
    """An ID token for the client that registered `alg`, which has its name."""
    key = key_for(alg, kid)
    said = {"alg": "EdDSA" if alg == "Ed448" else alg, **(header or {})}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)  # RFC 9864; providers still use it
        return sign(id_claims(**{"aud": said["alg"], **changes}), str(said["alg"]), key=key, header=said)


def hmac_signed(secret: bytes, alg: str, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token with an HMAC of any secret, as an attacker makes one with whatever is known."""
    head = segment(json.dumps({"alg": alg, **(header or {})}).encode())
    signing_input = f"{head}.{segment(json.dumps(id_claims(**{'aud': alg, **changes})).encode())}"
    return f"{signing_input}.{segment(hmac.digest(secret, signing_input.encode(), f'sha{alg[2:]}'))}"


def put_together(header: RAW, claims: RAW, signature: bytes = b"signature") -> str:
    """A compact JWS of these parts, signed by nobody. Bytes are taken as they are."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    return ".".join(segment(part) for part in (*parts, signature))


def segment(octets: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def octets(text: str) -> bytes:
    """What a segment stands for."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def reader(
    keys: Mapping[str, Any] | None = None,
    *clients: Client,
    clock: Any = time.time,
    decryption: Sequence[OurKey] = (),
) -> IdTokenHints:
    """A reader with these keys, and a client named after each algorithm in addition to `clients`."""
    registered = {
        alg: Client(client_id=alg, id_token_signed_response_alg=alg, client_secret=SecretStr(SECRET))  # type: ignore[arg-type]
        for alg in (*ASYMMETRIC, *SYMMETRIC)
    }
    registered |= {client.client_id: client for client in clients}

    async def find_client(client_id: str) -> Client | None:
        assert "\x00" not in client_id, "PostgreSQL has no place for it"
        client_id.encode()  # nor has any database for what is not text
        return registered.get(client_id)

    document = {"keys": [public("RS256")]} if keys is None else keys
    return IdTokenHints(ISSUER, InlineKeys(ring(document)), find_client, clock, decryption)


def ring(document: Mapping[str, Any], clock: Any = time.time, **options: Any) -> KeyRing:
    """A key ring that holds the keys of a JWK Set."""
    made = KeyRing(clock, **options)
    made.replace(KeySet.load(document))
    return made


def reason(hint: Hint) -> str:
    """Why a hint was refused; `verified` if it was not."""
    if isinstance(hint, RefusedHint):
        return f"{hint.kind}: {hint.reason}"
    assert isinstance(hint, VerifiedHint)
    return "verified"
