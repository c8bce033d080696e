"""The list of checks, and the wall around the suite."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import logout_conformance
from logout_conformance import checks
from logout_conformance.check import Registry
from logout_conformance.checks import CHECKS, MODULES
from logout_conformance.options import NEEDS
from logout_conformance.responses.rules import EVERY_RESPONSE

from .deployment import FROM_CHECKOUT

PACKAGE = Path(logout_conformance.__file__).parent


def source_of(module: ModuleType) -> str:
    """The source of a module."""
    assert module.__file__
    return Path(module.__file__).read_text()


def test_every_module_of_checks_runs() -> None:
    """A module that is not listed, or a function without its decorator, would be a check that nobody makes."""
    files = {path.stem for path in Path(checks.__file__).parent.glob("*.py")} - {"__init__"}
    assert {module.__name__.rpartition(".")[2] for module in MODULES} == files
    for module in MODULES:
        assert isinstance(module.check, Registry)
        registered = {check.run.__name__ for check in module.check.checks}
        decorated = {
            node.name
            for node in ast.walk(ast.parse(source_of(module)))
            if isinstance(node, ast.FunctionDef) and node.decorator_list
        }
        assert registered == decorated
    assert CHECKS[-1].title == "too many requests are 429"


def test_titles_are_unique_and_needs_are_known() -> None:
    """Failures are reported by title, and what a check needs is named by its option."""
    titles = [*(check.title for check in CHECKS), *EVERY_RESPONSE]
    assert len(titles) == len(set(titles))
    assert {need for check in CHECKS for need in check.needs} <= NEEDS.keys()


def test_no_check_returns_without_a_result() -> None:
    """A check that cannot be made is skipped with a reason. A bare `return` at its start would be called passed."""
    for module in MODULES:
        tree = ast.parse(source_of(module))
        for function in (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list):
            for statement in function.body:
                if isinstance(statement, ast.If):
                    assert not any(isinstance(inner, ast.Return) for inner in statement.body), function.name


def test_the_suite_imports_nothing_of_the_gateway() -> None:
    """It tests any deployment and not this code: neither its sources nor its dependencies name `endsession`."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            assert not {name.partition(".")[0] for name in names} & {"endsession", "handlers", "settings"}, path
    code = "import sys, logout_conformance.cli, logout_conformance.fuzzing.run; print('endsession' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=FROM_CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
