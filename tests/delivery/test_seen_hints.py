"""`id_tokens_have_sid = true` is a claim about the provider that verified hints can contradict."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from endsession.protocol.hint import VerifiedHint
from endsession.store.script import Database
from endsession.store.seen_hints import READ_AGAIN, SeenHints
from tests.kit.apps import deploy_with_apps, sign_in
from tests.kit.deployment import TOKEN, Deployment, cookie_of
from tests.kit.flow import PLAIN
from tests.kit.logout_tokens import validate
from tests.kit.receivers import Receivers
from tests.kit.tokens import id_token

ACME = "https://login.example/acme"


async def claims(gateway: Deployment, apps: Receivers, app: str, number: int = -1) -> dict[str, Any]:
    """The claims of the last token that an app got."""
    keys = (await gateway.get("/acme/jwks.json")).json()
    return validate(apps.tokens(app)[number], keys, issuer=ACME, audience=app, alg="RS256")


async def ledger(gateway: Deployment) -> list[tuple[str, str, str]]:
    """App, state and reason of each delivery, in their order."""
    listed = (await gateway.send("GET", "/acme/deliveries", token=TOKEN)).json()["deliveries"]
    return [(delivery["client_id"], delivery["state"], delivery.get("reason", "")) for delivery in listed]


async def test_an_app_whose_hints_have_no_sid_is_told_by_its_user(
    tmp_path: Path, apps: Receivers, caplog: pytest.LogCaptureFixture
) -> None:
    """No app could find its session by a `sid` that its ID tokens never had. The others' tokens have it.

    A hint that has one again changes that back. The log says it once, with the setting and the fix; the ledger always.
    """
    async with deploy_with_apps(tmp_path, apps, "a", "b") as gateway:
        with caplog.at_level(logging.WARNING):
            for number in range(2):
                await sign_in(gateway, "a", "b", sid=f"s-{number}")
                await gateway.get(
                    PLAIN, {"id_token_hint": id_token(aud="a", sid=None)}, cookie=cookie_of(f"s-{number}")
                )
                assert "sid" not in await claims(gateway, apps, "a")
                assert (await claims(gateway, apps, "b"))["sid"] == f"s-{number}"
        said = [record.getMessage() for record in caplog.records if "id_tokens_have_sid" in record.getMessage()]
        assert len(said) == 1
        assert "set issuers.acme.id_tokens_have_sid = false" in said[0].lower()
        told = {app: (state, reason) for app, state, reason in await ledger(gateway)}
        assert told["b"] == ("delivered", "delivered")
        assert told["a"][0] == "delivered"
        assert "naming the user alone" in told["a"][1]
        assert "id_tokens_have_sid" in told["a"][1]
        await sign_in(gateway, "a", sid="s-2")
        await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a", sid="s-2")}, cookie=cookie_of("s-2"))
        assert (await claims(gateway, apps, "a"))["sid"] == "s-2"


async def test_an_app_that_requires_sid_and_has_none(tmp_path: Path, apps: Receivers) -> None:
    """It is not told without one, and the ledger says what is wrong."""
    async with deploy_with_apps(tmp_path, apps, "a", backchannel_logout_session_required=True) as gateway:
        await sign_in(gateway, "a")
        await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a", sid=None)}, cookie=cookie_of())
        ((app, state, reason),) = await ledger(gateway)
        assert (app, state, apps.bodies) == ("a", "failed", [])
        assert "backchannel_logout_session_required" in reason
        assert "id_tokens_have_sid" in reason


async def test_a_restart_forgets_nothing(tmp_path: Path, apps: Receivers) -> None:
    """An administrator ends a session in another process, which has seen no hint."""
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a")
        await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a", sid=None)}, cookie=cookie_of())
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a", sid="s-2")
        await gateway.send("DELETE", "/acme/sessions/s-2", token=TOKEN)
        assert "sid" not in await claims(gateway, apps, "a")


async def test_nothing_is_kept_where_the_setting_is_right(tmp_path: Path, apps: Receivers) -> None:
    """Of hints with `sid`, and where the settings say that there is none."""
    changes = {"issuers": {"acme": {"id_tokens_have_sid": False}}}
    for number, (sid, settings) in enumerate((("s-0", {}), (None, changes))):
        async with deploy_with_apps(tmp_path, apps, "a", changes=settings) as gateway:
            await sign_in(gateway, "a", sid=f"s-{number}")
            await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a", sid=sid)}, cookie=cookie_of(f"s-{number}"))
        async with deploy_with_apps(tmp_path, apps, "a") as gateway:
            assert await gateway.rows("SELECT client_id FROM seen_hints") == []


def _hint(sid: str | None, age: int) -> VerifiedHint:
    now = int(time.time())
    return VerifiedHint("a", "alice", sid, now - age, now + 3600)


async def test_an_older_hint_does_not_turn_it_back(store: Database) -> None:
    """Hints from before the provider put `sid` into its ID tokens are sent for weeks, whatever node they come to."""
    here, there = (SeenHints(store, lambda: 0.0) for _ in range(2))
    for hint, expected in ((_hint(None, 300), True), (_hint("s", 100), False), (_hint(None, 200), False)):
        here.note("acme", hint)
        await here.stop()
        assert await here.lack_sid("acme", "a") is expected
        await there.load()
        assert await there.lack_sid("acme", "a") is expected
    there.note("acme", _hint(None, 150))
    await there.stop()
    assert not await there.lack_sid("acme", "a")


async def test_what_a_client_can_have_made_shows_nothing(store: Database) -> None:
    """A hint that its client's secret signed says nothing of the provider's ID tokens."""
    seen = SeenHints(store, lambda: 0.0)
    seen.note("acme", replace(_hint(None, 0), by_secret=True))
    await seen.stop()
    assert not await seen.lack_sid("acme", "a")


async def test_a_newer_hint_with_sid_counts_though_it_changes_nothing_here(store: Database) -> None:
    """Another process has seen one without, before: what is newer here is not given up for it."""
    here, there = (SeenHints(store, lambda: 0.0) for _ in range(2))
    there.note("acme", _hint(None, 200))
    await there.stop()
    here.note("acme", _hint("s", 100))
    await here.load()
    assert not await here.lack_sid("acme", "a")


async def test_what_another_process_has_seen_is_read_in_time(store: Database) -> None:
    """Once in a while, and not at each logout."""
    now = 1000.0
    here, there = (SeenHints(store, lambda: now) for _ in range(2))
    await here.load()
    there.note("acme", _hint(None, 100))
    await there.stop()
    assert not await here.lack_sid("acme", "a")
    now += READ_AGAIN
    assert await here.lack_sid("acme", "a")
