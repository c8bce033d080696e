"""Storage that fails while people sign in through a front: by `on_failure` they go on or are refused, in time (T43)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from endsession.protocol.errors import ServiceUnavailable
from endsession.store.script import PATIENCE
from tests.front.fronted import Fronted, fronted
from tests.front.people import Person, exchange, refresh, sign_in
from tests.kit.waiting import eventually

from .scenarios import SCENARIOS, Scenario
from .test_outages import HANGS

FAULTS = [scenario for scenario in SCENARIOS if scenario.name.startswith(("the server", "the network", "another"))]
RETURNS = 5.0
"""Seconds after which sign-ins are learnt again, on a machine with nothing else to do."""


async def _counted(front: Fronted) -> int:
    """Requests that passed without being learnt."""
    for issuer_front in front.gateway.gateway.issuer_fronts.values():
        await issuer_front.counts.write()
    sql = "SELECT COALESCE(SUM(count), 0) FROM front_counts WHERE event = 'storage_unavailable'"
    return int((await front.gateway.rows(sql))[0][0])


async def _is_known(front: Fronted, tokens: dict[str, Any]) -> bool:
    key = hashlib.sha256(tokens["refresh_token"].encode()).hexdigest()
    return bool(await front.gateway.rows("SELECT sid FROM front_tokens WHERE sha256 = :key", key=key))


async def _timed(request: Any) -> tuple[httpx2.Response, float]:
    began = time.monotonic()
    return await request, time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("on_failure", ["pass", "refuse"])
@pytest.mark.parametrize("scenario", FAULTS, ids=lambda scenario: f"{scenario.storage}: {scenario.name}")
async def test_a_sign_in_during_a_fault(
    tmp_path: Path, postgres_server: str, scenario: Scenario, on_failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Passed and counted, or refused in the protocol's own form; and learnt again once the storage is back."""
    caplog.set_level(logging.WARNING)
    async with (
        scenario.arrange(tmp_path, postgres_server) as fault,
        fronted(tmp_path, front={"on_failure": on_failure}, changes={"storage": {"url": fault.url}}) as front,
    ):
        alice, bob, carol = Person("alice"), Person("bob"), Person("carol")
        before, ended = await sign_in(front.http, alice), await sign_in(front.http, carol)
        await front.log_out(ended, carol)
        begun = await bob.authorize(front.http)
        await fault.begin()
        requests = {
            "authorization": Person("dave").ask(front.http),
            "authorization after a logout": carol.ask(front.http),
            "token": exchange(front.http, begun),
            "refresh": refresh(front.http, "web", before["refresh_token"]),
        }
        found = dict(zip(requests, await asyncio.gather(*map(_timed, requests.values())), strict=True))
        await fault.end()
        for name, (response, took) in found.items():
            assert took < HANGS, name
            page = name.startswith("authorization")
            if on_failure == "pass":
                assert response.status_code == (303 if page else 200), (name, response.text)
            elif page and response.status_code == 303:  # the app is told (RFC 6749, section 4.1.2.1)
                assert "/callback?error=temporarily_unavailable&" in response.headers["location"]
            else:
                assert response.status_code == 503, (name, response.text)
                assert "retry-after" in response.headers
                assert response.headers["content-type"].startswith("text/html" if page else "application/json")
                assert page or set(response.json()) == {"error", "error_description"}

        async def is_learnt() -> bool:
            response = await exchange(front.http, await Person("erin").authorize(front.http))
            return response.status_code == 200 and await _is_known(front, response.json())

        async def again() -> bool:
            try:
                return await is_learnt()
            except AssertionError:  # still refused
                return False

        await eventually(again, bool, seconds=max(HANGS, RETURNS))
        if on_failure == "pass":
            assert await _counted(front) >= len(found)
            assert "passes without being learnt (front.on_failure)" in caplog.text
        else:
            assert await _counted(front) == 0


class Silent:
    """A storage that takes its whole patience to fail, and counts how often it is asked to."""

    def __init__(self, inner: Any, *, reads: bool) -> None:
        self._inner, self._reads, self.asked, self.silent = inner, reads, 0, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(self, script: Any, **options: Any) -> Any:
        """See Database."""
        return await self._ask(self._inner.read, script, options, fails=not self._reads)

    async def write(self, script: Any, **options: Any) -> Any:
        """See Database."""
        return await self._ask(self._inner.write, script, options, fails=True)

    async def _ask(self, ask: Any, script: Any, options: dict[str, Any], *, fails: bool) -> Any:
        if not (self.silent and fails):
            return await ask(script, **options)
        script.close()
        self.asked += 1
        raise ServiceUnavailable(detail="silent")


@pytest.mark.parametrize("reads", [False, True])
async def test_a_request_waits_for_the_storage_once(tmp_path: Path, storage_url: str, reads: bool) -> None:
    """Each wait may take the whole patience (2.5 s), and all of a request within three: so there is one at most."""
    assert 2 * PATIENCE > 3
    async with fronted(tmp_path, changes={"storage": {"url": storage_url}}) as front:
        alice, carol = Person("alice"), Person("carol")
        before, ended = await sign_in(front.http, alice), await sign_in(front.http, carol)
        await front.log_out(ended, carol)
        begun = await Person("bob").authorize(front.http)
        (issuer_front,) = front.gateway.gateway.issuer_fronts.values()
        silent = Silent(issuer_front.store, reads=reads)
        object.__setattr__(issuer_front, "store", silent)
        object.__setattr__(issuer_front.learner, "store", silent)
        silent.silent = True
        asks: list[Callable[[], Awaitable[httpx2.Response]]] = [
            lambda: Person("dave").ask(front.http),
            lambda: carol.ask(front.http),
            lambda: exchange(front.http, begun),
            lambda: refresh(front.http, "web", before["refresh_token"]),
        ]
        for ask in asks:
            silent.asked = 0
            response = await ask()
            assert response.status_code in (200, 303)
            assert silent.asked == 1
