"""Fixtures of the delivery tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kit.receivers import Receivers, receivers


@pytest.fixture
def apps() -> Iterator[Receivers]:
    """Apps that take logout tokens."""
    with receivers() as running:
        yield running
