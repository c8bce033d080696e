"""The whole fuzzing run: explore, follow the links, then aim at whatever has not been seen often enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logout_conformance.reporting.table import Table

from .deployment import DOCUMENT
from .fuzz_chains import Followed, follow_links
from .fuzz_deployments import all_deployments
from .fuzz_run import aim, explore

FLOOR = 20
"""How often every documented answer has to be seen."""


@dataclass(frozen=True)
class Whole:
    """What the run came to: the books, what failed, and where the links led."""

    table: Table
    problems: list[str]
    followed: Followed

    @property
    def failures(self) -> list[str]:
        """Everything for which the run fails, a line or more for each."""
        undocumented = [f"undocumented: {answer}, {count} times" for answer, count in self.table.undocumented.items()]
        return [*self.problems, *undocumented, *self.table.short(FLOOR)]


def fuzz_everything(folder: Path) -> Whole:
    """Run it in `folder`. Takes a minute or two."""
    table = Table(DOCUMENT)
    with all_deployments(folder, table) as stages:
        problems = explore(stages["ordinary"])
        followed = follow_links(stages["ordinary"])
        problems += followed.problems
        problems += aim(stages, DOCUMENT, table, FLOOR)
    return Whole(table, problems, followed)
