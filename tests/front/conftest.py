"""Fixtures of the front's tests."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def each_loop(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The event loop that the gateway runs on, and Python's own."""
    return ("asyncio", {"use_uvloop": request.param == "uvloop"})
