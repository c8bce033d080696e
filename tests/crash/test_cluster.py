"""Two gateway processes on one PostgreSQL: a question of one answered by the other, and one of them killed half-way."""

import asyncio
import base64
import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kit import servers
from tests.kit.apps import with_apps
from tests.kit.deployment import CONFIGURATION, TOKEN, merged
from tests.kit.flow import PLAIN
from tests.kit.logout_tokens import validate
from tests.kit.receivers import Receivers, receivers
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

from .test_kill import start

NAMES = [f"app{number}" for number in range(10)]
LOGOUTS = 500


@pytest.fixture
def apps() -> Iterator[Receivers]:
    """Apps that take logout tokens, slowly enough that many are under way when a process dies."""
    with receivers() as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_five_hundred_logouts_and_one_death(tmp_path: Path, apps: Receivers, postgres_server: str) -> None:
    """5000 deliveries, each delivered at least once; twice only where the dead worker had sent and not recorded."""
    changes = {
        "storage": {"url": servers.fresh_schema(postgres_server)},
        "delivery": {"timeout": 1},
        "issuers": {"acme": {"cookie": None, "policy": {"hint_authority": "hint"}, "notify_wait": 0.2}},
    }
    configuration = merged(CONFIGURATION, merged(with_apps(tmp_path, apps, *NAMES), changes))
    (tmp_path / "configuration.json").write_text(json.dumps(configuration))
    first, one = start(tmp_path, "never")
    second, two = start(tmp_path, "never")
    headers = {"host": "login.example"}
    try:
        async with (
            httpx2.AsyncClient(base_url=one.base_url, headers=headers, trust_env=False, timeout=30) as at_first,
            httpx2.AsyncClient(base_url=two.base_url, headers=headers, trust_env=False, timeout=30) as at_second,
        ):
            await _sign_in_all(at_first)
            answered = 0

            async def log_out(number: int) -> None:
                """As a browser does: at one process, and at the other when the first does not answer."""
                nonlocal answered
                query = {"id_token_hint": id_token(aud="app0", sid=f"s{number}")}
                for http in ((at_first, at_second) if number % 2 else (at_second, at_first)) * 5:
                    try:
                        response = await http.get(PLAIN, params=query)
                    except httpx2.HTTPError:
                        continue
                    if response.status_code == 503:  # on a busy machine: nothing was changed, and repeating is safe
                        continue
                    assert response.status_code == 200
                    answered += 1
                    if answered == LOGOUTS // 2:
                        first.send_signal(signal.SIGKILL)
                    return
                raise AssertionError(f"nobody answered logout {number}")

            limit = asyncio.Semaphore(40)

            async def in_turn(number: int) -> None:
                async with limit:
                    await log_out(number)

            await asyncio.gather(*map(in_turn, range(LOGOUTS)))
            assert first.wait(5) == -signal.SIGKILL
            ledger = await eventually(
                lambda: _ledger(at_second), lambda seen: Counter(seen.values()) == {"delivered": 5000}, seconds=90
            )
            assert len(ledger) == LOGOUTS * len(NAMES)
            attempts = await _attempts(at_second)
            keys = (await at_second.get("/acme/jwks.json")).json()
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        one.close()
        two.close()
    arrived = _arrived(apps, keys)
    assert min(arrived[key] for key in ledger) >= 1
    # Every token that came is an attempt in the ledger, but for those of the worker that died before recording.
    unrecorded = [key for key in ledger if arrived[key] > attempts[key]]
    # How many those are depends on how busy the database was: a worker sends on while records wait for their commit.
    assert all(arrived[key] == attempts[key] + 1 for key in unrecorded)
    # On a busy machine an attempt can time out before its request arrives: it is recorded, and made again.
    assert sum(arrived.values()) <= sum(attempts.values()) + len(unrecorded)
    # At most one worker at a time: the second token came only when the dead worker's lease had run out.
    assert all(_gap(apps, key) > 1 for key in unrecorded)


async def _sign_in_all(http: httpx2.AsyncClient) -> None:
    body = {"sub": "alice", "clients": [{"client_id": name} for name in NAMES]}
    authorization = {"authorization": f"Bearer {TOKEN}"}
    for begin in range(0, LOGOUTS, 50):
        puts = (
            http.put(f"/acme/sessions/s{number}", json=body, headers=authorization)
            for number in range(begin, begin + 50)
        )
        assert {response.status_code for response in await asyncio.gather(*puts)} == {201}


async def _pages(http: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """The whole ledger, page by page."""
    found: list[dict[str, Any]] = []
    query = {"limit": "1000"}
    while True:
        answer = await http.get("/acme/deliveries", params=query, headers={"authorization": f"Bearer {TOKEN}"})
        page = answer.json()
        found += page["deliveries"]
        if "next" not in page:
            return found
        query["cursor"] = page["next"]


async def _ledger(http: httpx2.AsyncClient) -> dict[tuple[str, str], str]:
    return {(page["sid"], page["client_id"]): page["state"] for page in await _pages(http)}


async def _attempts(http: httpx2.AsyncClient) -> dict[tuple[str, str], int]:
    return {(page["sid"], page["client_id"]): len(page["attempts"]) for page in await _pages(http)}


def _gap(apps: Receivers, key: tuple[str, str]) -> float:
    """Seconds between the first two tokens of one delivery."""
    sid, app = key
    came = [at for at, token in apps.received[app] if _sid(token) == sid]
    return came[1] - came[0]


def _sid(token: str) -> str:
    segment = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))["sid"])


def _arrived(apps: Receivers, keys: dict[str, Any]) -> Counter[tuple[str, str]]:
    """How many tokens of each session each app got. A sample of them is validated in full."""
    arrived: Counter[tuple[str, str]] = Counter()
    for app in NAMES:
        for number, token in enumerate(apps.tokens(app)):
            if number % 50 == 0:
                validate(token, keys, issuer="https://login.example/acme", audience=app, alg="RS256")
            arrived[_sid(token), app] += 1
    return arrived
