"""Running one scenario: what every operation answers during the fault, and whether everything is as before after it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.kit.deployment import TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import AUTHPI, HTML, JSON, PING, PLAIN, answer
from tests.kit.tokens import id_token

from .scenarios import Scenario

SIGNED_OUT = "https://app.example/signed-out"
NEEDS_STORAGE = 11
"""Requests that every scenario makes during its fault."""


@dataclass
class Observed:
    """What came of a scenario. Times are in seconds."""

    answers: dict[str, tuple[int, bool, float]] = field(default_factory=dict)
    """By request: status, whether `Retry-After` came with it, and how long it took."""
    readiness: tuple[int, float] = (0, 0.0)
    ended_meanwhile: list[str] = field(default_factory=list)
    recovered_after: float = 0.0
    lost: list[str] = field(default_factory=list)


async def run(scenario: Scenario, folder: Path, server: str) -> Observed:
    """Sign people in, begin the fault, try everything at once, end the fault, and try again."""
    observed = Observed()
    async with (
        scenario.arrange(folder, server) as fault,
        deploy(folder, {"storage": {"url": fault.url}, "issuers": {"acme": {"tell_on_expiry": False}}}) as gateway,
    ):
        sids = [f"s-{number}" for number in range(NEEDS_STORAGE)]
        for sid in sids:
            assert (await gateway.register(sid)).status_code == 201
        question = await gateway.get(PLAIN, {"client_id": "web"}, cookie=cookie_of("s-3"), accept=HTML)
        # As many connections as ever are open when it happens, and idle.
        await asyncio.gather(*(gateway.state_of(sid) for sid in sids * 3))
        await fault.begin()
        await asyncio.gather(*(_observe(name, request, observed) for name, request in _requests(gateway, question)))
        began = time.monotonic()
        ready = await gateway.get("/readyz")
        observed.readiness = ready.status_code, time.monotonic() - began
        await fault.end()
        began = time.monotonic()
        async with asyncio.timeout(60):
            while (await gateway.get("/readyz")).status_code != 200:  # noqa: ASYNC110  # asking is what it is about
                await asyncio.sleep(0.05)
        observed.recovered_after = time.monotonic() - began
        if scenario.unnoticed:
            observed.lost = [sid for sid in sids if await gateway.state_of(sid) != "ended"]
        else:
            observed.ended_meanwhile = [sid for sid in sids if await gateway.state_of(sid) != "live"]
            observed.lost = [sid for sid in sids if not await _ends(gateway, sid)]
    return observed


def _requests(gateway: Deployment, question: httpx2.Response) -> list[tuple[str, object]]:
    """One of each kind that needs storage."""

    def hint(sid: str) -> dict[str, str]:
        return {"id_token_hint": id_token(sid=sid), "post_logout_redirect_uri": SIGNED_OUT}

    session = "/acme/sessions/s-7"
    return [
        ("GET end-session", gateway.get(PLAIN, hint("s-0"), cookie=cookie_of("s-0"), accept=HTML)),
        ("POST logout (AuthPI)", gateway.post(AUTHPI, hint("s-1"), cookie=cookie_of("s-1"), accept=JSON)),
        ("GET init_logout (PingFederate)", gateway.get(PING, hint("s-2"), cookie=cookie_of("s-2"), accept=HTML)),
        ("POST confirm", answer(gateway, question, "yes", cookie=cookie_of("s-3"))),
        ("PUT session", gateway.send("PUT", "/acme/sessions/s-new", json={"sub": "alice"}, token=TOKEN)),
        ("POST join", gateway.send("POST", f"{session}/clients", json={"client_id": "other"}, token=TOKEN)),
        ("DELETE session", gateway.send("DELETE", "/acme/sessions/s-8", token=TOKEN)),
        ("DELETE sessions of a user", gateway.send("DELETE", "/acme/sessions?sub=alice", token=TOKEN)),
        ("PUT client", gateway.send("PUT", "/acme/clients?client_id=new", json={}, token=TOKEN)),
        ("GET session", gateway.send("GET", session, token=TOKEN)),
        ("GET deliveries", gateway.send("GET", "/acme/deliveries", token=TOKEN)),
    ]


async def _observe(name: str, request: object, observed: Observed) -> None:
    began = time.monotonic()
    response = await request  # type: ignore[misc]
    took = time.monotonic() - began
    observed.answers[name] = response.status_code, "retry-after" in response.headers, took


async def _ends(gateway: Deployment, sid: str) -> bool:
    request = {"id_token_hint": id_token(sid=sid), "post_logout_redirect_uri": SIGNED_OUT}
    response = await gateway.get(PLAIN, request, cookie=cookie_of(sid), accept=HTML)
    return response.headers.get("location") == SIGNED_OUT and await gateway.state_of(sid) == "ended"
