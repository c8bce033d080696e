"""The contract run over all vendors' endpoints at once: schemathesis, with real inputs under the vendors' names."""

from __future__ import annotations

from pathlib import Path

from endsession.conformance.table import Table
from endsession.contract.document import METHODS, load
from endsession.contract.vendors import merge, shipped
from tests.kit.fuzz_run import explore
from tests.kit.fuzz_stage import stage

from .table import ALL

FLOOR = 10


def test_the_vendors_documents_and_the_gateway_agree(tmp_path: Path) -> None:
    """No check fails, no answer is undocumented, and every outcome of a logout is reached at the vendors' paths."""
    document = load()
    for file in shipped().values():
        document = merge(document, file)
    paths = [path for path in document.dialects if path not in load().dialects]
    items = [document.raw["paths"][path] for path in paths]
    operations = [item[method]["operationId"] for item in items for method in METHODS if method in item]
    table = Table(document)
    with stage(tmp_path, table, ALL) as running:
        problems = explore(running, examples=25, few=5, operations=operations)
    assert problems == []
    assert table.undocumented == {}
    reached = {status: table.total(paths, status) for status in (200, 303, 400, 401, 404, 405, 422)}
    assert min(reached.values()) >= FLOOR, reached
    ended = {path: table.total([path], 200) + table.total([path], 303) for path in paths}
    assert min(ended.values()) >= FLOOR, ended
