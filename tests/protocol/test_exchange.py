"""What a sign-in says of itself: keys of requests, redirects and token requests."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endsession.protocol.exchange import (
    Redirected,
    awaited_keys,
    basic_client,
    challenge_key,
    code_key,
    evidence,
    nonce_key,
    parameters,
    redirected,
    s256,
    token_request,
)

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The example of RFC 7636, appendix B."""


def test_a_verifier_finds_its_challenge() -> None:
    """By S256, and by the plain method, whose challenge is the verifier."""
    assert s256(VERIFIER) == CHALLENGE
    found = evidence(token_request(f"code_verifier={VERIFIER}".encode(), ""), None, None)
    by_s256 = awaited_keys({"code_challenge": CHALLENGE, "code_challenge_method": "S256"})
    by_plain = awaited_keys({"code_challenge": VERIFIER, "code_challenge_method": "plain"})
    by_default = awaited_keys({"code_challenge": VERIFIER})
    assert found == by_s256 == by_plain == by_default == (challenge_key(CHALLENGE),)
    assert awaited_keys({"code_challenge": CHALLENGE, "code_challenge_method": "S512"}) == ()


def test_a_nonce_is_its_clients() -> None:
    """Two apps may choose the same one; without a client it says nothing."""
    assert awaited_keys({"client_id": "web", "nonce": "n"}) == (nonce_key("web", "n"),)
    assert nonce_key("web", "n") != nonce_key("shop", "n")
    assert nonce_key("a\nb", "c") == nonce_key("a\nb", "c")
    assert awaited_keys({"nonce": "n"}) == ()


def test_the_code_is_the_strongest_evidence() -> None:
    """It comes first, then the nonce, then the challenge."""
    request = token_request(f"code=c&code_verifier={VERIFIER}&client_id=web".encode(), "")
    assert evidence(request, "web", "n") == (code_key("c"), nonce_key("web", "n"), challenge_key(CHALLENGE))


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://app.example/cb?code=abc&state=s", Redirected(code="abc")),
        ("https://app.example/cb#code=abc&id_token=e.y.J", Redirected(code="abc", id_token="e.y.J")),
        ("https://app.example/cb?response=e.y.J", Redirected(response="e.y.J")),
        ("app.example:/cb?error=login_required&state=s", Redirected(error=True)),
        ("https://app.example/cb?code=a&code=b", Redirected()),
        ("/login?next=%2Fauthorize%3Fcode_challenge%3Dx", Redirected()),
        ("https://[bad", Redirected()),
    ],
)
def test_a_redirect_is_read(location: str, expected: Redirected) -> None:
    """Query and fragment; what is repeated says two things, and so nothing."""
    assert redirected(location) == expected


@pytest.mark.parametrize(
    ("header", "client_id"),
    [
        ("Basic " + base64.b64encode(b"web:secret").decode(), "web"),
        ("basic " + base64.b64encode(b"a%3Ab+c:s:t").decode(), "a:b c"),
        ("Basic " + base64.b64encode(b"no-colon").decode(), None),
        ("Basic ###", None),
        ("Bearer abc", None),
        ("", None),
    ],
)
def test_basic_authentication_names_the_client(header: str, client_id: str | None) -> None:
    """Form-encoded, as RFC 6749, section 2.3.1, has it."""
    assert basic_client(header) == client_id


@given(st.binary(max_size=300))
def test_no_body_is_too_odd(body: bytes) -> None:
    """Anything can be sent; what cannot be read says nothing."""
    read = parameters(body)
    assert all(isinstance(value, str) for value in read.values())
    awaited_keys(read)
    request = token_request(body, body.decode("latin-1"))
    evidence(request, request.client_id, read.get("nonce"))
    redirected("https://app.example/?" + body.decode("latin-1"))
