"""A gateway that is broken on purpose: each way is reported, by the claim that it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import breakages
from .deployment import Break, contract, parties, serving

BROKEN: list[tuple[Break, str]] = [
    (breakages.wrong_status, "without the scope it is 403"),
    (breakages.wrong_schema, "the body fits its schema"),
    (breakages.follows_any_uri, "a redirect leads to a registered URI, with state"),
    (breakages.no_allow, "405 lists the methods"),
    (breakages.no_retry_after, "429 and 503 say when to come back"),
    (breakages.echoes_input, "nothing that was sent is repeated"),
    (breakages.forgets_state, "a registered URI of a client is followed with state, character by character"),
    (breakages.may_be_cached, "nothing is stored by caches"),
    (breakages.head_is_get, "HEAD ends nothing"),
    (breakages.takes_the_last, "a repeated parameter is 400"),
]


@pytest.mark.parametrize(("break_it", "claim"), BROKEN, ids=lambda one: getattr(one, "__name__", ""))
def test_a_breakage_is_reported(break_it: Break, claim: str, tmp_path: Path) -> None:
    """The run finds the contract broken, and names the claim that does not hold."""
    changes: dict[str, Any] = {}
    options = ["--no-fuzz"]
    if break_it is breakages.no_retry_after:
        changes = {"limits": {"logout_per_address": "40/minute"}}
        options += ["--until-limited", "60", "--time-limit", "3"]
    with serving(tmp_path, break_it, changes) as url:
        status, report, errors = contract(url, *parties(tmp_path), *options)
    assert status == 1, errors
    assert f"BROKEN: {claim}\n" in report, report
