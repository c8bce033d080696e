"""Aims the fuzzer at the operations of one path, and prints what it fails for; see removals.py.

python -m tests.contract.aim_at PATH
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

from endsession.contract.document import METHODS
from logout_conformance.reporting.table import Table
from tests.kit.deployment import DOCUMENT
from tests.kit.fuzz_deployments import all_deployments
from tests.kit.fuzz_run import aim
from tests.kit.fuzz_whole import FLOOR


def failures(path: str) -> list[str]:
    """Everything that the run fails for, each in one line."""
    table = Table(DOCUMENT)
    item = DOCUMENT.raw["paths"][path]
    operations = [item[method]["operationId"] for method in METHODS if method in item]
    with tempfile.TemporaryDirectory() as folder, all_deployments(Path(folder), table) as stages:
        problems = aim(stages, DOCUMENT, table, FLOOR, operations=operations)
    short = [line for line in table.short(FLOOR) if f" {path}: " in line]
    return [problem.partition("\n")[0] for problem in problems] + short


if __name__ == "__main__":
    logging.disable()
    found = failures(sys.argv[1])
    print(*found, sep="\n")
    sys.exit(1 if found else 0)
