"""Knobs that no decision reads, value by value, at a running endpoint; and that every knob is shown somewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.deployment import deploy
from tests.kit.encrypted import encrypt, private_key
from tests.kit.flow import HTML, JSON, PLAIN, both_methods, log_out
from tests.kit.tokens import id_token

from .knobs import every_knob_and_value
from .test_knobs_on_requests import shows as on_requests
from .test_knobs_on_sessions import shows as on_sessions
from .test_request import shows as on_places

OAUTH, PAGE, PROBLEM = "application/json", "text/html; charset=utf-8", "application/problem+json"
FORMATS = {
    "negotiate": {HTML: PAGE, JSON: OAUTH, "*/*": OAUTH},
    "oauth_json": {HTML: OAUTH, JSON: OAUTH, "*/*": OAUTH},
    "html": {HTML: PAGE, JSON: PAGE, "*/*": PAGE},
    "problem": {HTML: PAGE, JSON: PROBLEM, "*/*": PROBLEM},
}
ENCRYPTED = {"auto": 303, "require_client_id": 401}
ELSEWHERE = {"ui_locales"}
"""The knob about pages, which is shown where these are tested."""


@both_methods
@pytest.mark.parametrize("error_format", FORMATS)
async def test_error_format(tmp_path: Path, method: str, error_format: str) -> None:
    """By the Accept header, always JSON, always a page, or RFC 9457 in the place of JSON."""
    changes = {"issuers": {"acme": {"policy": {"error_format": error_format}}}}
    async with deploy(tmp_path, changes) as gateway:
        for accept, media_type in FORMATS[error_format].items():
            parameters = {"post_logout_redirect_uri": "https://app.example/signed-out"}  # and nobody whose it is
            response = await log_out(gateway, method, PLAIN, cookie="op_session=x", accept=accept, **parameters)
            assert response.status_code == 400
            assert response.headers["content-type"] == media_type


@both_methods
@pytest.mark.parametrize("encrypted_hint", ENCRYPTED)
async def test_encrypted_hint(tmp_path: Path, method: str, encrypted_hint: str) -> None:
    """An encrypted hint without `client_id` is as good as any, or invalid; with it, it is as good as any."""
    write_key(tmp_path / "enc.jwk")
    policy = {"encrypted_hint": encrypted_hint, "on_invalid_hint": "error"}
    async with deploy(tmp_path, {"issuers": {"acme": {"decryption_keys": ["enc.jwk"], "policy": policy}}}) as gateway:
        hint = encrypt(id_token(), "ECDH-ES", "A128GCM", private_key("P-256"))
        for parameters, status in (({}, ENCRYPTED[encrypted_hint]), ({"client_id": "web"}, 303)):
            asked = {"id_token_hint": hint, "post_logout_redirect_uri": "https://app.example/signed-out", **parameters}
            assert (await log_out(gateway, method, PLAIN, **asked)).status_code == status


def write_key(path: Path) -> None:
    """The private key that hints are encrypted to."""
    path.write_text(json.dumps(private_key("P-256").as_dict(private=True)))


def test_every_value_of_every_knob_is_shown() -> None:
    """A new knob or a new value needs a case."""
    shown = {*on_requests.cases, *on_sessions.cases, *on_places.cases, *(("error_format", one) for one in FORMATS)}
    shown |= {("encrypted_hint", one) for one in ENCRYPTED}
    assert {case for case in every_knob_and_value() if case not in shown and case[0] not in ELSEWHERE} == set()
    assert {knob for knob, _ in shown} & ELSEWHERE == set()
