"""docs/contract-coverage.md shows what the fuzzing run does."""

from __future__ import annotations

import re

import pytest

from tests.fuzzing.reach import FLOOR
from tests.fuzzing.scenarios import scenarios_of
from tests.fuzzing.targets import DEPLOYMENTS, Table
from tests.kit.deployment import DOCUMENT

from .coverage import PAGE, SECTIONS, section


@pytest.mark.parametrize("name", SECTIONS)
def test_the_page_is_up_to_date(name: str) -> None:
    """Each operation with its statuses and the scenarios of each, and each removal."""
    assert section(name, PAGE.read_text())[1] == "\n".join(SECTIONS[name]()), "run: python -m tests.contract.coverage"


def test_the_page_names_the_deployments_and_the_floor() -> None:
    """Each deployment that the fuzzer visits is explained, and how often each answer has to be seen is said."""
    text = PAGE.read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(DEPLOYMENTS)
    assert f"at least {FLOOR} times" in text


def test_every_documented_answer_has_scenarios() -> None:
    """The statuses of the scenarios are those that the run's table counts, operation by operation."""
    counted = {(path, method, status) for path, method, status, _ in Table(DOCUMENT).pairs()}
    operations = {(path, method) for path, method, _ in counted}
    reached = {
        (path, method, status)
        for path, method in operations
        for status, scenarios in scenarios_of(DOCUMENT, path, method)
        if scenarios
    }
    assert reached == counted
