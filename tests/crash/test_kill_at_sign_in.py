"""kill -9 at every step of a sign-in through a front: a token that reached an app has its session (T28)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.front.people import Begun, Person, exchange, refresh, sign_in, without_jar
from tests.front.scripted import ISSUER, ScriptedProvider, only_acme
from tests.kit.deployment import CONFIGURATION, Deployment, deploy, merged
from tests.lab.serving import listening

from .front_victim import POINTS

DURABLE = {"after the commit", "before the answer", "after the answer"}


async def _start(folder: Path, path: str, point: str) -> tuple[asyncio.subprocess.Process, str]:
    """A victim that serves, and its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash.front_victim", str(folder), path, point, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    return process, f"http://127.0.0.1:{int(await process.stdout.readline())}"


async def _killed_at(folder: Path, path: str, point: str, alice: Person) -> tuple[Begun | None, dict[str, Any] | None]:
    """What came of a sign-in at a victim: the browser's way back to the app, and the app's tokens."""
    begun = tokens = None
    victim, url = await _start(folder, path, point)
    async with without_jar(url) as http:
        try:
            begun = await alice.authorize(http)
            response = await exchange(http, begun)
            assert response.status_code == 200, response.text
            tokens = response.json()
        except httpx2.HTTPError:
            pass
    async with asyncio.timeout(30):
        assert await victim.wait() == -signal.SIGKILL
    return begun, tokens


async def _sids(gateway: Deployment, tokens: dict[str, Any]) -> set[str]:
    key = hashlib.sha256(tokens["refresh_token"].encode()).hexdigest()
    return {sid for (sid,) in await gateway.rows("SELECT sid FROM front_tokens WHERE sha256 = :key", key=key)}


@pytest.mark.parametrize("path", ["/authorize", "/token"])
@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_a_sign_in(tmp_path: Path, storage_url: str, path: str, point: str) -> None:
    """What an app holds is known, and its browser's; a user who was cut off signs in again, and can log out."""
    provider, alice = ScriptedProvider(), Person("alice")
    async with listening(provider.asgi) as port:
        configuration = merged(only_acme(port), {"storage": {"url": storage_url}})
        (tmp_path / "configuration.json").write_text(json.dumps(merged(CONFIGURATION, configuration)))
        begun, tokens = await _killed_at(tmp_path, path, point, alice)
        assert (begun is not None) == (path == "/token" or point == "after the answer")
        assert (tokens is not None) == (path == "/token" and point == "after the answer")
        async with (
            deploy(tmp_path, configuration) as gateway,
            without_jar(ISSUER, transport=httpx2.ASGITransport(gateway.app)) as http,
        ):
            sessions = {sid for (sid,) in await gateway.rows("SELECT sid FROM sessions")}
            assert len(sessions) == (1 if path == "/token" and point in DURABLE else 0)
            if tokens is not None:
                assert await _sids(gateway, tokens) == sessions
            again = await sign_in(http, alice)
            (sid,) = await _sids(gateway, again)
            assert not sessions or sessions == {sid}, "the same browser's, as before the death"
            await http.get("/bye", params={"id_token_hint": again["id_token"]}, headers=alice.cookie_header)
            for issued in (tokens, again):
                if issued is not None:
                    assert (await refresh(http, "web", issued["refresh_token"])).status_code == 400
