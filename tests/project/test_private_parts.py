"""Which private parts of libraries are used: those that a canary watches, in libraries pinned to a minor version."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import endsession
from tests.kit.serving import ROOT

REQUIREMENTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
CANARIES = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_canary.py"))
OVERRIDDEN = {
    ("_load_env_vars", "pydantic_settings"),
    ("_read_files", "pydantic_settings"),
    ("_unsupported_upgrade_warning", "uvicorn"),
}
CALLED = {"_build_middleware_stack", "_load_env_vars"}
UNPROMISED = ("connexion", "pydantic-settings", "uvicorn")
"""Libraries of which parts are used that have no promise; not all of them have names that begin with `_`."""


def modules() -> Iterator[ModuleType]:
    """Every module of the gateway, imported."""
    for found in pkgutil.walk_packages(endsession.__path__, "endsession."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def overridden() -> Iterator[tuple[str, str]]:
    """(name, library) of each private part of a library's class that a class of the gateway replaces."""
    for module in modules():
        for kind in vars(module).values():
            if not inspect.isclass(kind) or kind.__module__ != module.__name__:
                continue
            for base in kind.__mro__[1:]:
                library = base.__module__.partition(".")[0]
                if library not in ("builtins", "endsession", "typing"):
                    names = vars(kind).keys() & vars(base).keys()
                    yield from ((name, library) for name in names if is_private(name))


def is_private(name: str) -> bool:
    """By Python's custom."""
    return name.startswith("_") and not name.startswith("__") and name != "_abc_impl"


def called() -> Iterator[str]:
    """Private names that are asked of something else than `self` or `cls`, and that the gateway does not define."""
    defined, asked = set(), set()
    for module in modules():
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                    defined.add(name)
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                    if isinstance(node.ctx, ast.Store):
                        defined.add(name)
                case ast.Attribute(attr=name) if is_private(name):
                    asked.add((name, isinstance(node.value, ast.Call)))
    yield from (name for name, of_super in asked if of_super or name not in defined)


def test_only_known_private_parts_are_used() -> None:
    """A new one needs a canary first, and its library a pin."""
    assert {(name, library) for name, library in overridden() if library != "pydantic"} == OVERRIDDEN
    assert set(called()) - {"_asdict", "_replace"} == CALLED  # those two are the public interface of named tuples


@pytest.mark.parametrize("name", sorted(CALLED | {name for name, _ in OVERRIDDEN}))
def test_a_private_part_has_a_canary(name: str) -> None:
    """Which says what an upgrade took away, and which file relies on it."""
    assert name in CANARIES


@pytest.mark.parametrize("library", UNPROMISED)
def test_a_library_with_private_parts_in_use_is_pinned_to_its_minor_version(library: str) -> None:
    """Parts without a promise may change with any minor version, so none comes by itself."""
    (pin,) = [requirement.specifier for requirement in map(Requirement, REQUIREMENTS) if requirement.name == library]
    major, minor = Version(version(library)).release[:2]
    assert pin == SpecifierSet(f">={major}.{minor},<{major}.{minor + 1}")
