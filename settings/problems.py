"""Problems with settings, told so that they can be fixed without reading code.

endsession.toml, line 14: issuers.acme.preset (ENDSESSION_ISSUERS__ACME__PRESET)
    it has to be one of: oidc, authpi, pingfederate, strict.
    Fix: did you mean oidc?
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

Location = tuple[str | int, ...]


def dotted(location: Location) -> str:
    """A setting as documentation names it."""
    return ".".join(map(str, location))


@cache
def variable_part(key: str) -> str:
    """A part of a setting's name as it stands in a variable's."""
    return re.sub(r"[^A-Z0-9]", "_", key.upper())


PLACEHOLDERS = {"issuers": "ID", "clients": "CLIENT_ID", "dialects": "NAME"}
"""What stands for the names of the operator's choice in a table, in `docs/settings.md`."""


def generic(location: Location) -> str:
    """The heading of a setting in `docs/settings.md`."""
    names: list[str] = []
    for part in location:
        if isinstance(part, str):
            names.append(PLACEHOLDERS.get(names[-1], part) if names else part)
    return ".".join(names)


def variable_name(prefix: str, location: Location) -> str:
    """The variable that sets what stands at `location`; items of a list are set together."""
    names = []
    for part in location:
        if isinstance(part, int):
            break
        names.append(variable_part(part))
    return prefix + "__".join(names)


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """The fix for a mistyped word: the known one that it is nearest to; empty if it is like none."""
    alike = difflib.get_close_matches(word, list(known), 1)
    return f"did you mean {prefix}{alike[0]}?" if alike else ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the setting at `location`, and what would fix it. Never holds a secret.

    `place` says where it stands if the location does not. `also` are the other settings that the problem is about:
    where one of them is wrong itself, that has to be fixed first.
    """

    location: Location
    message: str
    fix: str = ""
    place: str = ""
    also: tuple[Location, ...] = ()


class BadSettings(Exception):
    """The settings do not hold together. `problems` has all that is wrong; the text tells it all."""

    def __init__(self, problems: Iterable[Problem], places: Places) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(places.tell(problem) for problem in self.problems))


class Places:
    """Where settings stand: lines of the file, variables of the environment, files of the secrets folder."""

    def __init__(self, prefix: str, file: Path | None, text: str, outside: Mapping[Location, str]) -> None:
        """`text` is what is in the file; `outside` says for what was set outside of it where that was."""
        self._prefix, self._file, self._text, self._outside = prefix, file, text, outside

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], int]:
        return _lines_of(self._text)

    def tell(self, problem: Problem) -> str:
        """The problem in three lines: where, what, and how to fix it."""
        head = problem.place or self._place(problem.location)
        fix = problem.fix or "correct it"
        if problem.location:
            variable = variable_name(self._prefix, problem.location)
            named = head.upper().endswith(variable)
            head += f": {dotted(problem.location)}" + ("" if named else f" ({variable})")
        if problem.location and not problem.fix:
            fix += f"; docs/settings.md describes {generic(problem.location)}"
        return f"{head}\n    {problem.message.rstrip('.')}.\n    Fix: {fix.rstrip('.')}"

    def _place(self, location: Location) -> str:
        """The place of the setting, else that of the nearest table around it."""
        for length in range(len(location), 0, -1):
            table = location[:length]
            if table in self._outside:
                return self._outside[table]
            if line := self._lines.get(tuple(map(str, table))):
                return f"{self._file}, line {line}"
            for other, place in self._outside.items():
                if other[:length] == table:
                    return place
        return "no settings file was found" if self._file is None else str(self._file)


def _lines_of(text: str) -> dict[tuple[str, ...], int]:
    """The line of each table and key of a TOML file. What is inside a value has the line that the value begins in."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    first, statement = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        statement += f"{line}\n"
        if first < number and not re.search(r"""[\]}]|\"{3}|'{3}""", line):
            continue  # no string, list or table ends here: to try would cost time
        try:
            keys = list(_keys(tomllib.loads(statement)))
        except tomllib.TOMLDecodeError:
            continue  # a string or a list goes on in the next line
        if statement.lstrip().startswith("["):
            table = keys.pop()
            if statement.lstrip().startswith("[["):
                index = counts[table] = counts.get(table, -1) + 1
                table = (*table, str(index))
            keys = [()]
        for key in keys:
            lines.setdefault(table + key, first)
        first, statement = number + 1, ""
    return lines


def _keys(table: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Every key in a table and in the tables in it; the innermost of a header's is the last."""
    for key, value in table.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *inner) for inner in _keys(value))
