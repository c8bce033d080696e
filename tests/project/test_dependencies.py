"""What is declared, what is locked and what the page says of it are the same."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.kit.serving import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SUITE = tomllib.loads((ROOT / "conformance" / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
PAGE = (ROOT / "docs" / "dependencies.md").read_text()
LOCKS = {
    "requirements.txt": PROJECT["project"]["dependencies"],
    "requirements-dev.txt": [
        *PROJECT["project"]["dependencies"],
        *PROJECT["dependency-groups"]["dev"],
        *SUITE["project"]["dependencies"],
    ],
    "conformance/requirements.txt": SUITE["project"]["dependencies"],
    "requirements-fuzz.txt": (ROOT / "requirements-fuzz.in").read_text().splitlines(),
    "requirements-demo.txt": (ROOT / "requirements-demo.in").read_text().splitlines(),
    "requirements-lab.txt": (ROOT / "requirements-lab.in").read_text().splitlines(),
    "requirements-audit.txt": (ROOT / "requirements-audit.in").read_text().splitlines(),
    "sdk/requirements.txt": (ROOT / "sdk/requirements.in").read_text().splitlines(),
}
"""Each lock, and the requirements that it answers."""


def names(requirements: list[str]) -> set[str]:
    """The packages that these lines ask for; comments ask for none."""
    return {Requirement(line).name for line in requirements if not line.startswith("#")}


def npm(path: str) -> set[str]:
    """The packages that a package.json asks for."""
    return set(json.loads((ROOT / path).read_text())["devDependencies"])


DECLARED = {
    "The gateway": names(PROJECT["project"]["dependencies"]),
    "Development": names(PROJECT["dependency-groups"]["dev"])
    | names(LOCKS["requirements-fuzz.txt"])
    | names(LOCKS["requirements-audit.txt"])
    | npm("tooling/package.json"),
    "The demo": names(LOCKS["requirements-demo.txt"]),
    "Providers and proxies of the tests": names(LOCKS["requirements-lab.txt"]) | npm("tests/lab/package.json"),
    "Client SDKs": names(LOCKS["sdk/requirements.txt"]) | npm("sdk/package.json"),
    "`logout-conformance`": names(SUITE["project"]["dependencies"]),
}


def tables() -> Iterator[tuple[str, set[str]]]:
    """Each section of the page, and the packages in its table that have a reason next to them."""
    for section in PAGE.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        rows = re.findall(r"^\| (?!package )([^|]+) \| [^|]+ \|$", text, re.MULTILINE)
        yield title, {name for row in rows for name in row.split(", ")}


def test_the_page_says_of_each_dependency_why_it_is_there() -> None:
    """What is declared has a line in the table of its kind, and no line speaks of what is declared no more."""
    assert dict(tables()) == DECLARED
    assert {extra: names(asked) for extra, asked in EXTRAS.items()} == {"contract": {SUITE["project"]["name"]}}


def locked(lock: str) -> dict[str, Version]:
    """The versions that a lock pins, by canonical name."""
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): Version(number) for name, number in pins}


def unanswered(requirements: list[str], pins: dict[str, Version]) -> Iterator[str]:
    """The requirements that a lock with these pins does not meet."""
    for requirement in (Requirement(line) for line in requirements if not line.startswith("#")):
        pin = pins.get(canonicalize_name(requirement.name))
        if pin is None or pin not in requirement.specifier:
            yield str(requirement)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_answers_what_is_declared(lock: str) -> None:
    """A dependency that was added, or a bound that was moved, has been locked: what is asked for gets installed."""
    pins = locked(lock)
    assert list(unanswered(LOCKS[lock], pins)) == []
    assert list(unanswered(["endsession-no-such-package", "pip<0"], {**pins, "pip": Version("26")})) != []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_hashes_and_no_registry(lock: str) -> None:
    """Each package is held to hashes, so that it does not matter from where it comes; where from is not said."""
    text = (ROOT / lock).read_text()
    assert re.findall(r"https?:|file:|--(?:extra-)?index-url|--find-links", text) == []
    blocks = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
