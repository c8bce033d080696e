"""The knobs and their values, as the type `Policy` declares them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from endsession.protocol.policy import Policy

AT_THE_ENDPOINT = {"post_params", "ui_locales", "encrypted_hint", "error_format"}
"""Knobs that `decide` does not read."""
NUMBERS = {"max_hint_age"}


def every_knob_and_value() -> Iterator[tuple[str, Any]]:
    """Each knob with each value that it can have."""
    for knob, kind in get_type_hints(Policy).items():
        if knob in NUMBERS:
            continue
        for value in (True, False) if kind is bool else get_args(kind):
            yield knob, value
