"""The run over the document: explore it, follow its links, then reach every scenario.

python -m tests.fuzzing.contract                        all of it, about two minutes
python -m tests.fuzzing.contract PATH... --status 401   the scenarios of these paths alone, or of a status
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.kit.deployment import DOCUMENT

from .explore import explore
from .links import Walk
from .reach import FLOOR, reach
from .targets import Table, all_targets


@dataclass(frozen=True)
class Run:
    """What a whole run came to."""

    table: Table
    problems: list[str]
    walk: Walk

    @property
    def failures(self) -> list[str]:
        """Everything for which the run fails, a line or more for each."""
        undocumented = [f"undocumented: {answer}, {count} times" for answer, count in self.table.undocumented.items()]
        return [*self.problems, *undocumented, *self.table.short(FLOOR)]


def fuzz_everything(folder: Path) -> Run:
    """Run it in `folder`, whose targets have the storage that `tests.kit.deployment.storage_url` says."""
    table = Table(DOCUMENT)
    with all_targets(folder, table) as targets:
        problems = explore(targets["ordinary"])
        (walk := Walk(targets["ordinary"])).follow_all()
        problems += [*walk.problems, *reach(targets, DOCUMENT, table)]
    return Run(table, problems, walk)


def fuzz_paths(folder: Path, paths: list[str], statuses: list[int]) -> list[str]:
    """What the scenarios of some paths fail for."""
    table = Table(DOCUMENT, paths)
    with all_targets(folder, table) as targets:
        problems = reach(targets, DOCUMENT, table, paths=paths, statuses=statuses)
    short = [line for line in table.short(FLOOR) if not statuses or int(line.split()[2]) in statuses]
    return [*problems, *short]


def main() -> int:
    """The exit status says whether anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--status", type=int, action="append", default=[])
    options = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        if options.paths:
            failures = fuzz_paths(Path(folder), options.paths, options.status)
        else:
            run = fuzz_everything(Path(folder))
            failures = run.failures
            print(run.table)
    print(*failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
