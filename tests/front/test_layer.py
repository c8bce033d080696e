"""The layer as a whole: what is the provider's, what is the gateway's, and what is nobody's yet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.kit.deployment import READER, deploy
from tests.kit.provider import provider

from .standin import behind, publish_all

pytestmark = pytest.mark.usefixtures("backend")


async def test_a_provider_that_is_not_known_yet_is_unavailable(tmp_path: Path) -> None:
    """Any path of its host may be its token endpoint, so none is a 404; the gateway's own paths work meanwhile."""
    async with provider() as web, deploy(tmp_path, behind(web)) as gateway:
        refused = await gateway.post("/token", {"grant_type": "authorization_code"})
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert (await gateway.send("GET", "/acme/sessions", token=READER)).status_code == 200
        assert (await gateway.get("/healthz")).status_code == 200


async def test_a_preflight_of_the_metadata_is_the_providers_to_answer(tmp_path: Path) -> None:
    """A web app that reads it with a header of its own asks first (Fetch, CORS preflight)."""
    async with provider() as web:
        publish_all(web)
        async with deploy(tmp_path, behind(web)) as gateway:
            before = len(web.requests)
            await gateway.send("OPTIONS", "/.well-known/openid-configuration", headers={"origin": "https://a.example"})
            assert [request[""] for request in web.requests[before:]] == [
                "OPTIONS /.well-known/openid-configuration HTTP/1.1"
            ]
            assert (await gateway.post("/.well-known/openid-configuration", {})).status_code == 405


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close the connection without a response."""
    writer.close()


AUTHORIZE = {"client_id": "web", "response_type": "code", "state": "s t", "prompt": "none"}


@pytest.mark.parametrize(
    ("redirect_uri", "mode", "location"),
    [
        ("https://app.example/callback", None, "https://app.example/callback?error=temporarily_unavailable&"),
        ("https://app.example/callback", "fragment", "https://app.example/callback#error=temporarily_unavailable&"),
        ("https://app.example/callback", "form_post", None),
        ("https://evil.example/callback", None, None),
    ],
)
async def test_an_app_learns_that_the_provider_is_unavailable(
    tmp_path: Path, redirect_uri: str, mode: str | None, location: str | None
) -> None:
    """At a redirect URI that is registered here, with its `state`; elsewhere the user gets a page, and no redirect."""
    asked = {**AUTHORIZE, "redirect_uri": redirect_uri, **({"response_mode": mode} if mode else {})}
    async with provider() as web:
        publish_all(web)
        async with deploy(tmp_path, behind(web)) as gateway:
            web.misbehave = hang_up
            refused = await gateway.get("/authorize", asked)
    if location is None:
        assert (refused.status_code, refused.headers["content-type"]) == (502, "text/html; charset=utf-8")
    else:
        assert refused.status_code == 303
        assert refused.headers["location"].startswith(location)
        assert refused.headers["location"].endswith("&state=s+t")
