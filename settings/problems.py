"""Problems with settings, told so that they can be mended without reading code.

endsession.toml, line 14: issuers.acme.preset (ENDSESSION_ISSUERS__ACME__PRESET)
    Input should be 'oidc', 'authpi', 'pingfederate' or 'strict'.
    Mend: did you mean oidc?
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the setting at `location`, and what would mend it. Never holds a secret."""

    location: Location
    message: str
    mend: str = ""

    @property
    def name(self) -> str:
        """The setting as documentation names it."""
        return ".".join(str(part) for part in self.location)

    def variable(self, prefix: str) -> str:
        """The environment variable that sets the same; items of a list are set together."""
        names = itertools.takewhile(lambda part: isinstance(part, str), self.location)
        return prefix + "__".join(map(str, names)).upper()


class BadSettings(Exception):
    """The settings do not hold together. `problems` has all that is wrong; the text tells it all."""

    def __init__(self, problems: Iterable[Problem], places: Places) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(places.tell(problem) for problem in self.problems))


class Places:
    """Where settings stand: lines of the file, names of the environment, files of the secrets folder."""

    def __init__(self, prefix: str, file: Path | None, text: str, outside: Mapping[str, str]) -> None:
        """`outside` maps upper-case names of environment and secrets to what they are, such as `environment`."""
        self._prefix, self._file, self._outside = prefix, file, outside
        self._lines = _lines_of(text)

    def tell(self, problem: Problem) -> str:
        """The problem in two or three lines."""
        variable = problem.variable(self._prefix)
        head = f"{self._place(problem.location, variable)}: {problem.name or 'settings'}"
        mend = problem.mend or f"correct it; docs/settings.md describes {problem.name}"
        return f"{head} ({variable})\n    {problem.message.rstrip('.')}.\n    Mend: {mend}"

    def _place(self, location: Location, variable: str) -> str:
        for name, kind in self._outside.items():
            if variable == name or variable.startswith(name + "__"):
                return kind
        if self._file is None:
            return "not set anywhere"
        for length in range(len(location), 0, -1):
            if line := self._lines.get(tuple(str(part) for part in location[:length])):
                return f"{self._file}, line {line}"
        return str(self._file)


_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?")
_ASSIGNMENT = re.compile(
    r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*="
)
_KEY = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")


def _lines_of(text: str) -> dict[tuple[str, ...], int]:
    """The line of each table and key. A key inside an inline table is found by the line of the table."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _keys(header[2])
            if header[1] == "[[":
                index = counts[table] = counts.get(table, -1) + 1
                table = (*table, str(index))
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            keys = _keys(assignment[1])
            for length in range(1, len(keys) + 1):
                lines.setdefault(table + keys[:length], number)
    return lines


def _keys(text: str) -> tuple[str, ...]:
    return tuple(match[1] or match[2] or match[3] or "" for match in _KEY.finditer(text))
