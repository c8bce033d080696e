"""kill -9 at every step of a logout: nothing that was ended is untold, nothing is told that was never ended."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kit.apps import states, with_apps
from tests.kit.deployment import CONFIGURATION, TOKEN, Deployment, deploy, merged
from tests.kit.flow import PLAIN
from tests.kit.logout_tokens import validate
from tests.kit.receivers import Receivers, receivers
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

from .victim import POINTS

APPS = ("a", "b", "c")
TOLD_BEFORE = {"after a send", "before a record's commit", "after a record", "before the answer", "in the background"}
"""Points at which an app may have a token already; elsewhere none does."""


@pytest.fixture
def apps() -> Iterator[Receivers]:
    """Apps that take logout tokens."""
    with receivers() as running:
        yield running


def configure(folder: Path, apps: Receivers, storage_url: str) -> dict[str, Any]:
    """Configuration of the victim and of the gateway that comes after it."""
    changes = {
        "storage": {"url": storage_url},
        "delivery": {"timeout": 0.5},
        "issuers": {"acme": {"cookie": None, "policy": {"hint_authority": "hint"}, "notify_wait": 5}},
    }
    return merged(with_apps(folder, apps, *APPS), changes)


def start(folder: Path, point: str) -> tuple[subprocess.Popen[str], httpx2.Client]:
    """A victim that serves, and a client for it."""
    command = [sys.executable, "-m", "tests.crash.victim", str(folder), point]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    return process, httpx2.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"host": "login.example"}, trust_env=False
    )


def register(http: httpx2.Client, sid: str) -> None:
    """Sign alice in at the victim."""
    body = {"sub": "alice", "clients": [{"client_id": name} for name in APPS]}
    response = http.put(f"/acme/sessions/{sid}", json=body, headers={"authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 201, response.text


def log_out(http: httpx2.Client, sid: str) -> int | None:
    """A logout's status, or None when the connection breaks."""
    try:
        return http.get(PLAIN, params={"id_token_hint": id_token(aud="a", sid=sid)}, timeout=20).status_code
    except httpx2.HTTPError:
        return None


async def told(gateway: Deployment, apps: Receivers, sid: str) -> dict[str, int]:
    """How many valid tokens of that session each app has."""
    keys = (await gateway.get("/acme/jwks.json")).json()
    counts = dict.fromkeys(APPS, 0)
    for app in APPS:
        for token in apps.tokens(app):
            claims = validate(token, keys, issuer="https://login.example/acme", audience=app, alg="RS256", shift=60)
            counts[app] += claims["sid"] == sid
    return counts


@pytest.mark.parametrize("point", POINTS)
async def test_killed(tmp_path: Path, apps: Receivers, storage_url: str, point: str) -> None:
    """After a restart every app of an ended session has its token, and an unended session can be ended."""
    if point == "in the background":
        apps.behaviour["b"] = lambda call: 503 if call == 1 else 200
    configuration = configure(tmp_path, apps, storage_url)
    (tmp_path / "configuration.json").write_text(json.dumps(merged(CONFIGURATION, configuration)))
    victim, http = start(tmp_path, point)
    with http:
        register(http, "s-1")
        register(http, "s-untouched")
        answered = log_out(http, "s-1")
        assert victim.wait(20) == -signal.SIGKILL
        assert victim.stdout is not None
        victim.stdout.close()
    assert answered == (200 if point == "in the background" else None)
    if point not in TOLD_BEFORE:
        assert all(apps.tokens(app) == [] for app in APPS)

    async with deploy(tmp_path, configuration) as gateway:
        gateway.clock.advance(60)  # the lease of the dead process runs out
        ended = await gateway.state_of("s-1") == "ended"
        assert bool(await states(gateway, "s-1")) == ended, "a session is ended if and only if its deliveries exist"
        if not ended:
            assert await told(gateway, apps, "s-1") == dict.fromkeys(APPS, 0)
            await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a", sid="s-1")})
        gateway.gateway.outbox.wake()
        await eventually(
            lambda: states(gateway, "s-1"), lambda seen: seen == dict.fromkeys(APPS, "delivered")
        )  # fmt: skip
        counts = await told(gateway, apps, "s-1")
        assert min(counts.values()) >= 1
        # Twice only where the process died between sending and recording; there was one of those at each app.
        retried = 1 if point == "in the background" else 0
        assert max(counts.values()) <= 2 + retried
        if point not in TOLD_BEFORE:
            assert set(counts.values()) == {1}
        assert await told(gateway, apps, "s-untouched") == dict.fromkeys(APPS, 0)
        assert await gateway.state_of("s-untouched") == "live"
