"""One promise on every store: what a test deploys is on the backend that the test is run on, and on no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.deployment import Deployment, deploy
from tests.kit.ports import free_port
from tests.kit.serving import serving


async def test_a_gateway_needs_a_backend(tmp_path: Path) -> None:
    """A test that deploys on SQLite alone, and does not say why, fails and learns what to do."""
    with pytest.raises(AssertionError, match="use the fixture `backend`"):
        async with deploy(tmp_path):
            pass
    with pytest.raises(AssertionError, match="use the fixture `backend`"), serving(tmp_path, free_port()):
        pass


async def test_a_gateway_is_on_that_backend(gateway: Deployment, backend: str, tmp_path: Path) -> None:
    """Also a second one in the same folder, which finds what the first one keeps."""
    assert gateway.settings.storage.url.startswith(f"{backend}:")
    await gateway.register()
    async with deploy(tmp_path) as second:
        assert await second.state_of() == "live"


@pytest.mark.sqlite_alone("it shows the mark")
async def test_a_gateway_may_be_on_sqlite_for_a_reason(tmp_path: Path) -> None:
    """For what PostgreSQL cannot change."""
    async with deploy(tmp_path) as gateway:
        assert gateway.settings.storage.url == "sqlite:///endsession.db"
