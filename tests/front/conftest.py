"""Fixtures of the front's tests: the event loops, the providers of the lab, and a network without hosts."""

from __future__ import annotations

import pytest

from tests.lab.conftest import network, provider, running_providers

__all__ = ["network", "provider", "running_providers"]


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def each_loop(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The event loop that the gateway runs on, and Python's own."""
    return ("asyncio", {"use_uvloop": request.param == "uvloop"})
