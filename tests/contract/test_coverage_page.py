"""docs/contract-coverage.md, and the command that removes code, keep up with the document and the source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logout_conformance.reporting.table import Table
from tests.contract.coverage import PAGE
from tests.contract.removals import PATHS, REMOVALS, copy_tree, documented
from tests.kit.deployment import DOCUMENT
from tests.kit.fuzz_aims import aims_of
from tests.kit.fuzz_deployments import DEPLOYMENTS
from tests.kit.fuzz_whole import FLOOR


def section(name: str) -> list[list[str]]:
    """The cells of the table between the marks of a section."""
    text = PAGE.read_text().partition(f"<!-- {name} begins -->")[2].partition(f"<!-- {name} ends -->")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows]


def test_the_page_shows_the_document() -> None:
    """Each operation is there with exactly the statuses that it announces, and each of them 20 times or more."""
    (_, *statuses), _, *rows = section("coverage")
    shown = {
        (operation.strip("`"), int(status)): int(count)
        for operation, *counts in rows
        for status, count in zip(statuses, counts, strict=True)
        if count
    }
    announced = {(f"{method.upper()} {path}", status) for path, method, status, _ in Table(DOCUMENT).pairs()}
    assert set(shown) == announced, "bring the page up to date: python -m tests.contract.coverage"
    assert min(shown.values()) >= FLOOR


def test_the_page_names_the_deployments() -> None:
    """Each deployment that the fuzzer visits is explained."""
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)) == set(DEPLOYMENTS)


def test_every_answer_has_an_aim() -> None:
    """Whatever an operation announces, the fuzzer knows a request that has to be answered so."""
    for path, method, status, _ in Table(DOCUMENT).pairs():
        assert status in {aim.status for aim in aims_of(DOCUMENT, path, method)}, (method, path, status)


def test_the_page_shows_every_removal() -> None:
    """For each status of each logout path the code was removed, and for each method the run noticed."""
    _, _, *rows = section("removals")
    noticed = {
        (int(status), line)
        for status, _, _, said in rows
        for line in re.findall(r"`(\w+ \S+): \d+ seen \d+ times`", said)
    }
    wanted = {(status, f"{method.upper()} {path}") for path in PATHS for method, status in documented(path)}
    assert noticed == wanted, "bring the page up to date: python -m tests.contract.removals"


@pytest.mark.parametrize("status", REMOVALS)
def test_what_is_removed_is_there(status: int, tmp_path: Path) -> None:
    """Each removal still finds its code: one that cut out nothing would prove nothing."""
    copy_tree(tmp_path)
    for removal in REMOVALS[status][1]:
        removal.apply(tmp_path)
