"""Errors as answers: one renderer, the form that policy and Accept choose, and nothing of the inside in it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest

from endsession.contract.negotiation import prefers
from endsession.contract.rendering import render
from endsession.contract.request import ErrorForm
from endsession.protocol import errors
from tests.kit.deployment import TOKEN, Deployment, deploy
from tests.kit.flow import AUTHPI, HTML, JSON, PING
from tests.kit.raw import Answer, ask
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"
OAUTH, PROBLEM, PAGE = "application/json", "application/problem+json", "text/html; charset=utf-8"


def is_an_error(answer: Answer, status: int, media_type: str) -> bool:
    """An error of this status in this form, with the members of that form and no other."""
    assert (answer.status, answer.header("content-type")) == (status, media_type)
    if media_type == PAGE:
        assert (answer.header("content-security-policy") or "").startswith("default-src 'none'")
        HTMLParser().feed(answer.text)
    else:
        members = json.loads(answer.body)
        known = ({"title", "status", "detail"}, {"error", "error_description"})[media_type == OAUTH]
        assert set(members) == known
    return True


def host_of(name: str) -> str:
    """The host of the issuer that answers errors in this form."""
    return f"{name.replace('_', '-')}.example"


@pytest.fixture(scope="module")
async def formats(tmp_path_factory: pytest.TempPathFactory, backend: str) -> AsyncIterator[Deployment]:
    """Issuers whose plain endpoint answers errors in one form each."""
    names = ("negotiate", "oauth_json", "problem", "html")
    issuers = {
        name: {
            "issuer": f"https://login.example/{name}",
            "hosts": [host_of(name)],
            "jwks": {"keys": []},
            "policy": {"error_format": name},
            "dialects": {"pingfederate": {"policy": {"error_format": name}}},
        }
        for name in names
    }
    async with deploy(
        tmp_path_factory.mktemp("formats"), {"issuers": {"acme": {"default": False}, **issuers}}
    ) as deployment:
        yield deployment


FORMS = [
    ("negotiate", "", OAUTH),
    ("negotiate", "*/*", OAUTH),
    ("negotiate", JSON, OAUTH),
    ("negotiate", HTML, PAGE),
    ("oauth_json", "", OAUTH),
    ("oauth_json", "*/*", OAUTH),
    ("oauth_json", JSON, OAUTH),
    ("oauth_json", HTML, OAUTH),
    ("problem", "", PROBLEM),
    ("problem", "*/*", PROBLEM),
    ("problem", JSON, PROBLEM),
    ("problem", HTML, PAGE),
    ("html", "", PAGE),
    ("html", "*/*", PAGE),
    ("html", JSON, PAGE),
    ("html", HTML, PAGE),
]


@pytest.mark.parametrize(("name", "accept", "media_type"), FORMS)
async def test_the_form_of_an_error(formats: Deployment, name: str, accept: str, media_type: str) -> None:
    """`error_format` and Accept decide it (section 3 of the design), for errors of the request and of its route."""
    plain = f"/{name}/end-session"
    for method, target, status in (("GET", f"{plain}?state=a&state=b", 400), ("PATCH", plain, 405)):
        assert is_an_error(await ask(formats.app, method, target, accept=accept or None), status, media_type)


@pytest.mark.parametrize(("name", "accept", "media_type"), FORMS)
async def test_the_form_of_an_error_where_the_host_names_the_issuer(
    formats: Deployment, name: str, accept: str, media_type: str
) -> None:
    """The same where no path names an issuer: its host does, for errors of the route as well."""
    for method, target, status in (("GET", f"{PING}?state=a&state=b", 400), ("PATCH", PING, 405)):
        answer = await ask(formats.app, method, target, accept=accept or None, host=host_of(name))
        assert is_an_error(answer, status, media_type)


async def test_the_endpoints_preset_forms_errors_before_an_issuer_is_known(formats: Deployment) -> None:
    """AuthPI documents nothing but JSON; PingFederate answers with pages."""
    unknown = await ask(formats.app, "GET", "/nobody/logout?id_token_hint=x", accept=HTML)
    assert is_an_error(unknown, 404, OAUTH)
    no_default = await ask(formats.app, "GET", PING, accept=JSON)
    assert is_an_error(no_default, 404, PAGE)


@pytest.mark.parametrize("accept", ["", "*/*", JSON, HTML])
async def test_authpi_answers_errors_in_json_only(shared: Deployment, accept: str) -> None:
    """Whatever the browser would rather have."""
    for method, target, status in (
        ("GET", AUTHPI, 400),
        ("GET", f"{AUTHPI}?id_token_hint={id_token(iss='https://x.example')}", 401),
        ("GET", "/nobody/logout?id_token_hint=x", 404),
        ("DELETE", AUTHPI, 405),
        ("GET", f"{AUTHPI}?id_token_hint={id_token()}&post_logout_redirect_uri=https://evil.example/", 422),
    ):
        assert is_an_error(await ask(shared.app, method, target, accept=accept or None), status, OAUTH)


@pytest.mark.parametrize("accept", ["", "*/*", JSON, HTML])
async def test_management_answers_errors_in_json_only(shared: Deployment, accept: str) -> None:
    """Machines talk there."""
    for method, target, token, status in (
        ("GET", "/acme/sessions/a%20b", TOKEN, 400),
        ("GET", "/acme/sessions/s", None, 401),
        ("GET", "/acme/sessions/s-nobody", TOKEN, 404),
        ("PATCH", "/acme/sessions/s", TOKEN, 405),
        ("GET", "/nobody/sessions/s", TOKEN, 404),
    ):
        assert is_an_error(await ask(shared.app, method, target, accept=accept or None, token=token), status, OAUTH)


@pytest.mark.parametrize(("accept", "media_type"), [("", OAUTH), ("*/*", OAUTH), (JSON, OAUTH), (HTML, PAGE)])
async def test_an_unknown_address_is_ours_to_refuse(shared: Deployment, accept: str, media_type: str) -> None:
    """A 404 of no operation looks like any other of our errors."""
    for target in ("/", "/nowhere", "/a/b/c/d", "/acme%2flogout", "/favicon.ico"):
        assert is_an_error(await ask(shared.app, "GET", target, accept=accept or None), 404, media_type)


# One rendering for all


EVERY_ERROR: list[errors.EndsessionError] = [
    kind(7) if kind is errors.RateLimited else kind()
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.EndsessionError)
]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
async def test_every_error_can_be_rendered_in_every_form(formats: Deployment, error: errors.EndsessionError) -> None:
    """With its status, its code, its own headers and a sentence that OAuth allows (RFC 6749, section 5.2)."""
    for name, accept, media_type in FORMS:
        response = render(error, ErrorForm(name), prefers(accept), "0123456789abcdef", formats.gateway)
        headers = tuple((key, value) for key, value in response.headers.items())
        answer = Answer(response.status_code, headers, bytes(response.body))
        assert is_an_error(answer, error.status, media_type)
        for header, value in error.headers.items():
            assert answer.header(header) == value
        if media_type == OAUTH:
            assert json.loads(answer.body) == {"error": error.code, "error_description": error.description}
        elif media_type == PROBLEM:
            assert json.loads(answer.body) == {
                "title": error.code, "status": error.status, "detail": error.description
            }  # fmt: skip
        else:
            assert "0123456789abcdef" in answer.text
    allowed = set(range(0x20, 0x7F)) - {0x22, 0x5C}
    assert {ord(character) for character in error.description} <= allowed
    assert 400 <= error.status < 600


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
async def test_the_detail_stays_inside(formats: Deployment, error: errors.EndsessionError) -> None:
    """What is for the operator's log is in no answer."""
    error.detail = "only-for-the-log"
    for name, accept, _ in FORMS:
        assert b"only-for-the-log" not in render(error, ErrorForm(name), prefers(accept), "0", formats.gateway).body
