"""schemathesis against the whole document, through the real application, with real inputs among the generated ones."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from endsession.contract.document import checked_document
from tests.fuzzing.contract import fuzz_everything
from tests.fuzzing.explore import explore
from tests.fuzzing.links import every_link
from tests.fuzzing.reach import reach
from tests.fuzzing.targets import Table, all_targets, target
from tests.kit.deployment import DOCUMENT


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("backend")
def test_the_document_and_the_gateway_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every documented answer is given at least 20 times, no other one ever, and no check of schemathesis fails.

    Each link of the document leads on, all the way from a session's registration to its last delivery.
    """
    run = fuzz_everything(tmp_path)
    with capsys.disabled():
        print(f"\n{run.table}")
    assert not run.failures, "\n".join(run.failures[:50])
    assert set(every_link(DOCUMENT)) - run.walk.links == set()
    assert ("putSession", "joinSession", "endSession", "listDeliveries", "redeliver") in run.walk.chains


@pytest.mark.usefixtures("backend")
def test_a_disagreement_is_found(tmp_path: Path) -> None:
    """The run reports an answer that the document does not announce: an empty report means something."""
    raw = copy.deepcopy(dict(DOCUMENT.raw))
    responses = raw["paths"]["/healthz"]["get"]["responses"]
    responses["204"] = {"description": "It never says so."}
    del responses["200"]
    document = checked_document(raw)
    table = Table(document)
    with target(tmp_path, table, document=document) as running:
        problems = explore(running, few=5, operations=["getHealth"])
    assert any("status_code_conformance" in problem for problem in problems), problems
    assert list(table.undocumented) == ["GET /healthz: 200"]
    assert "GET /healthz: 204 seen 0 times" in table.short(1)


@pytest.mark.usefixtures("backend")
def test_an_answer_that_does_not_fit_is_found(tmp_path: Path) -> None:
    """The run reports a body that its schema does not take, and an answer other than the one that it aimed at."""
    raw = copy.deepcopy(dict(DOCUMENT.raw))
    raw["components"]["schemas"]["Health"]["required"] = ["mood"]
    raw["paths"]["/healthz"]["get"]["responses"]["404"] = {"description": "It never says so."}
    document = checked_document(raw)
    table = Table(document)
    with all_targets(tmp_path, table, document) as targets:
        problems = reach(targets, document, table, 2, paths=["/healthz"])
    assert any("Response violates schema" in problem for problem in problems), problems
    assert any("answered with 200 in place of 404" in problem for problem in problems), problems
    assert "GET /healthz: 404 seen 0 times" in table.short(1)


def test_the_books_know_what_is_documented() -> None:
    """A wrong method counts for each operation of its path, a HEAD for its GET, and an unknown path is a 404."""
    table = Table(DOCUMENT)
    table.count("PATCH", "/acme/logout", 405)
    table.count("HEAD", "/healthz", 200)
    table.count("GET", "/nowhere", 404)
    table.count("GET", "/nowhere", 200)
    table.count("GET", "/healthz", 418)
    counts = {(path, method, status): count for path, method, status, count in table.pairs() if count}
    assert counts == {
        ("/{issuer_id}/logout", "get", 405): 1,
        ("/{issuer_id}/logout", "post", 405): 1,
        ("/healthz", "get", 200): 1,
    }
    assert table.undocumented == {"GET of no documented path: 200": 1, "GET /healthz: 418": 1}
    assert table.total(["/{issuer_id}/logout"], 405) == 2
