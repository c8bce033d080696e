"""`x-logout`: serving another vendor's logout URL is an edit of the document, and of nothing else."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from endsession.contract.document import BadDocument, Document, checked_document
from endsession.contract.endpoint import LogoutEndpoint, issuer_named, read_endpoint
from endsession.settings.presets import AUTHPI, OIDC, PINGFEDERATE
from tests.kit.deployment import DOCUMENT, cookie_of, deploy
from tests.kit.flow import HTML, JSON, answer, asks, both_methods, clears_cookie, log_out
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"
VENDOR = "/v2/logout"


def test_what_stands_in_it_is_read() -> None:
    """Every member has its meaning; the name is the preset's unless it is given."""
    extension = {
        "preset": "oidc",
        "issuer": {"from": "host"},
        "parameters": {"post_logout_redirect_uri": "returnTo"},
        "policy": {"prompt": "never"},
    }
    endpoint = read_endpoint(VENDOR, extension)
    assert endpoint == LogoutEndpoint(
        VENDOR, "oidc", "oidc", "host", {"post_logout_redirect_uri": "returnTo"}, {"prompt": "never"}
    )
    assert endpoint.vendor_name("post_logout_redirect_uri") == "returnTo"
    assert endpoint.vendor_name("state") == "state"
    assert read_endpoint(VENDOR, {**extension, "name": "acme"}).name == "acme"


def test_a_vendors_word_for_the_issuer() -> None:
    """The part of the path that names the issuer can be called otherwise, and an address has its name there."""
    extension = {"preset": "oidc", "issuer": {"from": "path", "parameter": "realm"}}
    endpoint = read_endpoint("/realms/{realm}/logout", extension)
    assert endpoint.issuer_parameter == "realm"
    assert endpoint.address("acme") == "/realms/acme/logout"
    assert issuer_named(endpoint, {"realm": "acme", "issuer_id": "globex"}) == "acme"
    assert issuer_named(None, {"realm": "acme", "issuer_id": "globex"}) == "globex"
    assert read_endpoint(VENDOR, {"issuer": {"from": "host"}}).address("acme") == VENDOR


def test_the_plain_endpoint_has_no_name_and_no_preset() -> None:
    """It follows the issuer's own preset and policy."""
    assert read_endpoint("/{issuer_id}/end-session", {"issuer": {"from": "path"}}) == LogoutEndpoint(
        "/{issuer_id}/end-session", None, None, "path"
    )


def test_the_documents_own_dialects() -> None:
    """Both seed vendors and the plain standard, each with its preset and the place of its issuer."""
    found = {path: (item.name, item.preset, item.issuer_from) for path, item in DOCUMENT.endpoints.items()}
    assert found == {
        "/idp/init_logout.openid": ("pingfederate", "pingfederate", "host"),
        "/{issuer_id}/logout": ("authpi", "authpi", "path"),
        "/{issuer_id}/end-session": (None, None, "path"),
    }
    assert (AUTHPI.error_format, PINGFEDERATE.error_format, OIDC.error_format) == ("oauth_json", "html", "negotiate")


@pytest.mark.parametrize("extension", [None, [], "oidc", 5, {"issuer": "host"}, {"issuer": {"from": ["host"]}}])
def test_what_cannot_be_read_is_a_value_error(extension: Any) -> None:
    """An extension of another shape is told, not guessed at."""
    with pytest.raises(ValueError, match="must be"):
        read_endpoint(VENDOR, extension)


# A made-up vendor, with its own URL and its own names for the parameters


def vendor(**extension: Any) -> Document:
    """The document with one path item more. There is no Python for it anywhere."""
    text = {"type": "string", "maxLength": 4096, "pattern": r"^[^\x00-\x1F\x7F]*$"}
    names = ("token", "returnTo", "app", "relay", "lang")
    responses = DOCUMENT.raw["paths"]["/{issuer_id}/end-session"]["post"]["responses"]
    item = {
        "x-logout": {
            "name": "vendor",
            "preset": "oidc",
            "issuer": {"from": "host"},
            "parameters": {
                "id_token_hint": "token",
                "post_logout_redirect_uri": "returnTo",
                "client_id": "app",
                "state": "relay",
                "ui_locales": "lang",
            },
            **extension,
        },
        "get": {
            "operationId": "vendorLogout",
            "tags": ["logout"],
            "parameters": [{"name": name, "in": "query", "schema": text} for name in names],
            "responses": responses,
        },
        "post": {
            "operationId": "vendorLogoutPost",
            "tags": ["logout"],
            "requestBody": {
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": {"type": "object", "properties": dict.fromkeys(names, text)}
                    }
                }
            },
            "responses": responses,
        },
    }
    raw = copy.deepcopy(dict(DOCUMENT.raw))
    return checked_document({**raw, "paths": {**raw["paths"], VENDOR: item}})


