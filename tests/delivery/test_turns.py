"""Work on very many deliveries leaves room for the logouts of other users."""

from __future__ import annotations

import asyncio
from pathlib import Path

from endsession.delivery.provider_call import AdminCall
from endsession.delivery.retry import AttemptResult
from endsession.delivery.sender import Destination, Sender
from endsession.runtime.app import Ports
from endsession.store.deliveries import Delivery
from tests.kit.apps import deploy_with_apps, sign_in
from tests.kit.deployment import TOKEN, Clock
from tests.kit.receivers import Receivers

APPS = 60


class Rounds:
    """A sender in front of the real one; it notes the round of the event loop in which each attempt began."""

    def __init__(self) -> None:
        self.number, self.of_attempts = 0, list[int]()

    def wrap(self, sender: Sender) -> Sender:
        """For `Ports`."""
        self._sender = sender
        return self

    async def destination(self, delivery: Delivery) -> Destination | AdminCall | str:
        """See Sender."""
        return await self._sender.destination(delivery)

    async def send(self, delivery: Delivery, destination: Destination | AdminCall) -> AttemptResult:
        """See Sender."""
        self.of_attempts.append(self.number)
        return await self._sender.send(delivery, destination)

    async def count(self) -> None:
        """Count rounds, until cancelled."""
        while True:
            self.number += 1
            await asyncio.sleep(0)


async def test_one_token_is_signed_in_each_round(tmp_path: Path, apps: Receivers) -> None:
    """However many apps a session has: a logout that comes in meanwhile waits for one signature, not for all."""
    names = [f"app{number}" for number in range(APPS)]
    rounds, clock = Rounds(), Clock()
    ports = Ports(tmp_path, clock, clock.monotonic, wrap_sender=rounds.wrap)
    changes = {"issuers": {"acme": {"notify_wait": 20}}}
    async with deploy_with_apps(tmp_path, apps, *names, changes=changes, ports=ports) as gateway:
        await sign_in(gateway, *names)
        counting = asyncio.create_task(rounds.count())
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        counting.cancel()
    assert len(rounds.of_attempts) == APPS
    assert len(set(rounds.of_attempts)) == APPS
