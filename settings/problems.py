"""Problems with settings, told so that they can be mended without reading code.

endsession.toml, line 14: issuers.acme.preset (ENDSESSION_ISSUERS__ACME__PRESET)
    it has to be one of: oidc, authpi, pingfederate, strict.
    Fix: did you mean oidc?
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Location = tuple[str | int, ...]


def dotted(location: Location) -> str:
    """A setting as documentation names it."""
    return ".".join(map(str, location))


def variable_part(key: str) -> str:
    """A part of a setting's name as it stands in a variable's."""
    return re.sub(r"[^A-Z0-9]", "_", key.upper())


def variable_name(prefix: str, location: Location) -> str:
    """The variable that sets what stands at `location`; items of a list are set together."""
    names = []
    for part in location:
        if isinstance(part, int):
            break
        names.append(variable_part(part))
    return prefix + "__".join(names)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the setting at `location`, and what would fix it. Never holds a secret.

    `place` says where it stands if the location does not. `also` are the other settings that the problem is about:
    where one of them is wrong itself, that has to be mended first.
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

    def __init__(
        self,
        prefix: str,
        file: Path | None,
        text: str,
        outside: Mapping[Location, str],
        describe: Callable[[Location], str] = dotted,
    ) -> None:
        """`outside` says for what was set outside the file where that was; `describe` gives headings of the docs."""
        self._prefix, self._file, self._outside, self._describe = prefix, file, outside, describe
        self._lines = _lines_of(text)

    def tell(self, problem: Problem) -> str:
        """The problem in three lines: where, what, and how to fix it."""
        head = problem.place or self._place(problem.location)
        fix = problem.fix or "correct it"
        if problem.location:
            variable = variable_name(self._prefix, problem.location)
            named = head.upper().endswith(variable)
            head += f": {dotted(problem.location)}" + ("" if named else f" ({variable})")
        if problem.location and not problem.fix:
            fix += f"; docs/settings.md describes {self._describe(problem.location)}"
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
        return "not set anywhere" if self._file is None else str(self._file)


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