@both_methods
@pytest.mark.usefixtures("backend")
async def test_a_vendors_url_logs_out_with_the_vendors_names(tmp_path: Path, method: str) -> None:
    """A path item with a made-up URL and parameter names is all that it takes."""
    async with deploy(tmp_path, document=vendor()) as gateway:
        await gateway.register()
        parameters = {"token": id_token(), "returnTo": SIGNED_OUT, "app": "web", "relay": "back to you"}
        response = await log_out(gateway, method, VENDOR, cookie=cookie_of(), **parameters)
        assert response.status_code == 303
        assert response.headers["location"] == f"{SIGNED_OUT}?state=back%20to%20you"
        assert clears_cookie(response)
        assert await gateway.state_of() == "ended"


@both_methods
@pytest.mark.usefixtures("backend")
async def test_a_vendors_url_asks_and_believes_the_answer(tmp_path: Path, method: str) -> None:
    """The whole flow runs at the vendor's URL, the question and its redirect included."""
    async with deploy(tmp_path, document=vendor()) as gateway:
        await gateway.register()
        parameters = {"app": "web", "returnTo": SIGNED_OUT}
        question = await log_out(gateway, method, VENDOR, cookie=cookie_of(), accept=HTML, **parameters)
        assert asks(question)
        response = await answer(gateway, question, "yes", cookie=cookie_of())
        assert response.headers["location"] == SIGNED_OUT
        assert await gateway.state_of() == "ended"


@both_methods
@pytest.mark.usefixtures("backend")
async def test_the_standards_names_mean_nothing_at_a_vendors_url(tmp_path: Path, method: str) -> None:
    """A name that the vendor does not use is an unknown parameter, and ignored."""
    async with deploy(tmp_path, document=vendor()) as gateway:
        await gateway.register()
        parameters = {"id_token_hint": id_token(), "post_logout_redirect_uri": "https://evil.example/"}
        response = await log_out(gateway, method, VENDOR, cookie=cookie_of(), accept=JSON, **parameters)
        assert response.json()["status"] == "confirmation_required"


@both_methods
@pytest.mark.usefixtures("backend")
async def test_a_vendors_policy_stands_in_the_document_and_in_the_settings(tmp_path: Path, method: str) -> None:
    """`policy` of the extension applies, durations included, and an issuer overrides single knobs by the name."""
    document = vendor(policy={"on_no_params": "error", "error_format": "problem", "max_hint_age": "90s"})
    async with deploy(tmp_path, document=document) as gateway:
        await gateway.register()
        refused = await log_out(gateway, method, VENDOR, cookie=cookie_of())
        assert refused.status_code == 400
        assert refused.headers["content-type"] == "application/problem+json"
        old = id_token(sid="s-gone", iat=1_700_000_000, exp=1_700_000_100)
        assert (await log_out(gateway, method, VENDOR, token=old)).status_code in (200, 401)
    (folder := tmp_path / "second").mkdir()
    changes = {"issuers": {"acme": {"dialects": {"vendor": {"policy": {"on_no_params": "prompt"}}}}}}
    async with deploy(folder, changes, document=document) as gateway:
        await gateway.register()
        assert asks(await log_out(gateway, method, VENDOR, cookie=cookie_of(), accept=HTML))


@both_methods
@pytest.mark.usefixtures("backend")
async def test_the_issuer_of_a_vendors_url_is_found_by_host(tmp_path: Path, method: str) -> None:
    """`issuer: {from: host}`: another issuer's host finds that issuer, and its clients."""
    async with deploy(tmp_path, document=vendor()) as gateway:
        parameters = {
            "token": id_token(iss="https://login.example/globex"),
            "returnTo": "https://globex.example/signed-out",
        }
        where: dict[str, Any] = {"params" if method == "GET" else "data": parameters}
        response = await gateway.send(method, VENDOR, headers={"host": "login.globex.example"}, **where)
        assert response.headers["location"] == "https://globex.example/signed-out"
        here = await gateway.send(method, VENDOR, **where)
        assert "location" not in here.headers


def test_the_first_word_of_a_vendors_url_is_reserved() -> None:
    """No issuer can be named so that the vendor's URL hides it."""
    assert "v2" in vendor().reserved_words()


@pytest.mark.parametrize(
    ("extension", "complaint"),
    [
        ({"preset": "odic"}, "there is no preset odic; known are oidc, authpi, pingfederate, strict"),
        ({"policy": {"promt": "never"}}, "policy.promt"),
        ({"policy": {"prompt": "sometimes"}}, "policy.prompt"),
        ({"policy": {"max_hint_age": "soon"}}, "policy.max_hint_age"),
    ],
)
@pytest.mark.usefixtures("backend")
async def test_terms_that_no_policy_has_are_refused_at_start(
    tmp_path: Path, extension: dict[str, Any], complaint: str
) -> None:
    """A mistyped preset, knob or value is told with its path, and is never quietly another policy."""
    with pytest.raises(BadDocument) as caught:
        async with deploy(tmp_path, document=vendor(**extension)):
            pass
    assert str(caught.value).startswith(f"{VENDOR}: x-logout: {complaint}")
