"""Which setting the name of a variable means.

A variable's name is the setting's, in upper case, with two underscores between its parts and one in the place of every
character that a variable's name cannot have: `issuers.my-op.preset` is `ENDSESSION_ISSUERS__MY_OP__PRESET`. So names of
the operator's choice are found among those that are in use.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .model import PREFIX, Settings
from .problems import Location, did_you_mean, variable_name, variable_part
from .shape import entry, members, walk


class NoSuchSetting(Exception):
    """A variable's name leads nowhere. The text is the fix."""


class NoTable(Exception):
    """The setting is a part of a value that is not a table: validation reports it, a variable cannot fix it."""


def locate(name: str, tables: Sequence[Any]) -> tuple[Location, Any]:
    """The setting that a variable's name, in upper case and without the prefix, means, and its type.

    `tables` are the settings that have been read from each source, the first before the others. Raises NoSuchSetting
    and NoTable.
    """
    location: tuple[str, ...] = ()
    kind: Any = Settings
    rest: str | None = name
    here = tables
    while rest is not None:
        fixed, free = members(kind), entry(kind)
        names = here if fixed is None else [fixed]
        known = {variable_part(key): key for table in names if isinstance(table, Mapping) for key in table}
        found = _first_key(rest, known)
        if free is None and (fixed is None or found is None):
            raise NoSuchSetting(_nearest(name, tables))
        if here and not isinstance(here[0], Mapping | None):
            raise NoTable
        key, rest = found or _new_key(rest, known, location)
        location, kind = (*location, key), free if fixed is None else fixed[key]
        here = [table[key] for table in here if isinstance(table, Mapping) and key in table]
    return location, kind


def _first_key(name: str, known: Mapping[str, str]) -> tuple[str, str | None] | None:
    """The known key that a name begins with, the longest if there are several, and what follows it."""
    if name in known:
        return known[name], None
    ends = [match.start() for match in re.finditer("(?=__)", name) if name[: match.start()] in known]
    return (known[name[: ends[-1]]], name[ends[-1] + 2 :]) if ends else None


def _new_key(name: str, known: Mapping[str, str], location: tuple[str, ...]) -> tuple[str, str | None]:
    """A variable may add an entry to a table, but not by a name that is nearly another's: that is surely a typo."""
    key, joint, rest = name.partition("__")
    if alike := difflib.get_close_matches(key, known, 1, 0.75):
        table = ".".join((*location, key.lower()))
        raise NoSuchSetting(f"did you mean {known[alike[0]]}? If not, add a table [{table}]")
    return key.lower(), rest if joint else None


def _nearest(name: str, tables: Iterable[Any]) -> str:
    """Compared without the prefix, which makes all names alike."""
    names = [variable_name("", location) for table in tables for location, _ in walk(Settings, table)]
    same_end = (f"did you mean {PREFIX}{known}?" for known in names if known.endswith(f"__{name}"))
    last = "unset it; docs/settings.md lists all that there are"
    return did_you_mean(name, names, PREFIX) or next(same_end, last)
