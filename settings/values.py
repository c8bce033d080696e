"""The small types of settings: durations, rates, digests; and what every table of them has in common."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

_UNITS = {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|h|d|)")
WRITE_DURATION = "write a number and a unit, such as 500ms, 5s, 10m, 24h or 30d"
_RATE = re.compile(r"[1-9]\d{0,8}/(second|minute|hour|day)")


class Group(BaseModel):
    """A table of settings. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # most are only needed inside Settings


def wrong(message: str, fix: str) -> PydanticCustomError:
    """The error of a validator: what is wrong, and what would fix it. Never holds the value."""
    return PydanticCustomError("wrong", "{message}", {"message": message, "fix": fix})


def _seconds(value: Any) -> float:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return float(match[1]) * _UNITS[match[2]]
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and value.strip().startswith("-"):
        raise wrong("it is negative", WRITE_DURATION)
    raise wrong("it is not a duration", WRITE_DURATION)


def _rate(value: str) -> str:
    if value and not _RATE.fullmatch(value):
        raise wrong("it is not a rate", 'write a count and a unit, such as 60/minute, or "" for no limit')
    return value


def _sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise wrong("it is not a SHA-256 in lower-case hex", "make it from the token: printf %s TOKEN | sha256sum")
    return value


def _sealing_secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise wrong("it is shorter than 32 characters", "make one: openssl rand -hex 32")
    return value


Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
"""Seconds, written with a unit: `500ms`, `5s`, `10m`, `24h`, `30d`."""
WholeSeconds = Annotated[int, BeforeValidator(lambda value: round(_seconds(value))), Field(ge=0)]
"""The same, to the second."""


def is_duration(written: Any) -> bool:
    """Whether a setting of this type is a duration; `written` is the type with its annotations."""
    return any(special == written or special in get_args(written) for special in (Duration, WholeSeconds))


def duration(seconds: float) -> str:
    """Seconds as an operator writes them."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


Rate = Annotated[str, AfterValidator(_rate)]
"""`60/minute`; an empty string is no limit."""
Sha256 = Annotated[str, AfterValidator(_sha256)]
"""64 hexadecimal digits."""
SealingSecret = Annotated[SecretStr, AfterValidator(_sealing_secret)]
"""32 characters or more."""
