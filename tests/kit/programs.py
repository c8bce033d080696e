"""Tests that need a program which no package of Python carries."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def needs_program(name: str, *, apt: str, why: str) -> pytest.MarkDecorator:
    """A mark: without the program `name` (Debian's package `apt`), the test is skipped on a developer's machine.

    In CI everything is installed: there it runs, and fails for want of the program.
    """
    missing = shutil.which(name) is None and "CI" not in os.environ
    return pytest.mark.skipif(missing, reason=f"{why} (apt: {apt})")


def missing(what: str, hint: str) -> NoReturn:
    """Something of the lab is not installed: the test is skipped on a developer's machine, and fails in CI."""
    message = f"{what} is not installed: {hint}"
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)
