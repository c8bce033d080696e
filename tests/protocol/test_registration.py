"""What a client may register: the rules that apply again when the registration is used (R14, R20, R22, R40, T32)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from endsession.protocol.client import Client, is_loopback, registration_problems
from endsession.protocol.client_keys import public_jwks

from .test_redirect import SCHEMES_THAT_RUN

PUBLIC = {"token_endpoint_auth_method": "none"}
NATIVE = {"application_type": "native"}
IMPLICIT = {"grant_types": ("implicit",), "response_types": ("id_token",)}
KEYS: dict[str, Any] = {"keys": []}


def problems(**metadata: Any) -> list[str]:
    """The members that are refused."""
    return [member for member, _ in registration_problems(Client(client_id="web", **metadata))]


@pytest.mark.parametrize(
    ("uri", "metadata"),
    [
        ("https://app.example/signed-out", {}),
        ("https://app.example/signed-out?x=1", PUBLIC),
        ("http://app.example/signed-out", {}),
        ("http://localhost:3000/", PUBLIC),
        ("http://127.0.0.1/", PUBLIC | NATIVE),
        ("http://app.localhost/", PUBLIC),
        ("com.example.app:/signed-out", NATIVE),
        ("com.example.app://signed-out", NATIVE),
        ("http://localhost:3000/", NATIVE),
        ("http://[::1]:3000/", NATIVE | IMPLICIT),
        ("https://*.apps.example/signed-out", {}),
        ("https://*.apps.example:8443/?x=1", {}),
    ],
)
def test_post_logout_uri_that_may_be_registered(uri: str, metadata: dict[str, Any]) -> None:
    """https; http for confidential clients and loopback; own schemes for native apps; one wildcard label."""
    assert problems(post_logout_redirect_uris=(uri,), **metadata) == []


@pytest.mark.parametrize(
    ("uri", "metadata"),
    [
        ("http://app.example/signed-out", PUBLIC),
        # Native apps cannot keep a secret, whatever they registered (RFC 8252, section 8.4); nor can implicit clients.
        ("http://app.example/signed-out", NATIVE),
        ("http://app.example/signed-out", IMPLICIT),
        ("http://app.example/signed-out", {"response_types": ("code id_token",)}),
        ("http://app.example/signed-out", {"response_types": ("code", "token")}),
        ("http://localhost:3000/", IMPLICIT),
        # A scheme without a period is nobody's (RFC 8252, section 7.1).
        ("myapp://signed-out", NATIVE),
        ("myapp:/signed-out", NATIVE),
        ("http://localhost.evil.example/", PUBLIC),
        ("com.example.app:/signed-out", {}),
        ("Com.Example.App:/signed-out", NATIVE),
        ("HTTPS://app.example/", {}),
        ("https://app.example/#x", {}),
        ("https://user@app.example/", {}),
        ("/signed-out", {}),
        ("app.example/signed-out", {}),
        ("https://app.example/signed out", {}),
        # Wildcards that stand for more than one label of one domain.
        ("https://*/", {}),
        ("https://*.example/", {}),
        ("https://*.example:443/", {}),
        ("https://*.example?x=.a", {}),
        ("https://*.example.", {}),
        ("https://*.*.apps.example/", {}),
        ("https://a-*.apps.example/", {}),
        ("https://one.*.example/", {}),
        ("https://app.example/*", {}),
        ("https://app.example/?x=*", {}),
        ("http://*.apps.example/", {}),
        ("*://app.example/", {}),
        ("https://*.apps.example@evil.example/", {}),
        ("https://*..example/", {}),
        *((uri, NATIVE) for uri in SCHEMES_THAT_RUN),
    ],
)
def test_post_logout_uri_that_may_not(uri: str, metadata: dict[str, Any]) -> None:
    """The member is named, and the sentence repeats which of its values is meant."""
    (found,) = registration_problems(Client(client_id="web", post_logout_redirect_uris=(uri,), **metadata))
    assert found[0] == "post_logout_redirect_uris"
    assert repr(uri) in found[1]


@pytest.mark.parametrize("member", ["backchannel_logout_uri", "frontchannel_logout_uri", "client_uri"])
@pytest.mark.parametrize(
    ("uri", "metadata", "refused"),
    [
        ("https://app.example/logout?x=1", PUBLIC, False),
        ("http://app.example/logout", {}, False),
        ("http://app.example/logout", PUBLIC, True),
        ("http://[::1]:8000/logout", PUBLIC, False),
        ("https://app.example/logout#x", {}, True),
        ("https://*.apps.example/logout", {}, True),
        ("com.example.app:/logout", NATIVE, True),
        ("javascript:alert(1)", NATIVE, True),
        ("/logout", {}, True),
    ],
)
def test_web_addresses(member: str, uri: str, metadata: dict[str, Any], refused: bool) -> None:
    """Absolute, no fragment; https, or http for confidential clients and loopback (Back-Channel Logout, 2.2)."""
    assert problems(**{member: uri}, redirect_uris=(uri,), **metadata).count(member) == refused


@pytest.mark.parametrize(
    ("redirect", "shares"),
    [
        ("https://app.example/callback", True),
        ("https://app.example:443/callback", True),
        ("https://app.example:8443/callback", False),
        ("http://app.example/callback", False),
        ("https://www.app.example/callback", False),
    ],
)
def test_front_channel_shares_an_origin(redirect: str, shares: bool) -> None:
    """Scheme, host and port are those of a redirect URI (Front-Channel Logout 1.0, section 2)."""
    found = problems(frontchannel_logout_uri="https://app.example/out", redirect_uris=("https://b.example/", redirect))
    assert found == ([] if shares else ["frontchannel_logout_uri"])
    plain = {"frontchannel_logout_uri": "http://app.example:80/out", "redirect_uris": ("http://app.example/callback",)}
    assert problems(**plain) == []


@pytest.mark.parametrize(
    ("uri", "metadata", "refused"),
    [
        ("http://app.example/callback", {}, False),
        ("http://app.example/callback", PUBLIC, True),
        ("http://app.example/callback", NATIVE, True),
        ("http://app.example/callback", IMPLICIT, True),
        ("http://127.0.0.1:5000/callback", NATIVE, False),
        ("http://127.0.0.1:5000/callback", IMPLICIT, True),
        ("com.example.app:/callback", NATIVE, False),
        ("myapp:/callback", NATIVE, True),
        ("javascript:alert(1)//a.b", NATIVE, True),
        ("intent://a.b/#Intent;end", NATIVE, True),
    ],
)
def test_redirect_uris_keep_the_same_rules(uri: str, metadata: dict[str, Any], refused: bool) -> None:
    """Where a sign-in returns to is no less dangerous than where a logout does."""
    assert problems(redirect_uris=(uri,), **metadata) == (["redirect_uris"] if refused else [])


def test_a_back_channel_address_may_be_anywhere() -> None:
    """No browser goes there; nor does a home page have to be where sign-ins return to."""
    assert problems(backchannel_logout_uri="https://b.example/", client_uri="https://c.example/") == []


@pytest.mark.parametrize("uri", ["https://app.example:99999/", "https://[::1", "/callback", "https://app.example/#"])
def test_a_malformed_redirect_uri_is_named(uri: str) -> None:
    """It is compared with, so it has to be one."""
    assert "redirect_uris" in problems(redirect_uris=(uri,), frontchannel_logout_uri="https://app.example/out")


@pytest.mark.parametrize(("alg", "octets"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_hmac_needs_a_long_enough_secret(alg: str, octets: int) -> None:
    """A key as long as the hash (RFC 7518, section 3.2); a shorter one would verify nothing, without a word."""
    assert problems(id_token_signed_response_alg=alg) == ["client_secret"]
    assert problems(id_token_signed_response_alg=alg, client_secret=SecretStr("x" * octets)) == []
    short = Client(client_id="web", id_token_signed_response_alg=alg, client_secret=SecretStr("x" * (octets - 1)))  # type: ignore[arg-type]
    ((member, problem),) = registration_problems(short)
    assert (member, "xxx" in problem) == ("client_secret", False)


@pytest.mark.parametrize("alg", ["dir", "A256KW"])
def test_symmetric_encryption_needs_the_secret(alg: str) -> None:
    """Its keys are derived from it (Core 1.0, section 10.2)."""
    assert problems(id_token_encrypted_response_alg=alg) == ["client_secret"]
    assert problems(id_token_encrypted_response_alg=alg, client_secret=SecretStr("any")) == []


@pytest.mark.parametrize("alg", ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW"])
def test_other_encryption_needs_the_clients_keys(alg: str) -> None:
    """What is encrypted for the client is encrypted to its own keys."""
    assert problems(id_token_encrypted_response_alg=alg) == ["jwks"]
    assert problems(id_token_encrypted_response_alg=alg, jwks=KEYS) == []


PUBLIC_KEY = {"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB", "kid": "k1", "use": "enc"}
PRIVATE: dict[str, dict[str, Any]] = {
    "RSA": {"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "hush"},
    "RSA by its primes": {"kty": "RSA", "n": "AQAB", "e": "AQAB", "p": "hush", "q": "hush"},
    "RSA by what is derived": {"kty": "RSA", "n": "AQAB", "e": "AQAB", "dp": "hush", "dq": "hush", "qi": "hush"},
    "RSA by more primes": {"kty": "RSA", "n": "AQAB", "e": "AQAB", "oth": [{"r": "hush"}]},
    "EC": {"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB", "d": "hush"},
    "OKP": {"kty": "OKP", "crv": "X25519", "x": "AQAB", "d": "hush"},
    "symmetric": {"kty": "oct", "k": "hush"},
    "of a type to come": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AQAB", "priv": "hush"},
}


@pytest.mark.parametrize("key", PRIVATE)
def test_a_private_key_is_no_part_of_a_registration(key: str) -> None:
    """Nobody but the app has any business with it; and what is wrong is said without repeating any of it."""
    for jwks in ({"keys": [PRIVATE[key]]}, {"keys": [PUBLIC_KEY, PRIVATE[key]]}, PRIVATE[key]):
        ((member, problem),) = registration_problems(Client(client_id="web", jwks=jwks))
        assert member == "jwks"
        assert "private" in problem
        assert "hush" not in problem


def test_a_key_that_was_stored_is_shown_without_its_private_part() -> None:
    """One that was registered before this was refused."""
    shown = public_jwks({"keys": [*PRIVATE.values(), "rubbish"], "d": "hush"})
    assert "hush" not in str(shown)
    assert [key["kty"] for key in shown["keys"] if isinstance(key, dict)] == [key["kty"] for key in PRIVATE.values()]
    assert public_jwks({"keys": [PUBLIC_KEY]}) == {"keys": [PUBLIC_KEY]}
    assert problems(jwks={"keys": [PUBLIC_KEY]}) == []


@pytest.mark.parametrize(("expires_at", "expired"), [(0, False), (1000, True), (1001, False), (999, True)])
def test_a_secret_may_expire(expires_at: int, expired: bool) -> None:
    """`client_secret_expires_at`: 0 is never (OpenID Connect Dynamic Client Registration 1.0, section 3.2)."""
    assert Client(client_id="web", client_secret_expires_at=expires_at).secret_has_expired(1000) == expired
    assert problems(client_secret_expires_at=expires_at) == []
    assert problems(client_secret_expires_at=-1) == ["client_secret_expires_at"]


def test_a_secret_is_never_shown() -> None:
    """Not in the representation of a client, so in no log and no trace."""
    assert "hush" not in repr(Client(client_id="web", client_secret=SecretStr("hush")))


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback(host: str) -> None:
    """This machine by name or address."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "localhost.example", "notlocalhost", "128.0.0.1", "::2", "10.0.0.1", "127.1.example"]
)
def test_not_loopback(host: str) -> None:
    """Any other."""
    assert not is_loopback(host)


def test_defaults() -> None:
    """Those of the specifications: RS256, a confidential web client, no `sid` required, nobody disabled."""
    client = Client(client_id="web")
    assert (client.id_token_signed_response_alg, client.confidential, client.native) == ("RS256", True, False)
    assert (client.backchannel_logout_session_required, client.frontchannel_logout_session_required) == (False, False)
    assert client.disabled is False


def test_names() -> None:
    """What a person calls a client."""
    assert Client(client_id="web").name == "web"
    assert Client(client_id="web", client_name="The App").name == "The App"


@pytest.mark.parametrize("name", ["a\nb", "ok\u202egnp", "x\u2066y", "tab\tbed", "\x7f"])
def test_a_name_that_pretends_is_refused(name: str) -> None:
    """T15: control characters, and those that change the direction of text. Names in any script are fine."""
    assert [member for member, _ in registration_problems(Client(client_id="web", client_name=name))] == ["client_name"]
    assert not list(
        registration_problems(Client(client_id="web", client_name="Zu\u0308rich \u05d0\u05d1 \u6771\u4eac"))
    )
