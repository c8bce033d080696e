"""A deployment that the tests of a module share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.kit.deployment import Deployment, deploy


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """The ordinary deployment, started once: for requests that leave nothing behind."""
    async with deploy(tmp_path_factory.mktemp("shared")) as deployment:
        yield deployment
