"""Knobs that no decision reads, value by value, at a running endpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.encrypted import encrypt, private_key
from tests.kit.flow import HTML, JSON, PLAIN, both_methods, log_out
from tests.kit.tokens import id_token

pytestmark = pytest.mark.usefixtures("backend")
OAUTH, PAGE, PROBLEM = "application/json", "text/html; charset=utf-8", "application/problem+json"


def policy(**knobs: Any) -> dict[str, Any]:
    """Changes to the ordinary configuration: knobs of the plain endpoint."""
    return {"issuers": {"acme": {"policy": knobs}}}


async def check_forms(folder: Path, method: str, changes: dict[str, Any], forms: dict[str, str]) -> None:
    """An error comes in the form of each Accept header."""
    async with deploy(folder, changes) as gateway:
        for accept, media_type in forms.items():
            parameters = {"post_logout_redirect_uri": "https://app.example/signed-out"}  # and nobody whose it is
            response = await log_out(gateway, method, PLAIN, cookie="op_session=x", accept=accept, **parameters)
            assert response.status_code == 400
            assert response.headers["content-type"] == media_type


@both_methods
async def test_error_format_negotiate(tmp_path: Path, method: str) -> None:
    """A page where the browser prefers HTML, else JSON."""
    changes = policy(error_format="negotiate")
    await check_forms(tmp_path, method, changes, {HTML: PAGE, JSON: OAUTH, "*/*": OAUTH})


@both_methods
async def test_error_format_oauth_json(tmp_path: Path, method: str) -> None:
    """JSON, also where a page is asked for."""
    changes = policy(error_format="oauth_json")
    await check_forms(tmp_path, method, changes, {HTML: OAUTH, JSON: OAUTH, "*/*": OAUTH})


@both_methods
async def test_error_format_html(tmp_path: Path, method: str) -> None:
    """A page, also where JSON is asked for."""
    changes = policy(error_format="html")
    await check_forms(tmp_path, method, changes, {HTML: PAGE, JSON: PAGE, "*/*": PAGE})


@both_methods
async def test_error_format_problem(tmp_path: Path, method: str) -> None:
    """A page where the browser prefers HTML, else problem details (RFC 9457)."""
    changes = policy(error_format="problem")
    await check_forms(tmp_path, method, changes, {HTML: PAGE, JSON: PROBLEM, "*/*": PROBLEM})


async def send_encrypted(folder: Path, method: str, changes: dict[str, Any], **parameters: str) -> int:
    """The status that an encrypted hint gets."""
    (folder / "enc.jwk").write_text(json.dumps(private_key("P-256").as_dict(private=True)))
    changes["issuers"]["acme"]["decryption_keys"] = ["enc.jwk"]
    async with deploy(folder, changes) as gateway:
        hint = encrypt(id_token(), "ECDH-ES", "A128GCM", private_key("P-256"))
        asked = {"id_token_hint": hint, "post_logout_redirect_uri": "https://app.example/signed-out", **parameters}
        return (await log_out(gateway, method, PLAIN, **asked)).status_code


@both_methods
async def test_encrypted_hint_auto(tmp_path: Path, method: str) -> None:
    """It is as good as any, with `client_id` and without."""
    changes = policy(encrypted_hint="auto", on_invalid_hint="error")
    assert await send_encrypted(tmp_path, method, changes) == 303
    assert await send_encrypted(tmp_path, method, changes, client_id="web") == 303


@both_methods
async def test_encrypted_hint_require_client_id(tmp_path: Path, method: str) -> None:
    """Without `client_id` it is invalid."""
    changes = policy(encrypted_hint="require_client_id", on_invalid_hint="error")
    assert await send_encrypted(tmp_path, method, changes) == 401
    assert await send_encrypted(tmp_path, method, changes, client_id="web") == 303


async def languages_kept(gateway: Deployment) -> str | None:
    """What is kept of `ui_locales` with a form that another site posted, while the browser fetches its cookie."""
    parked = await gateway.post(PLAIN, {"ui_locales": "de fr"}, accept=HTML)
    handle = parse_qs(urlsplit(parked.headers["location"]).query)["handle"][0]
    kept: str | None = gateway.gateway.sealer.unseal("parked", handle)["request"]["ui_locales"]
    return kept


async def test_ui_locales_use(tmp_path: Path) -> None:
    """It is kept with the request. There is no more to it as long as pages come in one language."""
    async with deploy(tmp_path, policy(ui_locales="use")) as gateway:
        assert await languages_kept(gateway) == "de fr"


async def test_ui_locales_ignore(tmp_path: Path) -> None:
    """It is not read."""
    async with deploy(tmp_path, policy(ui_locales="ignore")) as gateway:
        assert await languages_kept(gateway) is None


@both_methods
@pytest.mark.parametrize("value", ["use", "ignore"])
async def test_pages_are_in_english_whatever_is_asked_for(tmp_path: Path, method: str, value: str) -> None:
    """As the documents say: neither `ui_locales` nor `Accept-Language` changes a page, and none is ever an error."""
    async with deploy(tmp_path, policy(ui_locales=value)) as gateway:
        await gateway.register()
        pages = set()
        for languages in ("", "de", "tlh-x zz", "en"):
            options: dict[str, Any] = {"cookie": cookie_of(), "accept": HTML, "headers": {"accept-language": "fr"}}
            place: dict[str, Any] = {"params" if method == "GET" else "data": {"ui_locales": languages}}
            page = await gateway.send(method, PLAIN, **place, **options)
            assert page.status_code == 200
            pages.add(page.text.partition('<input type="hidden"')[0])
        (only,) = pages
        assert '<html lang="en" dir="ltr">' in only
