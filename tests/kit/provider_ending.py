"""A deployment whose provider is asked to end its own session, and what the ledger says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from .admin_api import AdminApi
from .deployment import TOKEN, Deployment, deploy, merged
from .waiting import eventually

SID, SUB = "4711", "42"


@asynccontextmanager
async def gateway_with(folder: Path, changes: dict[str, Any]) -> AsyncIterator[Deployment]:
    """A deployment in which alice's session 4711 is registered."""
    async with deploy(folder, merged({"issuers": {"acme": {"notify_wait": 10}}}, changes)) as gateway:
        assert (await gateway.register(SID, sub=SUB, clients=[])).status_code == 201
        yield gateway


async def end(gateway: Deployment, sid: str = SID) -> None:
    """An administrator ends a session."""
    answer = await gateway.send("DELETE", f"/acme/sessions/{sid}", token=TOKEN)
    assert answer.status_code in (200, 204), answer.text


async def ledger(gateway: Deployment, sid: str = SID) -> dict[str, Any]:
    """The delivery to the admin API, as an operator reads it."""
    session = (await gateway.send("GET", f"/acme/sessions/{sid}", token=TOKEN)).json()
    (found,) = [delivery for delivery in session["deliveries"] if delivery["channel"] == "op_admin"]
    return dict(found)


async def settled(gateway: Deployment, sid: str = SID) -> dict[str, Any]:
    """The delivery once it is settled."""
    return await eventually(lambda: ledger(gateway, sid), lambda seen: seen["state"] != "pending")


async def retried(gateway: Deployment, api: AdminApi, calls: int) -> None:
    """Let the time until the next attempt pass, and return once it was made."""
    await eventually(
        lambda: gateway.rows("SELECT lease FROM deliveries WHERE state = 'pending'"), lambda seen: seen == [(None,)]
    )
    gateway.clock.advance(1000)
    gateway.gateway.outbox.wake()
    await api.wait_for_calls(calls)
