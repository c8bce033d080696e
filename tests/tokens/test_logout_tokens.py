"""Logout tokens, read by a library other than the one that made them (Back-Channel Logout 1.0, section 2.4)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from joserfc import jwe, jws
from joserfc.jwk import KeySet as OtherKeySet
from joserfc.jwk import OctKey
from pydantic import SecretStr

from endsession.protocol.client import Client
from endsession.tokens.keys import Key, UnusableKey
from endsession.tokens.logout_token import CannotSign, LogoutTokens
from endsession.tokens.signing import NEW_KEYS, DecryptionKeys, SigningKeys, new_key
from tests.kit.encrypted import ASYMMETRIC, CONTENT, SYMMETRIC, key_kinds, private_key, secret_for
from tests.kit.logout_tokens import EVENT, validate

from .reading import ASYMMETRIC as SIGNATURES
from .reading import SECRET, key_for

ISSUER = "https://login.example/acme"


def tokens(*algs: str) -> LogoutTokens:
    """A maker with a signing key for each of these algorithms."""
    keys = [Key.load({**key_for(alg).as_dict(private=True), "alg": alg}) for alg in algs]
    return LogoutTokens(ISSUER, SigningKeys(keys))


ALL = tokens(*SIGNATURES)


def client(**members: Any) -> Client:
    """An app with a secret."""
    return Client(client_id="web", client_secret=SecretStr(SECRET), **members)


def make(maker: LogoutTokens, app: Client) -> str:
    """A token for alice's session."""
    return maker.make(app, sub="alice", sid="s-alice", now=time.time())


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("alg", SIGNATURES)
def test_every_asymmetric_algorithm(alg: str) -> None:
    """Signed with the issuer's key for what the client registered, and valid by every rule of the specification."""
    token = make(ALL, client(id_token_signed_response_alg=alg))
    claims = validate(token, {"keys": ALL.keys.public()}, issuer=ISSUER, audience="web", alg=alg)
    assert (claims["sub"], claims["sid"]) == ("alice", "s-alice")


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_every_symmetric_algorithm(alg: str) -> None:
    """Signed with the client's secret; no key of the issuer is named."""
    token = make(tokens(), client(id_token_signed_response_alg=alg))
    read = jws.deserialize_compact(token, OctKey.import_key(SECRET), algorithms=[alg])
    assert read.headers()["typ"] == "logout+jwt"
    assert "kid" not in read.headers()
    assert json.loads(read.payload)["events"] == {EVENT: {}}


def test_every_token_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh `jti` each time."""
    made = {make(ALL, client()) for _ in range(20)}
    assert len(made) == 20


@pytest.mark.parametrize(("sub", "sid"), [("alice", None), (None, "s-1")])
def test_sub_or_sid_may_be_left_out(sub: str | None, sid: str | None) -> None:
    """What is not known to the client is not in its token."""
    token = ALL.make(client(), sub=sub, sid=sid, now=time.time())
    claims = validate(token, {"keys": ALL.keys.public()}, issuer=ISSUER, audience="web", alg="RS256")
    assert (claims.get("sub"), claims.get("sid")) == (sub, sid)


def _opened(token: str, alg: str, enc: str, key: Any) -> tuple[dict[str, Any], str]:
    registry = jwe.JWERegistry(algorithms=[alg, enc], strict_check_header=False)
    opened = jwe.decrypt_compact(token, key, registry=registry)
    assert opened.plaintext is not None
    return dict(opened.headers()), opened.plaintext.decode()


@pytest.mark.parametrize("enc", CONTENT)
@pytest.mark.parametrize("alg", ASYMMETRIC)
def test_encrypted_to_the_client(alg: str, enc: str) -> None:
    """Signed, then encrypted to the client's own key, with `iss` in the header as well."""
    for kind in key_kinds(alg):
        key = private_key(kind)
        app = client(
            id_token_encrypted_response_alg=alg,
            id_token_encrypted_response_enc=enc,
            jwks={"keys": [key.as_dict(private=False)]},
        )
        header, inner = _opened(make(ALL, app), alg, enc, key)
        assert (header["iss"], header["typ"], header["cty"]) == (ISSUER, "logout+jwt", "JWT")
        validate(inner, {"keys": ALL.keys.public()}, issuer=ISSUER, audience="web", alg="RS256")


@pytest.mark.parametrize("enc", CONTENT)
@pytest.mark.parametrize("alg", SYMMETRIC)
def test_encrypted_with_the_clients_secret(alg: str, enc: str) -> None:
    """With the key that Core 1.0, section 10.2 derives from the secret."""
    app = client(id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc=enc)
    _, inner = _opened(make(ALL, app), alg, enc, secret_for(SECRET, alg, enc))
    validate(inner, {"keys": ALL.keys.public()}, issuer=ISSUER, audience="web", alg="RS256")


def test_without_a_key_nothing_is_signed() -> None:
    """The sentence names the algorithm, for the ledger."""
    with pytest.raises(CannotSign, match="ES256"):
        make(tokens("RS256"), client(id_token_signed_response_alg="ES256"))
    with pytest.raises(CannotSign, match="RSA-OAEP"):
        make(ALL, client(id_token_encrypted_response_alg="RSA-OAEP", jwks={"keys": []}))


def test_the_first_key_that_fits_is_active_and_all_are_published() -> None:
    """Retired keys stay in the set until they are taken out of the settings."""
    keys = SigningKeys([Key.load(new_key("RS256")), Key.load(new_key("RS256"))])
    active = keys.active("RS256")
    assert active is keys.keys[0]
    assert [key["kid"] for key in keys.public()] == [key.kid for key in keys.keys]
    assert all("d" not in key for key in keys.public())


@pytest.mark.parametrize("alg", NEW_KEYS)
def test_new_keys_are_good_for_what_they_are_made_for(alg: str) -> None:
    """`endsession keygen`: a key with its kid and use, which another library can read."""
    made = new_key(alg)
    OtherKeySet.import_key_set({"keys": [made]})
    holder = DecryptionKeys if made["use"] == "enc" else SigningKeys
    (published,) = holder([Key.load(made)]).public()
    assert (published["kid"], published["use"]) == (made["kid"], made["use"])
    assert "d" not in published


@pytest.mark.parametrize("member", ["d", "kid"])
def test_a_key_of_ours_needs_its_private_part_and_a_name(member: str) -> None:
    """A public key signs nothing, and a key without a kid is not found by apps."""
    jwk = {name: value for name, value in new_key("ES256").items() if name != member}
    with pytest.raises(UnusableKey):
        SigningKeys([Key.load(jwk)])
