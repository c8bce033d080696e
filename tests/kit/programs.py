"""Tests that need a program which no package of Python carries."""

from __future__ import annotations

import os
import shutil

import pytest


def needs_program(name: str, *, apt: str, why: str) -> pytest.MarkDecorator:
    """A mark: without the program `name` (Debian's package `apt`), the test is skipped on a developer's machine.

    In CI everything is installed: there it runs, and fails for want of the program.
    """
    missing = shutil.which(name) is None and "CI" not in os.environ
    return pytest.mark.skipif(missing, reason=f"{why} (apt: {apt})")
