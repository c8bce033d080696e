"""The parts of pydantic-settings that have no promise and that settings/sources.py is built on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings.sources.base import ConfigFileSourceMixin

from tests.kit.canary import relied_on

SOURCES = "settings/sources.py"


class Small(BaseSettings):
    """Settings with one member."""

    model_config = SettingsConfigDict(toml_file=Path("nowhere.toml"))
    name: str = ""


class FromText(TomlConfigSettingsSource):
    """A file that is already read."""

    def _read_files(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {"name": "from a string"}


class FromMapping(EnvSettingsSource):
    """An environment that is given."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {"name": "from a mapping"}


def test_the_file_source_asks_one_method_for_its_table() -> None:
    """So the file is read once, and an error in it is reported with the others."""
    with relied_on("pydantic-settings", "TomlConfigSettingsSource takes its table from _read_files", SOURCES):
        assert FromText(Small)() == {"name": "from a string"}
        assert "_read_files" in vars(ConfigFileSourceMixin), "_read_files is not what it overrides"


def test_the_environment_source_asks_one_method_for_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the names that are not settings are left out before anything is made of them."""
    with relied_on("pydantic-settings", "EnvSettingsSource keeps what _load_env_vars gives in env_vars", SOURCES):
        monkeypatch.setenv("CANARY", "sings")
        own = EnvSettingsSource(Small)
        assert own._load_env_vars()["canary"] == "sings", "it does not return the environment"
        source = FromMapping(Small)
        assert source.env_vars == {"name": "from a mapping"}, source.env_vars
        assert source() == {"name": "from a mapping"}, source()


def test_a_canary_stops_singing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the part taken out of the library its test fails, and names the library and the file that relies on it."""
    monkeypatch.delattr(EnvSettingsSource, "_load_env_vars")
    with pytest.raises(AssertionError, match=r"pydantic-settings .* has changed\..* settings/sources\.py relies on it"):
        test_the_environment_source_asks_one_method_for_variables(monkeypatch)
