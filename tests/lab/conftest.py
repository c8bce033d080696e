"""Fixtures of the lab."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from .network import Network
from .provider import LabProvider, started
from .providers import PROVIDERS

RunningProviders = Callable[[type[LabProvider]], LabProvider]


@pytest.fixture(scope="session")
def running_providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProviders]:
    """Providers that are started when a test wants them first, and run to the end: they keep what tests did."""
    with ExitStack() as stack:

        @cache
        def running(kind: type[LabProvider]) -> LabProvider:
            return stack.enter_context(started(kind, tmp_path_factory.mktemp(kind.name)))

        yield running


@pytest.fixture(params=PROVIDERS, ids=lambda kind: kind.name)
def provider(request: pytest.FixtureRequest, running_providers: RunningProviders) -> LabProvider:
    """Each provider of the lab in turn."""
    return running_providers(request.param)


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    """A network without hosts."""
    async with Network() as network:
        yield network
