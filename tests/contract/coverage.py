"""What docs/contract-coverage.md shows: tables of the document, the scenarios and the removals.

python -m tests.contract.coverage     writes it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from endsession.contract.document import METHODS
from tests.fuzzing.scenarios import scenarios_of
from tests.kit.deployment import DOCUMENT

from .removals import REMOVALS

PAGE = Path(__file__).parents[2] / "docs" / "contract-coverage.md"


def coverage() -> Iterator[str]:
    """A row for each operation, with how many scenarios each documented status has."""
    items = DOCUMENT.raw["paths"].items()
    operations = [(path, method) for path, item in items for method in METHODS if method in item]
    counts = {
        (path, method): {status: len(scenarios) for status, scenarios in scenarios_of(DOCUMENT, path, method)}
        for path, method in operations
    }
    statuses = sorted({status for of_operation in counts.values() for status in of_operation})
    yield f"| operation | {' | '.join(map(str, statuses))} |"
    yield "|---|" + "---:|" * len(statuses)
    for (path, method), of_operation in counts.items():
        cells = (str(of_operation.get(status, "")) for status in statuses)
        yield f"| `{method.upper()} {path}` | {' | '.join(cells)} |"


def removals() -> Iterator[str]:
    """A row for each status."""
    yield "| status | what is removed |"
    yield "|---|---|"
    yield from (f"| {status} | {what} |" for status, (what, _) in REMOVALS.items())


SECTIONS = {"coverage": coverage, "removals": removals}


def section(name: str, page: str) -> re.Match[str]:
    """What stands between the marks of a section of the page."""
    found = re.search(f"<!-- {name} begins -->\n(.*?)\n<!-- {name} ends -->", page, re.DOTALL)
    assert found, f"the page has no section {name}"
    return found


if __name__ == "__main__":
    text = PAGE.read_text()
    for name, rows in SECTIONS.items():
        found = section(name, text)
        text = text[: found.start(1)] + "\n".join(rows()) + text[found.end(1) :]
    PAGE.write_text(text)
