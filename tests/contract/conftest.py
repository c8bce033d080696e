"""A deployment that the tests of a module share, and logs in full."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.kit.deployment import Deployment, deploy


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, backend: str) -> AsyncIterator[Deployment]:
    """The ordinary deployment, started once: for requests that leave nothing behind."""
    async with deploy(tmp_path_factory.mktemp("shared")) as deployment:
        yield deployment


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All loggers that there are, at DEBUG."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        yield caplog
    for logger, level in before:
        logger.setLevel(level)
