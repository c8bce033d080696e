"""The contract run over all vendors' endpoints at once: schemathesis, with real inputs under the vendors' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from endsession.contract.added_paths import merge, shipped
from endsession.contract.document import METHODS, load_document
from tests.fuzzing.explore import explore
from tests.fuzzing.reach import FLOOR, reach
from tests.fuzzing.targets import Table, all_targets


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
    with all_targets(tmp_path, table, document) as targets:
        problems = explore(targets["ordinary"], examples=10, few=5, operations=operations)
        problems += reach(targets, document, table, paths=paths)
    with capsys.disabled():
        print(f"\n{table}")
    assert not problems, "\n".join(problems[:50])
    assert table.undocumented == {}
    assert table.short(FLOOR) == []
