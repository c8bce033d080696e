"""Storage gone, slow, silent, read-only, locked or removed: what the user sees, what is lost, how it recovers (T28)."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.kit.deployment import TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import HTML, PLAIN, answer
from tests.kit.tokens import id_token

from .running import NEEDS_STORAGE, SIGNED_OUT, run
from .scenarios import RESTARTED, SCENARIOS, Fault, Scenario, at_wire

HANGS = 15.0
"""Seconds after which a request would be called hanging, on a machine however busy. `python -m tests.outages` measures
against the promise itself, which is three."""


def deployed(folder: Path, fault: Fault) -> AbstractAsyncContextManager[Deployment]:
    """A gateway on that storage."""
    return deploy(folder, {"storage": {"url": fault.url}})


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: f"{scenario.storage}: {scenario.name}")
async def test_a_fault_is_a_503_that_loses_nothing(tmp_path: Path, postgres_server: str, scenario: Scenario) -> None:
    """Every operation answers 503 with `Retry-After`; nothing that was refused has ended; then everything works."""
    observed = await run(scenario, tmp_path, postgres_server)
    assert len(observed.answers) == NEEDS_STORAGE
    for name, (status, retry_after, took) in observed.answers.items():
        reads = scenario.reads_work and name.startswith("GET ") and "logout" not in name and "end-session" not in name
        assert (status, retry_after) == ((200, False) if reads else (503, True)), name
        assert took < HANGS, name
    assert observed.readiness[0] == 503
    assert observed.ended_meanwhile == []
    assert observed.lost == []


async def test_a_restart_of_the_server_is_not_noticed(tmp_path: Path, postgres_server: str) -> None:
    """All connections are closed while they are idle: the next requests open others, and none fails."""
    observed = await run(RESTARTED, tmp_path, postgres_server)
    assert {status for status, _, _ in observed.answers.values()} <= {200, 201, 303}
    assert observed.lost == []


async def test_a_lost_answer_to_commit_is_said_to_be_unknown(tmp_path: Path, postgres_server: str) -> None:
    """The session has ended, and nobody could know: no page claims that nothing happened. Repeating is safe."""
    losing = Scenario("", "PostgreSQL", at_wire(lambda wire: wire.swallow_after(b"UPDATE sessions", b"COMMIT")))
    async with losing.arrange(tmp_path, postgres_server) as fault, deployed(tmp_path, fault) as gateway:
        await gateway.register()
        request = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT}
        await fault.begin()
        response = await gateway.get(PLAIN, request, cookie=cookie_of(), accept=HTML)
        assert response.status_code == 503
        assert "retry-after" in response.headers
        assert "it is not known whether" in response.text
        assert "logged nobody out" not in response.text
        await fault.end()
        assert await gateway.state_of() == "ended"
        again = await gateway.get(PLAIN, request, cookie=cookie_of(), accept=HTML)
        assert again.headers["location"] == SIGNED_OUT


async def test_a_question_is_still_good_after_a_fault(tmp_path: Path, postgres_server: str) -> None:
    """An answer that could not be taken can be given again."""
    async with SCENARIOS[0].arrange(tmp_path, postgres_server) as fault, deployed(tmp_path, fault) as gateway:
        await gateway.register()
        question = await gateway.get(PLAIN, {"client_id": "web"}, cookie=cookie_of(), accept=HTML)
        await fault.begin()
        assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 503
        await fault.end()
        assert (await gateway.send("GET", "/acme/sessions/s-alice", token=TOKEN)).json()["state"] == "live"
        assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 200
        assert await gateway.state_of() == "ended"
