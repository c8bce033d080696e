"""The outbox of one process: it works on what its own endings left, and on whatever waits and is held by nobody.

Every process runs one. What it works on is leased in the database, so that two never work on the same delivery, and
when a process dies another takes over once the lease has run out. A lane (`store/lanes.py`) is worked on as a whole, by
`lane_worker.py`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ..protocol.errors import EndsessionError
from ..store.clock_jumps import after_set_back, after_set_forward
from ..store.deliveries import OF_PROVIDER, Delivery
from ..store.lanes import adopt_orphans, lease_lanes, next_work
from ..store.script import Database
from .attempts import Attempts, Bounds
from .clock_watch import ClockWatch
from .lane_worker import LaneWorker
from .sender import Sender

log = logging.getLogger(__name__)

__all__ = ["Bounds", "Outbox"]


class Outbox:
    """Delivers. `run` goes on until it is cancelled; `tell` works on fresh deliveries and waits a bounded time."""

    def __init__(
        self,
        store: Database,
        sender: Sender,
        clock: Callable[[], float],
        bounds: Bounds | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.lease = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._store, self._clock = store, clock
        self._watch = ClockWatch(clock, monotonic)
        self._attempts = Attempts(store, sender, clock, self.bounds, self.lease, self.wake, self._watch)
        self._lanes = LaneWorker(store, self._attempts, clock, self.bounds, self.lease, self._watch)
        self._set_back = True  # perhaps, while no process was there to see it
        self._set_forward = 0.0
        self._under_way: set[asyncio.Task[None]] = set()
        self._lanes_under_way = 0
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    async def tell(self, deliveries: Sequence[Delivery], *, initiator: str | None, wait: float) -> None:
        """Work on deliveries that this process has just written and holds.

        The provider first, then the initiating app, the others concurrently. Returns when all have been tried once or
        after `wait` seconds; what is not done by then goes on.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        provider = [self._start(self._attempts.work(told)) for told in deliveries if told.channel in OF_PROVIDER]
        if provider and wait > 0:
            await asyncio.wait(provider, timeout=min(wait / 3, until - loop.time()))
        apps = [delivery for delivery in deliveries if delivery.channel == "back"]
        apps.sort(key=lambda delivery: delivery.client_id != initiator)
        tasks = [*provider, *(self._start(self._attempts.work(delivery)) for delivery in apps)]
        if tasks and wait > 0:
            await asyncio.wait(tasks, timeout=max(0.0, until - loop.time()))

    async def run(self) -> None:
        """Find work and start it, until cancelled."""
        while True:
            self._wake.clear()
            sleep = self.bounds.longest_sleep
            try:
                sleep = await self._look_for_work()
            except EndsessionError as error:
                log.warning("deliveries paused: storage unavailable: %s", error)
            except Exception:
                log.exception("unexpected error in the outbox; continuing")
            try:
                async with asyncio.timeout(sleep):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Wait for what is under way; each attempt is bounded by its timeout."""
        self._lanes.stop()
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _look_for_work(self) -> float:
        """Start what is due. Returns for how long there is nothing to do, in seconds."""
        await self._mind_the_clock()
        now = self._clock()
        at = await self._store.read(next_work())
        if at is None or at > now:
            return self.bounds.longest_sleep if at is None else min(at - now, self.bounds.longest_sleep)
        await self._store.write(adopt_orphans(now, overdue=self._watch.overdue()))
        room = self.bounds.overall - self._lanes_under_way
        if room <= 0:
            return self.bounds.longest_sleep  # a lane that is done wakes us
        until = now + self.bounds.lease_for
        for leased in await self._store.write(lease_lanes(self.lease, until=until, now=now, limit=room)):
            self._lanes_under_way += 1
            self._start(self._work_on(leased))
        return 0.05

    async def _mind_the_clock(self) -> None:
        """After a jump, what waits is put right before anything else is looked at, even if that takes several looks."""
        jump = self._watch.jump()
        if jump:
            log.warning("the clock was set %s by %.0f s", "forward" if jump > 0 else "back", abs(jump))
        self._set_back = self._set_back or jump < 0
        self._set_forward = max(0.0, self._set_forward + jump)
        if self._set_back:
            while await self._store.write(after_set_back(self._clock(), self.bounds.lease_for)):
                continue
            self._set_back = False
        if self._set_forward:
            while await self._store.write(after_set_forward(self._clock(), self._set_forward)):
                continue
            self._set_forward = 0.0

    async def _work_on(self, leased: Any) -> None:
        try:
            await self._lanes.work(leased)
        finally:
            self._lanes_under_way -= 1
            self.wake()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task
