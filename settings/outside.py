"""Settings from outside the file: environment variables, and a folder of secrets with one file per variable.

A variable's name is the setting's, in upper case, with two underscores between its parts and one in the place of every
character that a variable's name cannot have: `issuers.my-op.preset` is `ENDSESSION_ISSUERS__MY_OP__PRESET`. Text is
taken as it is; lists and tables are JSON.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .problems import Location, Problem, variable_name, variable_part
from .shape import at, entry, is_simple, members, walk


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that was set outside the file. `text` may be a secret."""

    name: str
    text: str
    place: str


class NoSuchSetting(Exception):
    """A variable's name leads nowhere."""


def from_environment(environ: Mapping[str, str], prefix: str, ours: Iterable[str]) -> Iterator[Variable]:
    """The variables with the prefix, in any case, but for `ours`, which are no settings. Empty ones count as unset."""
    for name in sorted(environ):
        if name.upper().startswith(prefix) and name.upper() not in ours and environ[name]:
            yield Variable(name, environ[name], f"environment variable {name}")


def from_folder(folder: Path, prefix: str) -> Iterator[Variable]:
    """The files of a secrets folder that are named like variables; a line break at the end does not count.

    Raises OSError.
    """
    for path in sorted(folder.iterdir()):
        if path.name.upper().startswith(prefix) and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace").removesuffix("\n").removesuffix("\r")
            if text:
                yield Variable(path.name, text, f"secret file {path}")


def strays(folder: Path, prefix: str, model: Any) -> Iterator[Problem]:
    """Files of the folder that look like settings and lack the prefix: they would have no effect, silently."""
    for path in sorted(folder.iterdir()):
        if path.name.upper().partition("__")[0] in {name.upper() for name in members(model) or {}}:
            fix = f"rename it to {prefix}{path.name.upper()}"
            yield Problem((), f"its name does not begin with {prefix}, so it has no effect", fix, f"file {path}")


def read(
    variable: Variable, prefix: str, model: Any, data: Mapping[str, Any]
) -> tuple[Location, Any] | Problem:  # fmt: skip
    """The setting that a variable is for and its value, or what is wrong with it. `data` is what is set so far."""
    try:
        location = locate(variable.name[len(prefix) :].upper(), model, data)
    except NoSuchSetting as problem:
        fix = str(problem) or _nearest(variable.name[len(prefix) :].upper(), prefix, model, data)
        return Problem((), "there is no setting of this name", fix, variable.place)
    if is_simple(kind := at(model, location)):
        return location, variable.text
    try:
        return location, json.loads(variable.text)
    except (ValueError, RecursionError):
        example = '["one", "two"]' if members(kind) is None and entry(kind) is None else '{"name": "value"}'
        message = "it is not JSON, as lists and tables are in variables"
        return Problem(location, message, f"write it as in {example}", variable.place)


def locate(name: str, model: Any, data: Any) -> Location:
    """The setting that the rest of a variable's name means. Raises NoSuchSetting, with a fix if there is one."""
    location: tuple[str, ...] = ()
    kind = model
    while True:
        below = members(kind)
        known = list(below) if below is not None else _keys(data)
        key, rest = _take(name, known)
        if key is None and (below is not None or entry(kind) is None):
            raise NoSuchSetting
        if key is None:
            key, rest = _new_key(name, known, location)
        kind = below[key] if below is not None else entry(kind)
        data = data.get(key) if isinstance(data, Mapping) else None
        location = (*location, key)
        if rest is None or kind is Any:
            return location
        name = rest


def _keys(data: Any) -> list[str]:
    return [str(key) for key in data] if isinstance(data, Mapping) else []


def _take(name: str, known: Iterable[str]) -> tuple[str | None, str | None]:
    """The known key that a name begins with, the longest if there are several, and what follows it."""
    for key in sorted(known, key=len, reverse=True):
        text = variable_part(key)
        if name == text:
            return key, None
        if name.startswith(text + "__"):
            return key, name[len(text) + 2 :]
    return None, None


def _new_key(name: str, known: list[str], location: tuple[str, ...]) -> tuple[str, str | None]:
    """A variable may add an entry to a table, but not one that is nearly another's name: that is a slip of the pen."""
    key, joint, rest = name.partition("__")
    near = difflib.get_close_matches(key, [variable_part(one) for one in known], 1, 0.75)
    if near:
        meant = next(one for one in known if variable_part(one) == near[0])
        raise NoSuchSetting(f"did you mean {meant}? If not, add a table [{'.'.join((*location, key.lower()))}]")
    return key.lower(), rest if joint else None


def _nearest(name: str, prefix: str, model: Any, data: Any) -> str:
    """Compared without the prefix, which makes all names alike."""
    names = [variable_name("", location) for location, _ in walk(model, data)]
    near = difflib.get_close_matches(name, names, 1) or [known for known in names if known.endswith(f"__{name}")]
    return f"did you mean {prefix}{near[0]}?" if near else "unset it; docs/settings.md lists all that there are"
