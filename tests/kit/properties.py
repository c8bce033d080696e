"""How many examples a property is tried with."""

from __future__ import annotations

import os

from hypothesis import settings

QUICK = "TESTS_QUICK" in os.environ
"""`make quick` takes a look; everything else looks closely."""


def tried(examples: int) -> settings:
    """A decorator: try a property with that many examples, a twentieth of them for `make quick`. No deadline."""
    return settings(max_examples=max(10, examples // 20) if QUICK else examples, deadline=None)
