"""The small types of settings: durations, rates, digests."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_RATE = re.compile(r"[1-9]\d{0,8}/(second|minute|hour|day)")


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        if match := _DURATION.fullmatch(value.strip()):
            return float(match[1]) * _UNITS[match[2]]
        raise ValueError("write a duration as a number and a unit, such as 500ms, 5s, 10m, 24h or 30d")
    if isinstance(value, bool):
        raise ValueError("write a duration as a number and a unit, such as 5s")
    return value


def _rate(value: str) -> str:
    if value and not _RATE.fullmatch(value):
        raise ValueError("write a rate as count/unit, such as 60/minute; the empty text switches the limit off")
    return value


def _sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError("write the SHA-256 of the token in lower-case hex: printf %s TOKEN | sha256sum")
    return value


Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
"""Seconds, written with a unit: `500ms`, `5s`, `10m`, `24h`, `30d`."""
WholeSeconds = Annotated[int, BeforeValidator(lambda value: round(_seconds(value))), Field(ge=0)]
Rate = Annotated[str, AfterValidator(_rate)]
"""`60/minute`; the empty text is no limit."""
Sha256 = Annotated[str, AfterValidator(_sha256)]
