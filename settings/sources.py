"""The sources of settings, for pydantic-settings to merge: a TOML file, a folder of secrets, the environment.

Ours is what its own sources leave open: an error where a file cannot be read, names of the operator's choice, names
that lead nowhere, and the place of every value, so that all problems can be told at once.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import EnvSettingsSource, PydanticBaseSettingsSource, TomlConfigSettingsSource

from .model import PREFIX, Settings
from .names import NoSuchSetting, NoTable, locate
from .problems import Location, Problem
from .shape import entry, is_simple, members

SECRETS_VARIABLE = f"{PREFIX}SECRETS_DIR"
_NO_SETTINGS = re.compile(rf"""
    {PREFIX} (?: CONFIG | SECRETS_DIR | URL | (?: [A-Z0-9]+ _ )*? (?:
        SERVICE_HOST | SERVICE_PORT (?: _ [A-Z0-9_]+ )?
        | PORT (?= = [a-z]+:// )
        | PORT_ [0-9]+ _ (?: TCP | UDP | SCTP ) (?: _PROTO | _PORT | _ADDR )? )) = .*
    """, re.VERBOSE | re.DOTALL)  # fmt: skip
"""NAME=VALUE of variables that say where settings are, or that Kubernetes and container links set by themselves for a
Service called `endsession` or `endsession-NAME` (https://kubernetes.io/docs/concepts/services-networking/service/).
`PORT` may also be a typo of a setting, so its value has to be a URL, as Kubernetes writes it."""


def unreadable(error: OSError | ValueError) -> tuple[str, str]:
    """What is wrong with a file that cannot be read, and the fix."""
    if isinstance(error, OSError):
        return (
            f"it cannot be read: {error.strerror}",
            "correct the name, or let the user that endsession runs as read it",
        )
    if isinstance(error, UnicodeDecodeError):
        return "it is not in UTF-8", "save it as UTF-8"
    return f"it is not TOML: {error}", "see https://toml.io"


class SettingsFile(TomlConfigSettingsSource):
    """The TOML file, if there is one. Raises OSError and ValueError, also where the library would pass over it."""

    def __init__(self, file: Path | None) -> None:
        self.text = file.read_text(encoding="utf-8") if file else ""
        super().__init__(Settings)

    def _read_files(self, *_: Any, **__: Any) -> dict[str, Any]:
        return tomllib.loads(self.text)


class Environment(EnvSettingsSource):
    """Variables with the prefix, in any case. Strings are taken as they are; lists and tables are JSON.

    `lower` are the sources that it goes before. `places` says where each setting was found.
    """

    kind = "environment variable "

    def __init__(self, *lower: PydanticBaseSettingsSource) -> None:
        self.problems: list[Problem] = []
        self.places: dict[Location, str] = {}
        self._found: dict[str, Any] = {}
        super().__init__(Settings)
        tables = [self._found, *(source() for source in lower)]
        for name in sorted(self.env_vars, key=str.upper):  # a table comes before what is set in it
            self._read(name, self.env_vars[name] or "", tables)

    def __call__(self) -> dict[str, Any]:
        """The settings that were found."""
        return self._found

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = super()._load_env_vars().items()
        ours = {name: text for name, text in variables if name.upper().startswith(PREFIX)}
        return {name: text for name, text in ours.items() if not _NO_SETTINGS.fullmatch(f"{name.upper()}={text}")}

    def _read(self, name: str, text: str, tables: list[Any]) -> None:
        place = self.kind + name
        try:
            location, kind = locate(name.upper().removeprefix(PREFIX), tables)
            value = text if is_simple(kind) else json.loads(text)
        except NoTable:
            pass
        except NoSuchSetting as fix:
            self.problems.append(Problem((), "there is no setting of this name", str(fix), place))
        except (ValueError, RecursionError):
            example = '{"name": "value"}' if members(kind) or entry(kind) else '["one", "two"]'
            message = "it is not JSON, as lists and tables are in variables"
            self.problems.append(Problem(location, message, f"write it as in {example}", place))
        else:
            table: dict[Any, Any] = self._found
            for key in location[:-1]:
                table[key] = table.get(key) or {}  # null, as JSON has it, is not a table either
                table = table[key]
            table[location[-1]] = value
            self.places[location] = place


class SecretFiles(Environment):
    """Files that are named like variables; a line break at the end does not count. `folder` may be empty, for none."""

    def __init__(self, folder: str, *lower: PydanticBaseSettingsSource) -> None:
        self._folder, self.kind = folder, f"secret file {Path(folder)}/"
        super().__init__(*lower)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        """Unlike the library's own it follows links, takes spaces as they are, and does not read what is not ours."""
        found: dict[str, str | None] = {}
        for path in self._files():
            name = path.name.upper()
            if name.startswith(PREFIX) and path.is_file():
                try:
                    text = path.read_text(encoding="utf-8")
                    found[path.name] = text.removesuffix("\n").removesuffix("\r")
                except (OSError, ValueError) as error:
                    self.problems.append(Problem((), *unreadable(error), self.kind + path.name))
            elif name.partition("__")[0].lower() in Settings.model_fields:
                message, fix = f"its name does not begin with {PREFIX}, so it has no effect", f"rename it to {PREFIX}"
                self.problems.append(Problem((), message, fix + name, f"file {path}"))
        return {name: text for name, text in found.items() if text}

    def _files(self) -> list[Path]:
        try:
            return sorted(Path(self._folder).iterdir()) if self._folder else []
        except OSError as error:
            message = f"the secrets folder {self._folder} cannot be read: {error.strerror}"
            place = f"environment variable {SECRETS_VARIABLE}"
            self.problems.append(Problem((), message, "name another folder, or unset it", place))
            return []
