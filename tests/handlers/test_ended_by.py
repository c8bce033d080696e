"""Who ended a session can be read of the session: the app, the administrator, or what time does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from endsession.delivery import sweeper
from tests.kit.deployment import READER, TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import HTML, PLAIN, answer
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually


async def by_an_app(gateway: Deployment) -> None:
    """The user logs out at an app, which sends a hint."""
    assert (await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of())).status_code == 200


async def by_a_browser(gateway: Deployment) -> None:
    """The user says yes, and no app was named."""
    question = await gateway.get(PLAIN, cookie=cookie_of(), accept=HTML)
    assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 200


async def by_an_administrator(gateway: Deployment) -> None:
    """A management operation."""
    assert (await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)).status_code == 200


async def by_time(gateway: Deployment) -> None:
    """Its lifetime passes."""
    gateway.clock.advance(61)
    look = "SELECT ended_at FROM sessions"
    await eventually(lambda: gateway.rows(look), lambda rows: rows[0][0] is not None)


@pytest.mark.parametrize(
    ("end", "reason", "by"),
    [
        (by_an_app, "user", "web"),
        (by_a_browser, "user", "browser"),
        (by_an_administrator, "admin", "login-service"),
        (by_time, "expired", "sweeper"),
    ],
)
async def test_who_ended_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Any, reason: str, by: str) -> None:
    """`ended_by` goes with `end_reason`, in the session and in the list; a live session has neither."""
    monkeypatch.setattr(sweeper, "EXPIRE_EVERY", 0.05)
    async with deploy(tmp_path) as gateway:
        await gateway.register(idle_seconds=60)
        live = (await gateway.send("GET", "/acme/sessions/s-alice", token=READER)).json()
        assert not live.keys() & {"ended_at", "end_reason", "ended_by"}
        await end(gateway)
        ended = (await gateway.send("GET", "/acme/sessions/s-alice", token=READER)).json()
        (listed,) = (await gateway.send("GET", "/acme/sessions?state=ended", token=READER)).json()["sessions"]
        for shown in (ended, listed):
            assert (shown["state"], shown["end_reason"], shown["ended_by"]) == ("ended", reason, by)
