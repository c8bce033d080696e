"""No test is left out but for want of a program, and in CI none at all."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from tests.kit.programs import needs_program

ROOT = Path(__file__).parents[2]
HELPERS = [ROOT / "tests" / "kit" / "programs.py"]
"""Where tests may be left out: only outside of CI, for want of a program."""
NAMES = {"skip", "skipif", "xfail", "importorskip", "skipIf", "skipUnless", "expectedFailure", "SkipTest", "skipTest"}
OF_OTHERS = {"options", "given"}
"""Objects with a member of such a name that leaves no test out: the option of the conformance suite."""


def leaves_out(code: str) -> list[str]:
    """Where tests are left out, or may fail, by any of the ways that pytest and unittest have."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and node.attr in NAMES:
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            found += [f"{node.lineno}: {owner}.{node.attr}"] if owner not in OF_OTHERS else []
        if isinstance(node, ast.ImportFrom) and node.module in ("pytest", "unittest"):
            found += [f"{node.lineno}: {alias.name}" for alias in node.names if alias.name in NAMES]
    return found


@pytest.mark.parametrize("folder", ["tests", "conformance", "sdk"])
def test_nothing_else_leaves_a_test_out(folder: str) -> None:
    """Each way would be a hole that nobody sees: a test that needs a program says so by `needs_program`."""
    read = [
        path
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not {".venv", "build", "node_modules"} & set(path.parts)
    ]
    assert len(read) > 3
    found = {str(path.relative_to(ROOT)): leaves_out(path.read_text()) for path in read if path not in HELPERS}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "code",
    [
        "@pytest.mark.skip\ndef test(): ...",
        "@pytest.mark.skipif(True, reason='x')\ndef test(): ...",
        "pytestmark = pytest.mark.xfail",
        "pytest.importorskip('x')",
        "pytest.skip('x')",
        "pytest.param(1, marks=pytest.mark.skip)",
        "from pytest import skip",
        "@unittest.skipIf(True, 'x')\ndef test(): ...",
        "raise unittest.SkipTest",
    ],
)
def test_each_way_is_seen(code: str) -> None:
    """What is looked for is found."""
    assert leaves_out(code)


@pytest.mark.parametrize(("ci", "skipped"), [(None, True), ("1", False)])
def test_a_missing_program_is_no_excuse_in_ci(monkeypatch: pytest.MonkeyPatch, ci: str | None, skipped: bool) -> None:
    """Elsewhere the reason says what to install; where the program is, the test runs."""
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    mark = needs_program("no-such-program", apt="nothing", why="does something").mark
    assert (mark.name, mark.args, mark.kwargs["reason"]) == ("skipif", (skipped,), "does something (apt: nothing)")
    assert shutil.which("sh")
    assert needs_program("sh", apt="dash", why="runs a shell").mark.args == (False,)
