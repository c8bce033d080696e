"""Which requests are for the front of a running gateway, as its providers' metadata comes and changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from endsession.settings import BadSettings
from tests.kit.deployment import deploy
from tests.kit.provider import Provider, provider

from .standin import ISSUER, behind, publish_all

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
async def web() -> AsyncIterator[Provider]:
    """A provider that publishes its metadata and its keys."""
    async with provider() as server:
        publish_all(server)
        yield server


async def test_endpoints_that_move(tmp_path: Path, web: Provider) -> None:
    """The new ones are fronted, and the old ones no longer."""
    async with deploy(tmp_path, behind(web)) as gateway:
        publish_all(web, token_endpoint=f"{ISSUER}/v2/token")
        gateway.clock.advance(61)
        await gateway.gateway.fronts.look()
        found = [gateway.gateway.fronts.find("login.example", path) for path in (b"/token", b"/v2/token")]
    assert [endpoint and endpoint.kind for endpoint in found] == [None, "token"]


@pytest.mark.parametrize(
    ("member", "path", "ours"),
    [
        ("token_endpoint", "/acme/sessions", "/{issuer_id}/sessions"),
        ("end_session_endpoint", "/acme/logout", "/{issuer_id}/logout"),
        ("authorization_endpoint", "/acme/sessions/x", "/{issuer_id}/sessions/{sid}"),
        ("jwks_uri", "/globex/jwks.json", "/{issuer_id}/jwks.json"),
        ("token_endpoint", "/healthz", "/healthz"),
    ],
)
async def test_a_provider_path_that_is_ours_is_refused_at_start(
    tmp_path: Path, web: Provider, member: str, path: str, ours: str
) -> None:
    """The message names both."""
    publish_all(web, **{member: ISSUER + path})
    with pytest.raises(BadSettings) as error:
        async with deploy(tmp_path, behind(web)):
            pass
    assert f"endpoint {ISSUER}{path} is our {ours} as well" in str(error.value)
    assert "issuers.acme.front" in str(error.value)


@pytest.mark.parametrize("path", ["/nobody/sessions", "/acme/sessions/", "/acme/token", "/Acme/sessions"])
async def test_other_paths_are_the_providers(tmp_path: Path, web: Provider, path: str) -> None:
    """Those of no issuer here, and those that differ in anything."""
    publish_all(web, token_endpoint=ISSUER + path)
    async with deploy(tmp_path, behind(web)) as gateway:
        assert gateway.gateway.fronts.find("login.example", path.encode()) is not None


async def test_another_host_has_other_paths(tmp_path: Path, web: Provider) -> None:
    """Where this gateway does not answer itself, nothing is mistaken."""
    publish_all(web, token_endpoint="https://tokens.example/acme/sessions")
    async with deploy(tmp_path, behind(web)) as gateway:
        assert gateway.gateway.fronts.find("tokens.example", b"/acme/sessions") is not None
