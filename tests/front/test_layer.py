"""The layer as a whole: what is the provider's, what is the gateway's, and what is nobody's yet."""

from __future__ import annotations

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
