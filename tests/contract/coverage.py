"""Fuzzes the whole document and writes what was seen into docs/contract-coverage.md.

python -m tests.contract.coverage
"""

from __future__ import annotations

import logging
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from logout_conformance.reporting.table import Table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contract-coverage.md"


def as_markdown(table: Table) -> list[str]:
    """A row for each operation, with how often each documented status was seen."""
    seen: dict[tuple[str, str], dict[int, int]] = {}
    for path, method, status, count in table.pairs():
        seen.setdefault((path, method), {})[status] = count
    statuses = sorted({status for counts in seen.values() for status in counts})
    lines = [f"| operation | {' | '.join(map(str, statuses))} |", "|---|" + "---:|" * len(statuses)]
    for (path, method), counts in seen.items():
        cells = " | ".join(str(counts.get(status, "")) for status in statuses)
        lines.append(f"| `{method.upper()} {path}` | {cells} |")
    return lines


def write_section(name: str, lines: Sequence[str]) -> None:
    """Replace what stands between the marks of a section of the page."""
    begin, end = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    inside = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    text = "\n".join([begin, *lines, end])
    PAGE.write_text(inside.sub(lambda _: text, PAGE.read_text()))


def main() -> int:
    """Run it; the exit status says whether it failed."""
    from tests.kit.fuzz_whole import fuzz_everything

    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        run = fuzz_everything(Path(folder))
    print(run.table, *run.failures, sep="\n")
    if not run.failures:
        write_section("coverage", as_markdown(run.table))
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
