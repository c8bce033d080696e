"""The fuzzing run notices when the code that answers with a status is gone, whichever status it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from .removals import PATHS, REMOVALS, announced, copy_tree, unnoticed


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("status", REMOVALS)
def test_a_removal_is_noticed(status: int) -> None:
    """At each logout path, by GET and by POST, wherever the document announces the status."""
    assert announced(status)
    assert unnoticed(status) == []


@pytest.mark.parametrize("status", REMOVALS)
def test_what_is_removed_is_there(status: int, tmp_path: Path) -> None:
    """Each removal still finds its code: one that cut out nothing would prove nothing."""
    copy_tree(tmp_path)
    for removal in REMOVALS[status][1]:
        removal.apply(tmp_path)


def test_every_status_has_a_removal() -> None:
    """Whatever the logout paths announce."""
    assert {status for status in range(100, 600) if announced(status)} == set(REMOVALS), PATHS
