"""The contract run over all vendors' endpoints at once: schemathesis, with real inputs under the vendors' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from endsession.contract.added_paths import merge, shipped
from endsession.contract.document import METHODS, load_document
from logout_conformance.reporting.table import Table
from tests.kit.fuzz_deployments import all_deployments
from tests.kit.fuzz_run import aim, explore
from tests.kit.fuzz_whole import FLOOR


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_vendors_documents_and_the_gateway_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every documented answer is given at least 20 times, no other one ever, and no check of schemathesis fails."""
    document = load_document()
    ours = set(document.endpoints)
    for file in shipped().values():
        document = merge(document, file)
    paths = document.endpoints.keys() - ours
    items = [document.raw["paths"][path] for path in paths]
    operations = [item[method]["operationId"] for item in items for method in METHODS if method in item]
    table = Table(document, paths)
    with all_deployments(tmp_path, table, document) as stages:
        problems = explore(stages["ordinary"], examples=10, few=5, operations=operations)
        problems += aim(stages, document, table, FLOOR, operations=operations)
    with capsys.disabled():
        print(f"\n{table}")
    assert not problems, "\n".join(problems[:50])
    assert table.undocumented == {}
    assert table.short(FLOOR) == []
