"""A deployment with a front: its document has the provider's endpoints, to which nothing is sent."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from logout_conformance.document import BadDocument, parse_document
from tests.front.scripted import ISSUER, ScriptedProvider, acme
from tests.lab.serving import listening

from .deployment import SkippingClock, all_options, run, serving

OURS: dict[str, Any] = {"get": {"responses": {}}}


@pytest.mark.timeout(400)
@pytest.mark.sqlite_alone("URLs differ, not what is stored; test_a_good_deployment_passes is on both")
async def test_a_deployment_with_a_front_passes(tmp_path: Path) -> None:
    """Its own endpoints are tested as always; the provider's are no part of the table, and get no request."""
    provider, clock = ScriptedProvider(), SkippingClock()
    options = [ISSUER if option == f"{ISSUER}/acme" else option for option in all_options(tmp_path)]
    options[options.index("op_session")] = "__Host-endsession-browser"
    async with listening(provider.asgi) as port:

        def tested() -> tuple[int, str, str]:
            with serving(tmp_path, None, {"issuers": {"acme": acme(port)}}, clock) as url:
                return run(url, *options, "--max-examples", "2", "--skip", "/{issuer_id}/id-tokens", clock=clock)

        status, report, _ = await asyncio.to_thread(tested)
    assert status == 0, report
    assert "No check failed." in report
    assert "GET /{issuer_id}/logout" in report
    assert "/authorize" not in report
    assert provider.seen == []


def test_urls_of_a_provider_are_known_by_kind_and_issuer() -> None:
    """With the public URL where the document names no other server."""
    here = {"x-front": [{"issuer": "acme", "endpoint": "jwks"}], **OURS}
    there = {"x-front": [{"issuer": "acme", "endpoint": "logout"}], "servers": [{"url": "https://op.example"}], **OURS}
    paths = {"/certs": here, "/bye": there, "/healthz": OURS}
    found = parse_document(json.dumps({"openapi": "3.0.3", "paths": paths}))
    assert list(found.raw["paths"]) == ["/healthz"]
    assert found.path_of("/certs") is None
    assert found.fronted_urls("jwks", "acme", "https://login.example") == {"https://login.example/certs"}
    assert found.fronted_urls("logout", "acme", "https://login.example") == {"https://op.example/bye"}
    assert found.fronted_urls("jwks", "globex", "https://login.example") == set()


@pytest.mark.parametrize("item", [{"x-front": {}}, {"x-front": [], "servers": {}}, {"x-front": [], "servers": [7]}])
def test_a_malformed_extension_is_refused(item: dict[str, object]) -> None:
    """As of `x-logout`: the message names the path."""
    with pytest.raises(BadDocument, match=r"^/certs: "):
        parse_document(json.dumps({"openapi": "3.0.3", "paths": {"/certs": item}}))
