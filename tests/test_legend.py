"""`docs/threats.md` and `docs/requirements.md`: every number that is cited is there, and all that they name exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
THREATS = (ROOT / "docs" / "threats.md").read_text()
REQUIREMENTS = (ROOT / "docs" / "requirements.md").read_text()
SECTIONS: dict[str, str] = dict(re.findall(r"(?ms)^## (T\d+): (.*?)(?=^## |\Z)", THREATS))
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in REQUIREMENTS.splitlines()
    if re.match(r"\| R\d+ ", line)
]
FOLDERS = (
    "endsession",
    "handlers",
    "settings",
    "openapi",
    "conformance",
    "tests",
    "tooling",
    "examples",
    "bench",
    "docs",
    ".",
)
"""Where numbers are cited; of the last, only files that stand at the top."""
KINDS = (".py", ".md", ".yaml", ".toml", ".html", ".css", ".js", ".sql")
CITED = re.compile(r"(?<![\w-])([TR])(\d{1,2})(?![\w-])")


def _texts() -> Iterator[tuple[str, str]]:
    """Every file of the repository that can cite a number: its name and its text."""
    for folder in FOLDERS:
        paths = (ROOT / folder).iterdir() if folder == "." else (ROOT / folder).rglob("*")
        for path in sorted(paths):
            if path.suffix in KINDS and path.is_file() and "node_modules" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text()


def _named(text: str) -> list[str]:
    """Files, `FILE:NAME` and `FILE::TEST` in a page; a name that stands alone after one is of the same file."""
    found: list[str] = []
    for word in re.findall(r"`([^`\s]+)`", text):
        if re.match(r"[\w.-]+/", word):
            found.append(word)
        elif found and re.fullmatch(r"[A-Za-z_]\w*", word) and ":" in found[-1] and "::" not in found[-1]:
            found.append(f"{found[-1].partition(':')[0]}:{word}")
    return found


@cache
def _functions_and_classes(file: Path) -> frozenset[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in ast.parse(file.read_text()).body if isinstance(node, kinds))


def _missing(named: str) -> str | None:
    """What is wrong with what a page names; None when it is there."""
    file, _, name = named.partition("::") if "::" in named else named.partition(":")
    if not (ROOT / file).is_file():
        return f"there is no file {file}"
    if name and name not in _functions_and_classes(ROOT / file):
        return f"{file} has no {name}"
    return None


def test_every_number_that_is_cited_is_in_the_legend() -> None:
    """In code, tests and documents; a number that leads nowhere is worse than none."""
    known = {*SECTIONS, *(row[0] for row in ROWS)}
    cited = {(kind + number, name) for name, text in _texts() for kind, number in CITED.findall(text)}
    assert {item for item in cited if item[0] not in known} == set()
    assert len({number for number, name in cited if not name.startswith("docs/")}) > 40


def test_the_numbers_have_no_gaps() -> None:
    """A number keeps its meaning, so none is left out and none is used twice."""
    assert list(SECTIONS) == [f"T{number + 1}" for number in range(len(SECTIONS))]
    assert [row[0] for row in ROWS] == [f"R{number + 1}" for number in range(len(ROWS))]
    assert (len(SECTIONS), len(ROWS)) >= (33, 80)


@pytest.mark.parametrize("number", SECTIONS)
def test_a_threat_has_a_defence_and_a_test(number: str) -> None:
    """By file and function, and by tests that pytest collects; what is only partly closed says what is left."""
    parts = dict(re.findall(r"(?ms)^\* \*\*([\w ]+):\*\* (.*?)(?=^\* \*\*|\Z)", SECTIONS[number]))
    assert set(parts) - {"Partly", "Known elsewhere"} == {"Closed by", "Tests"}
    defence, tests = _named(parts["Closed by"]), _named(parts["Tests"])
    assert defence
    assert tests
    assert all(re.fullmatch(r"tests/[\w/]+\.py::test_\w+", test) for test in tests), tests
    assert [wrong for wrong in map(_missing, (*defence, *tests)) if wrong] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_requirement_says_where_it_stands(row: list[str]) -> None:
    """A level, and a file that has it or the reason why nothing does."""
    _, level, requirement, _, where = row
    assert level in ("MUST", "SHOULD", "MAY", "own")
    assert requirement
    assert where.startswith("Not built, because ") or _named(where)
    assert [wrong for wrong in map(_missing, _named(where)) if wrong] == []


def test_what_is_not_there_is_noticed() -> None:
    """A file, a function, a test: else nothing above could fail."""
    assert _named("(`endsession/limiter.py:Limiter`, `network_of`; `x`)")[:2] == [
        "endsession/limiter.py:Limiter",
        "endsession/limiter.py:network_of",
    ]
    assert _missing("endsession/limiter.py:network_of") is None
    assert _missing("endsession/limiter.py:nothing") == "endsession/limiter.py has no nothing"
    assert _missing("endsession/nothing.py") == "there is no file endsession/nothing.py"
    assert _missing("tests/test_limiter.py::test_nothing") == "tests/test_limiter.py has no test_nothing"
    assert CITED.findall("(T3, R66 to R74) and X-T5, T20a, RT7") == [("T", "3"), ("R", "66"), ("R", "74")]
