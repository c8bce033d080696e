"""Reading settings: merge the sources, validate, check that it all holds together, tell all problems at once."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import EnvSettingsSource, NestedSecretsSettingsSource

from .check import check
from .model import PREFIX, Settings
from .policies import DialectTerms
from .problems import BadSettings, Location, Places, Problem

SECRETS_VARIABLE = "ENDSESSION_SECRETS_DIR"
_NOT_SETTINGS = {SECRETS_VARIABLE, "ENDSESSION_CONFIG"}


def load(
    file: Path | None, *, dialects: Mapping[str, DialectTerms], reserved: frozenset[str] = frozenset()
) -> Settings:
    """Read the settings.

    `file` is the TOML file, if there is one. `dialects` are the logout endpoints of the document, by path, and
    `reserved` the names that no issuer can have; both come from the document. Raises BadSettings.
    """
    text = _read(file)
    table = _parse(file, text)
    environment = EnvSettingsSource(Settings)()
    folder = os.environ.get(SECRETS_VARIABLE)
    secrets = NestedSecretsSettingsSource(Settings, folder)() if folder and Path(folder).is_dir() else {}  # type: ignore[arg-type]
    data = _merge(_merge(table, secrets), environment)
    outside = {name.upper(): f"environment variable {name}" for name in os.environ if name.upper().startswith(PREFIX)}
    if folder and Path(folder).is_dir():
        outside |= {path.name.upper(): f"secret {path}" for path in Path(folder).iterdir()}
    places = Places(PREFIX, file, text, outside)
    problems = [
        *_unknown_variables(),
        *([_no_folder(folder)] if folder and not Path(folder).is_dir() else []),
    ]
    settings, invalid = _validate(data)
    problems += invalid
    if settings is not None:
        hidden = [problem.location for problem in invalid]
        base = file.resolve().parent if file else Path.cwd()
        problems += [found for found in check(settings, dialects, reserved, base) if not _below(found, hidden)]
    if problems or settings is None:
        raise BadSettings(problems, places)
    settings._places = places
    return settings


def _read(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text()
    except OSError as error:
        problem = Problem((), f"the settings file cannot be read: {error.strerror}", "name another with --config")
        raise BadSettings([problem], Places(PREFIX, file, "", {})) from None


def _parse(file: Path | None, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem((), f"the settings file is not TOML: {error}", "see https://toml.io")
        raise BadSettings([problem], Places(PREFIX, file, "", {})) from None


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Deep merge. Names in the environment are upper-case, so a key there finds its like in the file by case."""
    merged = dict(base)
    for key, value in over.items():
        name = next((known for known in merged if _same(known, key)), key)
        below = merged.get(name)
        merged[name] = _merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _same(known: str, key: str) -> bool:
    return known == key or known.lower().replace("-", "_") == key.lower()


def _validate(data: dict[str, Any]) -> tuple[Settings | None, list[Problem]]:
    """Validate; when parts are wrong, leave them out and go on, so that one run tells everything."""
    problems: list[Problem] = []
    for _ in range(3):
        try:
            return Settings(**data), problems
        except ValidationError as error:
            details = error.errors(include_url=False)
            problems += [_as_problem(detail) for detail in details]
            for detail in details:
                data = _without(data, detail["loc"] if detail["type"] != "missing" else detail["loc"][:-1])
    return None, problems


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


def _as_problem(detail: Any) -> Problem:
    location, kind = tuple(detail["loc"]), detail["type"]
    message = detail["msg"].removeprefix("Value error, ")
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        near = difflib.get_close_matches(str(location[-1]), _names_at(location[:-1]), 1)
        return Problem(
            location, "there is no such setting", f"did you mean {near[0]}?" if near else "remove it"
        )  # fmt: skip
    if kind == "missing":
        return Problem(location, "it is missing", f"add {location[-1]} here")
    if kind == "literal_error":
        near = difflib.get_close_matches(str(detail["input"]), re.findall(r"'([^']*)'", detail["ctx"]["expected"]), 1)
        return Problem(location, message, f"did you mean {near[0]}?" if near else "use one of these")
    return Problem(location, message)


def _names_at(location: Location) -> list[str]:
    """The settings that exist in the table at `location`."""
    model: Any = Settings
    for part in location:
        field = getattr(model, "model_fields", None) or getattr(model, "__pydantic_fields__", None) or {}
        annotation = field[part].annotation if part in field else model
        candidates = [annotation, *get_args(annotation)]
        for candidate in list(candidates):
            candidates += get_args(candidate)
        model = next((one for one in candidates if _has_fields(one)), model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return list(getattr(model, "__dataclass_fields__", ()))


def _has_fields(candidate: Any) -> bool:
    return isinstance(candidate, type) and (
        issubclass(candidate, BaseModel) or hasattr(candidate, "__dataclass_fields__")
    )  # fmt: skip


def _unknown_variables() -> list[Problem]:
    """Names that begin with the prefix and lead nowhere would otherwise be silently without effect."""
    problems = []
    for name in sorted(os.environ):
        if not name.upper().startswith(PREFIX) or name.upper() in _NOT_SETTINGS:
            continue
        head, *rest = name[len(PREFIX) :].lower().split("__")
        if head not in Settings.model_fields:
            near = difflib.get_close_matches(head, Settings.model_fields, 1)
            better = PREFIX + "__".join([near[0], *rest]).upper() if near else ""
            mend = f"did you mean {better}?" if near else "unset it"
            problems.append(Problem((head, *rest), "no setting has this environment name", mend))
    return problems


def _no_folder(folder: str) -> Problem:
    return Problem(("secrets_dir",), f"the secrets folder {folder} does not exist", f"correct {SECRETS_VARIABLE}")


def _below(problem: Problem, hidden: list[Location]) -> bool:
    return any(problem.location[: len(location)] == location for location in hidden)
