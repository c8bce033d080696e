"""What a client gets when the provider fails, in the form of its protocol."""

from __future__ import annotations

import json
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import Response

from endsession.front.failures import Form, error_of, failure, redirect_failure
from endsession.front.response_head import Kind, ProviderFailed
from endsession.pages import Pages
from endsession.protocol.errors import (
    BodyTooLarge,
    EndsessionError,
    InvalidToken,
    RateLimited,
    ServiceUnavailable,
)

PAGES = Pages()
STATUS: dict[Kind, int] = {"slow": 504, "unreachable": 502, "hostile": 502, "busy": 503}


def shown(error: EndsessionError, form: Form, *, again: bool = False) -> Response:
    """The response of a request with a reference."""
    return failure(error, form, pages=PAGES, reference="0123abcd", again=again)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_each_failure_of_the_provider_is_an_error(kind: Kind) -> None:
    """With a status that says who failed; the detail is for the log, and in no response."""
    error = error_of(ProviderFailed(kind, "why it is so"))
    assert (error.status, error.code) == (STATUS[kind], "temporarily_unavailable")
    assert error.detail == f"the provider is {kind}: why it is so"
    for form in get_args(Form):
        response = shown(error, form)
        assert response.status_code == STATUS[kind]
        assert b"why it is so" not in response.body
        assert response.headers["cache-control"] == "no-store"
        assert ("retry-after" in response.headers) == (kind == "busy")


@pytest.mark.parametrize("error", [BodyTooLarge(), RateLimited(7), ServiceUnavailable()])
def test_endpoints_for_programs_get_json(error: EndsessionError) -> None:
    """RFC 6749, section 5.2; with the headers that the error has."""
    response = shown(error, "json")
    assert response.status_code == error.status
    assert response.headers["content-type"] == "application/json"
    assert json.loads(bytes(response.body)) == {"error": error.code, "error_description": error.description}
    assert response.headers.get("retry-after") == error.headers.get("Retry-After")
    assert "www-authenticate" not in response.headers


def test_userinfo_gets_a_challenge() -> None:
    """RFC 6750, section 3, where it has a code for the error; a provider that is not there is none."""
    refused = shown(InvalidToken("The session of this token has ended."), "bearer")
    assert refused.status_code == 401
    challenge = 'Bearer error="invalid_token", error_description="The session of this token has ended."'
    assert refused.headers.getlist("www-authenticate") == [challenge]
    large = shown(BodyTooLarge(), "bearer")
    assert large.headers["www-authenticate"].startswith('Bearer error="invalid_request"')
    gone = shown(error_of(ProviderFailed("unreachable", "")), "bearer")
    assert "www-authenticate" not in gone.headers


def test_a_browser_gets_a_page_with_a_way_on() -> None:
    """To the page's own URL, which a browser keeps; nothing of the request stands on the page."""
    response = shown(error_of(ProviderFailed("slow", "")), "page", again=True)
    page = bytes(response.body).decode()
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert '<a class="button" href="" rel="noreferrer">Try again</a>' in page
    assert "temporarily unavailable" in page
    assert "0123abcd" in page
    posted = bytes(shown(error_of(ProviderFailed("slow", "")), "page").body).decode()
    assert "href" not in posted
    assert "start again" in posted
    assert "Try again" not in bytes(shown(BodyTooLarge(), "page", again=True).body).decode()


@pytest.mark.parametrize(
    ("redirect_uri", "mode", "part"),
    [
        ("https://app.example/cb", None, "query"),
        ("https://app.example/cb?a=1", "query", "query"),
        ("https://app.example/cb?a=1", "fragment", "fragment"),
        ("com.example.app:/cb", "query", "query"),
    ],
)
def test_an_app_gets_an_authorization_response(redirect_uri: str, mode: str | None, part: str) -> None:
    """RFC 6749, section 4.1.2.1, in the response mode that was asked for, with its state and RFC 9207's `iss`."""
    error, state = error_of(ProviderFailed("unreachable", "")), "a b&c=d#\r\n"
    response = redirect_failure(error, redirect_uri, state=state, response_mode=mode, issuer="https://login.example")
    assert response is not None
    location = response.headers["location"]
    assert location.startswith(redirect_uri)
    assert parse_qs(getattr(urlsplit(location), part)) == {
        **({"a": ["1"]} if part == "query" and "?a=1" in redirect_uri else {}),
        "error": ["temporarily_unavailable"],
        "error_description": [error.description],
        "state": [state],
        "iss": ["https://login.example"],
    }
    assert response.status_code == 303


def test_what_an_authorization_response_cannot_say() -> None:
    """Without state there is none; a wrong request is the client's error; other modes need a page."""
    response = redirect_failure(BodyTooLarge(), "https://app.example/cb", state=None, response_mode=None)
    assert response is not None
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query == {"error": ["invalid_request"], "error_description": [BodyTooLarge.description]}
    for mode in ("form_post", "jwt", "query.jwt", "unheard-of"):
        assert redirect_failure(BodyTooLarge(), "https://app.example/cb", state=None, response_mode=mode) is None
