"""A gateway that is broken on purpose: every breakage is found, by the check or rule that it violates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import breakages
from .deployment import Break, SkippingClock, all_options, run, serving

BROKEN: list[tuple[Break, str]] = [
    (breakages.wrong_status, "a token without the scope is 403"),
    (breakages.wrong_schema, "the body matches its schema"),
    (breakages.follows_any_uri, "a redirect goes to a registered URI, with state"),
    (breakages.no_allow, "405 lists the allowed methods"),
    (breakages.no_retry_after, "429 and 503 have Retry-After"),
    (breakages.echoes_input, "no input is repeated"),
    (breakages.forgets_state, "a registered URI is followed with state, character by character"),
    (breakages.may_be_cached, "caches store nothing"),
    (breakages.head_is_get, "HEAD ends nothing"),
    (breakages.takes_the_last, "a repeated parameter is 400"),
]


@pytest.mark.slow
@pytest.mark.sqlite_alone("it is the suite that is tested, and no breakage depends on the storage")
@pytest.mark.parametrize(("break_it", "title"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_breakage_is_found(break_it: Break, title: str, tmp_path: Path) -> None:
    """The run fails, and names the check or rule that does not hold."""
    changes: dict[str, Any] = {}
    options = ["--no-fuzz"]
    if break_it is breakages.no_retry_after:
        changes = {"limits": {"logout_per_address": "40/hour"}}
        options += ["--until-limited", "60"]
    clock = SkippingClock()
    with serving(tmp_path, break_it, changes, clock) as url:
        status, report, errors = run(url, *all_options(tmp_path), *options, clock=clock)
    assert status == 1, errors
    assert f"FAILED: {title}\n" in report, report
