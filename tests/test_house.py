"""The house rules: who may import whom, how long a file may get, and that everything public says what it does.

Imports are read from the source, so that a rule holds for code that no test happens to run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("endsession", "handlers", "settings")
"""`handlers` and `settings` are links in `endsession`, and are read where they stand."""
SUITE = "conformance/logout_conformance"
"""A distribution of its own, whose tests hold that it imports nothing of the gateway."""
OUTSIDE = ("tests", "examples", "bench", "conformance/tests")
"""Code outside the packages: it may look into every room, and has to keep the form of the house."""
MAX_LINES = 300
DATABASES = ("sqlite3", "psycopg", "psycopg_pool", "asyncpg", "aiosqlite", "sqlalchemy")


@cache
def _sources(*folders: str) -> tuple[Path, ...]:
    return tuple(sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imported_names(module: ast.Module, package: tuple[str, ...]) -> frozenset[str]:
    """The full names that a module of `package` imports, relative ones resolved: `a.b` for `from a import b`."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*start, *filter(None, [node.module])))
            names |= {f"{origin}.{alias.name}" for alias in node.names}
    return frozenset(names)


@cache
def _imports(path: Path) -> frozenset[str]:
    package = path.relative_to(ROOT).parts[:-1]
    return imported_names(_tree(path), ("endsession", *package) if package[0] in PACKAGES[1:] else package)


def _importing(paths: Iterator[Path] | tuple[Path, ...], *names: str) -> list[str]:
    """`file: name` for each import of one of `names`, or of something in it."""
    return [
        f"{path.relative_to(ROOT)}: {imported}"
        for path in paths
        for imported in sorted(_imports(path))
        if any(imported == name or imported.startswith(name + ".") for name in names)
    ]


def _outside_room(room: str) -> Iterator[Path]:
    """`room` is a regular expression: a few libraries have two rooms."""
    return (path for path in _sources(*PACKAGES) if not re.search(room, path.relative_to(ROOT).as_posix()))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports_are_read_as_python_reads_them() -> None:
    """Plain, aliased, relative and function-level imports are all seen: else the rules below hold nothing."""
    source = """
import endsession.handlers.logout
import a.b as c
from . import near
from .app import build
from ..protocol import errors as e
def late():
    from connexion import App
"""
    assert imported_names(ast.parse(source), ("endsession", "contract")) == {
        "endsession.handlers.logout",
        "a.b",
        "endsession.contract.near",
        "endsession.contract.app.build",
        "endsession.protocol.errors",
        "connexion.App",
    }
    assert _importing(_sources("endsession/contract"), "connexion") != []


def test_there_is_one_import_root() -> None:
    """Nobody imports `handlers` or `settings` by the names that every other project has as well."""
    assert _importing(_sources(*PACKAGES, *OUTSIDE), "handlers", "settings") == []


def test_the_engine_does_not_import_handlers() -> None:
    """Handlers are named by the contract; the engine runs with any."""
    assert _importing(_sources("endsession"), "endsession.handlers") == []


def test_protocol_imports_nothing_of_ours() -> None:
    """Decisions are pure: they know neither the other rooms, nor handlers, nor settings."""
    names = {name for path in _sources("endsession/protocol") for name in _imports(path)}
    ours = {name for name in names if name.partition(".")[0] in PACKAGES}
    assert {name for name in ours if not name.startswith("endsession.protocol.")} == set()


def test_settings_import_no_room_but_protocol() -> None:
    """An operator's settings speak in the types of protocol, and do not depend on how the engine is built."""
    names = {name for path in _sources("settings") for name in _imports(path)}
    ours = {name for name in names if name.startswith("endsession.")}
    assert {name for name in ours if not name.startswith(("endsession.protocol.", "endsession.settings."))} == set()


def test_the_conformance_suite_is_imported_at_its_door_only() -> None:
    """The gateway runs without it, and without the libraries that it needs."""
    importing = _importing(_sources(*PACKAGES), "logout_conformance", "schemathesis", "hypothesis", "joserfc")
    assert importing == ["endsession/conformance.py: logout_conformance.cli.main"]


@pytest.mark.parametrize(
    ("room", "libraries"),
    [
        ("endsession/contract/", ("connexion", "jsonschema_rs", "openapi_spec_validator")),
        ("endsession/tokens/", ("jwcrypto",)),
        ("endsession/store/", DATABASES),
        ("endsession/(pages|reference|proxy)/", ("jinja2",)),
    ],
)
def test_a_library_stays_in_its_room(room: str, libraries: tuple[str, ...]) -> None:
    """Exchanging connexion, jwcrypto, a database driver or the template engine touches one room."""
    assert _importing(_outside_room(room), *libraries) == []


def test_no_sql_outside_the_store() -> None:
    """Nobody but the store makes a Statement, so that all SQL can be read in one room."""
    assert _importing(_outside_room("endsession/store/"), "endsession.store.script.Statement") == []


@pytest.mark.parametrize("path", _sources(*PACKAGES, SUITE, *OUTSIDE), ids=_name)
def test_a_file_is_short(path: Path) -> None:
    """A file that grows beyond what a reader takes in at once is two files."""
    assert len(path.read_text().splitlines()) <= MAX_LINES


def _undocumented(path: Path) -> Iterator[str]:
    """Public modules, functions, classes and methods without a docstring. What is inside a function is not public."""
    module = _tree(path)
    if not ast.get_docstring(module):
        yield "the module"
    stack: list[tuple[str, ast.AST]] = [("", module)]
    while stack:
        prefix, parent = stack.pop()
        for node in ast.iter_child_nodes(parent):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                stack.append((f"{prefix}{node.name}.", node))


@pytest.mark.parametrize("path", _sources(*PACKAGES, SUITE), ids=_name)
def test_everything_public_says_what_it_does(path: Path) -> None:
    """Every public module, class, function and method of the packages has a docstring."""
    assert list(_undocumented(path)) == []
