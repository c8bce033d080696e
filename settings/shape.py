"""The shape of the settings: which tables and settings there are, read from the models themselves."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, SecretStr

_SIMPLE = (str, int, float, bool, SecretStr)


def plain(kind: Any) -> Any:
    """The type itself, without `| None` and annotations."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (member for member in get_args(kind) if member is not types.NoneType)
        return plain(kind)
    return kind


@cache
def members(kind: Any) -> Mapping[str, Any] | None:
    """The settings of a table with their types as written; None for anything but a table of settings."""
    kind = plain(kind)
    if not isinstance(kind, type) or not (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)):
        return None
    hints = get_type_hints(kind, include_extras=True)
    names = kind.model_fields if issubclass(kind, BaseModel) else [field.name for field in dataclasses.fields(kind)]
    return {name: hints[name] for name in names}


def entry(kind: Any) -> Any | None:
    """The type of the entries of a table whose keys are names of the operator's choice; None for anything else."""
    kind = plain(kind)
    return get_args(kind)[1] if get_origin(kind) is dict else None


def item(kind: Any) -> Any | None:
    """The type of the items of a list; None for anything else."""
    kind = plain(kind)
    return get_args(kind)[0] if get_origin(kind) in (tuple, list) else None


def is_simple(kind: Any) -> bool:
    """Whether a value is written as it is, and not as a list or a table."""
    kind = plain(kind)
    return kind in _SIMPLE or get_origin(kind) is Literal


def at(kind: Any, location: tuple[str | int, ...]) -> Any | None:
    """The type of the setting at `location` below `kind`; None if there is none."""
    for part in location:
        below = members(kind)
        kind = below.get(str(part)) if below is not None else item(kind) if isinstance(part, int) else entry(kind)
        if kind is None:
            return None
    return kind


def walk(kind: Any, data: Any, location: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every setting below `kind` that has a name of its own, with its type; `data` has the names that are in use."""
    for name, below in (members(kind) or {}).items():
        inner = data.get(name) if isinstance(data, Mapping) else None
        yield (*location, name), below
        yield from walk(below, inner, (*location, name))
        if (kind_of_entry := entry(below)) is not None and isinstance(inner, Mapping):
            for key, value in inner.items():
                yield from walk(kind_of_entry, value, (*location, name, str(key)))
