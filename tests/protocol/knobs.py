"""The knobs and their values, as the type `Policy` declares them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from endsession.protocol.policy import Policy

NUMBERS = {"max_hint_age"}
"""Knobs with more values than can be listed."""


def every_knob_and_value() -> Iterator[tuple[str, Any]]:
    """Each knob with each value that can be listed."""
    for knob, kind in get_type_hints(Policy).items():
        if knob not in NUMBERS:
            for value in (True, False) if kind is bool else get_args(kind):
                yield knob, value
