"""Reading settings: merge the sources, validate, check that it all holds together, tell all problems at once."""

from __future__ import annotations

import os
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import InitSettingsSource, PydanticBaseSettingsSource

from .check import check
from .messages import problem_of
from .model import PREFIX, Settings
from .policies import DocumentFor
from .problems import BadSettings, Location, Places, Problem
from .sources import SECRETS_VARIABLE, Environment, SecretFiles, SettingsFile, unreadable


def load(file: Path | None, document_for: DocumentFor) -> Settings:
    """Read the settings: the environment before the secrets folder, and that before the file.

    `file` is the TOML file, if there is one. `document_for` says which endpoints are served, since that is a setting as
    well. Raises BadSettings.
    """
    try:
        toml = SettingsFile(file)
    except (OSError, ValueError) as error:
        raise BadSettings([Problem((), *unreadable(error), str(file))], Places(PREFIX, file, "", {})) from None
    secrets = SecretFiles(os.environ.get(SECRETS_VARIABLE, ""), toml)
    environment = Environment(secrets, toml)
    places = Places(PREFIX, file, toml.text, secrets.places | environment.places)
    settings, invalid = _validate(environment, secrets, toml)
    problems = [*secrets.problems, *environment.problems, *invalid]
    if settings is not None:
        base = file.resolve().parent if file else Path.cwd()
        contract = document_for(settings.server, base, problems)
        hidden = [problem.location for problem in problems if problem.location]
        problems += [problem for problem in check(settings, contract, base) if not _hidden(problem, hidden)]
    if problems or settings is None:
        raise BadSettings(problems, places)
    settings._places = places
    return settings


def _validate(*sources: PydanticBaseSettingsSource) -> tuple[Settings | None, list[Problem]]:
    """Merge and validate; when parts are wrong, leave them out and go on, so that one run tells everything."""
    problems: list[Problem] = []
    for _ in range(4):
        try:
            return Settings(_build_sources=(sources, {})), problems  # type: ignore[call-arg]  # pydantic's plugin knows it
        except ValidationError as error:
            details = error.errors(include_url=False)
            told = {problem.location for problem in problems}  # what was left out may be missed now
            problems += [problem_of(detail, Settings) for detail in details if detail["loc"] not in told]
            wrong = {_left_out(detail) for detail in details}
            sources = tuple(InitSettingsSource(Settings, _without(wrong, source())) for source in sources)
    return None, problems


def _left_out(detail: Any) -> Location:
    """What to leave out for an error: what is wrong, the table where something is missing, an item of a list whole."""
    location = tuple(detail["loc"])
    if detail["type"] in ("missing", "missing_argument"):
        location = location[:-1]
    return location[: len(_list_of(location)) + 1]


def _list_of(location: Location) -> Location:
    """The list that something stands in; the location itself if that is none."""
    return tuple(takewhile(lambda part: isinstance(part, str), location))


def _without(wrong: set[Location], data: Any, here: Location = ()) -> Any:
    """`data`, which stands at `here`, without what stands at one of `wrong`."""
    if isinstance(data, dict):
        return {key: _without(wrong, data[key], (*here, key)) for key in data if (*here, key) not in wrong}
    if isinstance(data, list):
        return [_without(wrong, item, (*here, index)) for index, item in enumerate(data) if (*here, index) not in wrong]
    return data


def _hidden(problem: Problem, wrong: list[Location]) -> bool:
    """Whether a problem only follows from settings that are wrong themselves and were left out.

    Where an item of a list was left out, the others have moved up, and a problem of theirs would be told of another.
    """
    wrong = [_list_of(location) for location in wrong]
    if any(problem.location[: len(place)] == place for place in wrong):
        return True
    return any(
        place[: len(other)] == other or other[: len(place)] == place for place in wrong for other in problem.also
    )
