"""A hint with several audiences, and languages that are none: neither ends what it should not, nor costs a logout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.flow import PLAIN, both_methods, log_out
from tests.kit.tokens import id_token

AUDIENCES = ["web", ["web"], ["web", "api"], ["web", "other"]]


@both_methods
@pytest.mark.parametrize("aud", AUDIENCES, ids=str)
async def test_the_client_of_the_request_has_to_be_an_audience(
    gateway: Deployment, method: str, aud: str | list[str]
) -> None:
    """400, whatever `on_invalid_hint` says: the hint is good, and another client's."""
    await gateway.register()
    request = {"id_token_hint": id_token(aud=aud), "client_id": "hmac"}
    answer = await log_out(gateway, method, PLAIN, cookie=cookie_of(), **request)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert await gateway.state_of() == "live"


LANGUAGES = {
    "too long": "de " * 2000,
    "a control": "de\x00\x07",
    "no tags": "<de>; drop",
    "spaces": "  ",
    "good": "de fr",
}


@both_methods
@pytest.mark.parametrize("locales", LANGUAGES.values(), ids=LANGUAGES)
async def test_no_languages_cost_a_logout(gateway: Deployment, method: str, locales: str) -> None:
    """What is not a list of language tags is ignored (OpenID Connect Core 1.0, section 3.1.2.1)."""
    await gateway.register()
    request = {"id_token_hint": id_token(), "ui_locales": locales}
    answer = await log_out(gateway, method, PLAIN, cookie=cookie_of(), **request)
    assert answer.status_code == 200
    assert await gateway.state_of() == "ended"


@pytest.mark.parametrize("locales", LANGUAGES.values(), ids=LANGUAGES)
async def test_no_languages_cost_a_logout_at_a_vendors_endpoint(tmp_path: Path, locales: str) -> None:
    """Nor wherever a vendor's endpoint takes them."""
    vendors = ["auth0", "cognito", "duende", "entra", "hydra", "keycloak", "okta", "zitadel"]
    changes = {"server": {"vendors": vendors}, "limits": {"body_bytes": 100_000}}
    async with deploy(tmp_path, changes) as gateway:
        document = gateway.gateway.document
        tried = 0
        for path, endpoint in document.endpoints.items():
            for method in ("get", "post"):
                if method in document.raw["paths"][path] and "ui_locales" in document.parameters(path, method):
                    tried += 1
                    await gateway.register(sid := f"s-{tried}")
                    hint = endpoint.vendor_name("id_token_hint")
                    request = {hint: id_token(sid=sid), "client_id": "web", "ui_locales": locales}
                    address = path.replace("{" + endpoint.issuer_parameter + "}", "acme")
                    answer = await log_out(gateway, method.upper(), address, cookie=cookie_of(sid), **request)
                    assert answer.status_code < 400, (path, answer.text)
                    assert await gateway.state_of(sid) == "ended", path
        assert tried > 4
