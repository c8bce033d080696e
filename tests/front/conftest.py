"""Fixtures of the front's tests: the event loops, the providers of the lab, and a network without hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.lab.conftest import network, provider, running_providers

from .in_chromium import Web, web

__all__ = ["network", "provider", "running_providers"]


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def each_loop(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The event loop that the gateway runs on, and Python's own."""
    return ("asyncio", {"use_uvloop": request.param == "uvloop"})


@pytest.fixture(scope="module")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Web]:
    """One browser for the tests of a file, each of which has a profile of its own."""
    async with web(tmp_path_factory.mktemp("chromium")) as running:
        yield running
