"""The clock is set, by an hour or by days: what waits is told all the same, and nothing expires that had no chance."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from endsession.delivery import attempts, breaker, lane_worker
from tests.kit.apps import deploy_with_apps, sign_in, states
from tests.kit.deployment import TOKEN, Deployment
from tests.kit.receivers import Receivers
from tests.kit.waiting import eventually

HOUR = 3600.0


async def end(gateway: Deployment, sid: str = "s-alice") -> None:
    """An administrator ends a session."""
    assert (await gateway.send("DELETE", f"/acme/sessions/{sid}", token=TOKEN)).status_code == 200


async def deadlines(gateway: Deployment) -> list[float]:
    """When deliveries are given up, from now on, in seconds."""
    rows = await gateway.rows("SELECT deadline FROM deliveries")
    return [deadline - gateway.clock() for (deadline,) in rows]


async def test_set_back_while_a_delivery_waits(tmp_path: Path, apps: Receivers) -> None:
    """It waits for its next attempt, which is then an hour ahead."""
    apps.behaviour["a"] = lambda call: 503 if call == 1 else 200
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a")
        await end(gateway)
        gateway.clock.jump(-HOUR)
        await eventually(lambda: states(gateway), lambda seen: seen == {"a": "delivered"})
        rows = await gateway.rows("SELECT seconds FROM attempts")
        assert all(seconds >= 0 for (seconds,) in rows)


async def test_set_back_while_no_process_runs(tmp_path: Path, apps: Receivers) -> None:
    """A delivery was written, and an attempt made, in what is now the future."""
    apps.behaviour["a"] = lambda call: 503 if call == 1 else 200
    changes = {"issuers": {"acme": {"notify_wait": 10}}}
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        gateway.clock.offset = HOUR
        await sign_in(gateway, "a")
        await end(gateway)
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        await eventually(lambda: states(gateway), lambda seen: seen == {"a": "delivered"})


async def test_set_back_while_an_app_rests(tmp_path: Path, apps: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that was found down rests for seconds, not for an hour."""
    for module in (attempts, breaker, lane_worker):
        if hasattr(module, "THRESHOLD"):
            monkeypatch.setattr(module, "THRESHOLD", 1)
    apps.behaviour["a"] = lambda call: 503 if call < 3 else 200
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        for sid in ("s-1", "s-2"):
            await sign_in(gateway, "a", sid=sid)
            await end(gateway, sid)
        gateway.clock.jump(-HOUR)
        for sid in ("s-1", "s-2"):
            await eventually(partial(states, gateway, sid), lambda seen: seen == {"a": "delivered"}, 60)


@pytest.mark.parametrize("again", ["waiting", "held"])
async def test_set_forward_past_every_deadline(tmp_path: Path, apps: Receivers, again: str) -> None:
    """Two days in a moment: the app had none of them, so it is told, and its deadline has moved with the clock."""
    apps.behaviour["a"] = lambda call: (None if again == "held" else 503) if call == 1 else 200
    changes = {"issuers": {"acme": {"notify_wait": 0.2}}, "delivery": {"timeout": 30}}
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        await sign_in(gateway, "a")
        await end(gateway)
        await apps.wait_for("a")
        gateway.clock.jump(48 * HOUR)
        if again == "held":
            apps.let_go()
        await eventually(lambda: states(gateway), lambda seen: seen == {"a": "delivered"}, 60)
        (left,) = await deadlines(gateway)
        assert left > 23 * HOUR or again == "held"


async def test_a_deadline_that_passes_is_one(tmp_path: Path, apps: Receivers) -> None:
    """Time that has passed is no jump: a day later an app that never answered is given up."""
    apps.behaviour["a"] = lambda call: 503
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a")
        await end(gateway)
        gateway.clock.advance(25 * HOUR)
        await eventually(lambda: states(gateway), lambda seen: seen == {"a": "expired"})
