"""Reading settings: merge the sources, validate, check that it all holds together, tell all problems at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .check import check
from .model import PREFIX, Settings
from .outside import Variable, from_environment, from_folder, read, strays
from .policies import DocumentFor
from .problems import BadSettings, Location, Places, Problem
from .sentences import problem_of
from .shape import generic

SECRETS_VARIABLE = "ENDSESSION_SECRETS_DIR"
_NO_SETTINGS = frozenset({SECRETS_VARIABLE, "ENDSESSION_CONFIG"})


def load(file: Path | None, document_for: DocumentFor) -> Settings:
    """Read the settings: the environment before the secrets folder, and that before the file.

    `file` is the TOML file, if there is one. `document_for` says which endpoints are served, since that is a setting as
    well. Raises BadSettings.
    """
    problems: list[Problem] = []
    outside: dict[Location, str] = {}
    text = _read(file)
    data = _parse(file, text)
    for variable in _variables(problems):
        found = read(variable, PREFIX, Settings, data)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            location, value = found
            data, outside[location] = _put(data, location, value), variable.place
    places = Places(PREFIX, file, text, outside, lambda location: generic(Settings, location))
    settings, invalid = _validate(data)
    if settings is not None:
        problems += invalid
        base = file.resolve().parent if file else Path.cwd()
        contract = document_for(settings.server, base, problems)
        hidden = [problem.location for problem in problems if problem.location]
        found_late = check(settings, contract, base)
        problems += [problem for problem in found_late if not _hidden(problem, hidden)]
    else:
        problems += invalid
    if problems or settings is None:
        raise BadSettings(problems, places)
    settings._places = places
    return settings


def _read(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except OSError as error:
        raise _about_file(file, f"it cannot be read: {error.strerror}", "name another with --config") from None
    except UnicodeDecodeError:
        raise _about_file(file, "it is not in UTF-8", "save it as UTF-8") from None


def _parse(file: Path | None, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _about_file(file, f"it is not TOML: {error}", "see https://toml.io") from None


def _about_file(file: Path | None, message: str, fix: str) -> BadSettings:
    return BadSettings([Problem((), message, fix, str(file))], Places(PREFIX, file, "", {}))


def _variables(problems: list[Problem]) -> Iterator[Variable]:
    """What was set outside the file; the later ones override the earlier ones."""
    if name := os.environ.get(SECRETS_VARIABLE):
        try:
            yield from from_folder(Path(name), PREFIX)
            problems += strays(Path(name), PREFIX, Settings)
        except OSError as error:
            message = f"the secrets folder {name} cannot be read: {error.strerror}"
            place = f"environment variable {SECRETS_VARIABLE}"
            problems.append(Problem((), message, "name another folder, or unset it", place))
    yield from from_environment(os.environ, PREFIX, _NO_SETTINGS)


def _put(data: Any, location: Location, value: Any) -> Any:
    """`data` with `value` merged in at `location`: tables are merged, everything else is replaced."""
    if location:
        if data is not None and not isinstance(data, Mapping):
            return data  # the file has something else in the place of a table, which validation will tell
        key = location[0]
        return {**(data or {}), key: _put((data or {}).get(key), location[1:], value)}
    if not isinstance(data, Mapping) or not isinstance(value, Mapping):
        return value
    for key, inner in value.items():
        data = _put(data, (key,), inner)
    return data


def _validate(data: Any) -> tuple[Settings | None, list[Problem]]:
    """Validate; when parts are wrong, leave them out and go on, so that one run tells everything."""
    problems: list[Problem] = []
    for _ in range(4):
        try:
            return Settings.model_validate(data), problems
        except ValidationError as error:
            details = error.errors(include_url=False)
            told = {problem.location for problem in problems}  # what was left out may be missed now
            problems += [problem_of(detail, Settings) for detail in details if detail["loc"] not in told]
            for location in _left_out(details):
                data = _without(data, location)
    return None, problems


def _left_out(details: list[Any]) -> list[Location]:
    """What to leave out: what is wrong, the table where something is missing, and items of lists from the last one."""
    locations = set()
    for detail in details:
        location = tuple(detail["loc"])
        if detail["type"] in ("missing", "missing_argument"):
            location = location[:-1]
        locations.add(_up_to_item(location))
    return sorted(locations, key=lambda one: one[-1] if one and isinstance(one[-1], int) else -1, reverse=True)


def _up_to_item(location: Location) -> Location:
    """The location, cut after the first number: an item of a list is left out as a whole."""
    numbers = [index for index, part in enumerate(location) if isinstance(part, int)]
    return location[: numbers[0] + 1] if numbers else location


def _without(data: Any, location: Location) -> Any:
    """`data` without what stands at `location`."""
    if not location or not isinstance(data, dict | list | tuple):
        return {} if isinstance(data, dict) else data
    if isinstance(data, dict):
        head = location[0]
        if head not in data:
            return data
        if len(location) == 1:
            return {key: value for key, value in data.items() if key != head}
        return {**data, head: _without(data[head], location[1:])}
    return [item for index, item in enumerate(data) if index != location[0]]


def _hidden(problem: Problem, wrong: list[Location]) -> bool:
    """Whether a problem only follows from settings that are wrong themselves and were left out.

    Where an item of a list was left out, the others have moved up, and a problem of theirs would be told of another.
    """
    wrong = [one[:-1] if one and isinstance(one[-1], int) else one for one in map(_up_to_item, wrong)]
    if any(problem.location[: len(one)] == one for one in wrong):
        return True
    return any(one[: len(other)] == other or other[: len(one)] == one for one in wrong for other in problem.also)
