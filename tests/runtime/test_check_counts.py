"""`endsession check` says what a front has counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from endsession import settings as configuration
from endsession.runtime.app import open_store
from endsession.runtime.check_storage import check_storage
from endsession.store.front_counts import Counted, add_counts
from tests.kit.storages import SEALING_SECRET

FRONT = {"issuer": "https://op.example", "front": {"upstream": "http://op.internal:9000"}}


async def said(storage_url: str, folder: Path, counts: dict[Counted, int]) -> list[tuple[str, str]]:
    """What is said of these counts, and how to fix it."""
    store = open_store(storage_url, folder)
    await store.prepare()
    try:
        await store.write(add_counts(counts, 1_800_000_000.0))
    finally:
        await store.close()
    storage = {"url": storage_url} | ({} if storage_url.startswith("sqlite") else {"sealing_secrets": [SEALING_SECRET]})
    settings = configuration.Settings.model_validate({"storage": storage, "issuers": {"acme": FRONT}})
    found = [finding for finding in check_storage(settings, folder) if finding.problem.location[-1] == "front"]
    assert not any(finding.certain for finding in found)
    return [(finding.problem.message, finding.problem.fix) for finding in found]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({("acme", "did_not_stick", "web"): 2}, "2 ID tokens were issued to web for sessions that had ended"),
        ({("acme", "withheld_in_vain", ""): 3}, "cookies of ended sessions passed 3 times"),
        ({("acme", "not_learnt", ""): 1}, "1 ID tokens for apps that are not known could not be learnt from"),
        ({("acme", "storage_unavailable", ""): 4}, "4 requests passed without being learnt"),
        ({("acme", "begun", "web"): 3}, "sign-ins of web begin here, and none of their tokens passes"),
    ],
)
async def test_what_was_counted_is_said(
    tmp_path: Path, storage_url: str, counts: dict[Counted, int], message: str
) -> None:
    """Each with what to do."""
    ((told, fix),) = await said(storage_url, tmp_path, counts)
    assert told.startswith(message)
    assert fix


async def test_what_is_as_it_should_be_is_not(tmp_path: Path, storage_url: str) -> None:
    """Sign-ins that are learnt, a few that were given up, and another issuer's."""
    counts: dict[Counted, int] = {
        ("acme", "begun", "web"): 9,
        ("acme", "learnt", "web"): 5,
        ("acme", "begun", "shop"): 2,
        ("globex", "did_not_stick", "web"): 7,
    }
    assert await said(storage_url, tmp_path, counts) == []
