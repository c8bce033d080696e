"""Registering a client: the errors of RFC 7591, section 3.2.2, which name the member and the rule, never the value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.deployment import TOKEN, Deployment

PATH = "/acme/clients?client_id=new"
MARK = "s3cret-mark"
BACK = f"https://{MARK}.example/logout"

REDIRECT, METADATA = "invalid_redirect_uri", "invalid_client_metadata"
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a fragment": ({"post_logout_redirect_uris": [f"https://{MARK}.example/#x"]}, REDIRECT, "it has a fragment"),
    "a quote": ({"post_logout_redirect_uris": [f"https://{MARK}'.example/"]}, REDIRECT, "no host name has"),
    "two quotes": ({"redirect_uris": [f"https://{MARK}'\".example/"]}, REDIRECT, "no host name has"),
    "not absolute": ({"redirect_uris": [f"/{MARK}"]}, REDIRECT, "it is not an absolute URI"),
    "no web address": ({"backchannel_logout_uri": f"app.{MARK}:/x"}, METADATA, "it must be an https URI"),
    "no frame of its own": ({"frontchannel_logout_uri": BACK}, METADATA, "those of one of redirect_uris"),
    "a short secret": ({"id_token_signed_response_alg": "HS256", "client_secret": "s3cret"}, METADATA, "too short"),
    "an algorithm that there is not": ({"id_token_signed_response_alg": MARK}, METADATA, "possible values"),
    "a type": ({"disabled": MARK}, METADATA, "wrong type"),
    "no signing key": (
        {"id_token_signed_response_alg": "EdDSA", "backchannel_logout_uri": BACK},
        METADATA,
        "signed with EdDSA, for which there is no signing key",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_registered(gateway: Deployment, case: str) -> None:
    """400, and nothing is kept."""
    metadata, code, rule = REFUSED[case]
    answer = await gateway.send("PUT", PATH, json=metadata, token=TOKEN)
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    sentence = answer.json()["error_description"]
    assert next(reversed(metadata)) in sentence or next(iter(metadata)) in sentence
    assert rule in sentence
    assert MARK not in answer.text
    assert not set(sentence) & set("\"\\'")
    assert (await gateway.send("GET", PATH, token=TOKEN)).status_code == 404


@pytest.mark.parametrize(
    "metadata",
    [
        {"id_token_signed_response_alg": "EdDSA"},
        {"id_token_signed_response_alg": "HS256", "client_secret": "x" * 40, "backchannel_logout_uri": BACK},
    ],
)
async def test_an_app_that_needs_no_key_of_ours(gateway: Deployment, metadata: dict[str, Any]) -> None:
    """One that is sent no token, and one whose secret signs it."""
    assert (await gateway.send("PUT", PATH, json=metadata, token=TOKEN)).status_code == 201
