"""The outbox worker of one process: it works on what its own endings left, and on whatever is due and held by nobody.

Every process runs one. What it works on is leased in the database, so that two never work on the same delivery, and
when a process dies another takes over once the lease has run out.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..protocol.errors import EndsessionError
from ..store.deliveries import (
    Attempt,
    Delivery,
    State,
    give_up_overdue,
    lease_due,
    next_due,
    postpone,
    record_attempt,
    signed_in_since,
)
from ..store.script import Database
from .breaker import Breakers
from .retry import AttemptResult, delay
from .sender import Destination, Sender

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is under way at once, and for how long (seconds) a delivery is leased."""

    overall: int = 100
    per_host: int = 8
    lease_for: float = 20.0
    longest_sleep: float = 5.0


class Outbox:
    """Delivers. `run` goes on until it is cancelled; `tell` works on fresh deliveries and waits a bounded time."""

    def __init__(
        self, store: Database, sender: Sender, clock: Callable[[], float], bounds: Bounds | None = None
    ) -> None:
        self.bounds = bounds or Bounds()
        self.lease = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._store, self._sender, self._clock = store, sender, clock
        self._breakers = Breakers()
        self._overall = asyncio.Semaphore(self.bounds.overall)
        self._per_host: defaultdict[str, asyncio.Semaphore] = defaultdict(self._host_slots)
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def _host_slots(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.bounds.per_host)

    def wake(self) -> None:
        """Look for due deliveries now."""
        self._wake.set()

    async def tell(self, deliveries: Sequence[Delivery], *, initiator: str | None, wait: float) -> None:
        """Work on deliveries that this process has just written and holds.

        The provider first, then the initiating app, the others beside it. Returns when all have been tried once or
        after `wait` seconds; what is not done by then goes on.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        mine = [one for one in deliveries if one.channel in ("op", "back")]
        provider = [self._start(one) for one in mine if one.channel == "op"]
        if provider:
            await asyncio.wait(provider, timeout=min(wait / 3, until - loop.time()))
        others = sorted((one for one in mine if one.channel == "back"), key=lambda one: one.client_id != initiator)
        tasks = [*provider, *(self._start(one) for one in others)]
        if tasks and wait > 0:
            await asyncio.wait(tasks, timeout=max(0.0, until - loop.time()))

    async def run(self) -> None:
        """Claim and deliver what is due, until cancelled."""
        while True:
            self._wake.clear()
            sleep = self.bounds.longest_sleep
            try:
                sleep = await self._claim_due()
            except EndsessionError as error:
                log.warning("deliveries wait for storage: %s", error)
            except Exception:
                log.exception("the outbox goes on after an unexpected error")
            try:
                async with asyncio.timeout(sleep):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Wait for what is under way; each attempt is bounded by its time-out."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _claim_due(self) -> float:
        """Claim and start what is due. Returns for how long there is nothing to do, in seconds."""
        now = self._clock()
        due = await self._store.read(next_due())
        if due is None:
            return self.bounds.longest_sleep
        if due > now:
            return min(due - now, self.bounds.longest_sleep)
        room = self.bounds.overall - len(self._under_way)
        if room <= 0:
            return 0.05
        await self._store.write(give_up_overdue(now))
        until = now + self.bounds.lease_for
        claimed = await self._store.write(lease_due(self.lease, until=until, now=now, limit=room))
        for delivery in claimed:
            self._start(delivery)
        return 0.0 if claimed else 0.05

    def _start(self, delivery: Delivery) -> asyncio.Task[None]:
        task = asyncio.create_task(self._work(delivery, self._clock() + self.bounds.lease_for))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _work(self, delivery: Delivery, leased_until: float) -> None:
        try:
            destination = await self._sender.destination(delivery)
            if isinstance(destination, str):
                await self._put_back(delivery, "failed", destination, self._clock())
            elif not destination.with_sid and await self._store.read(signed_in_since(delivery)):
                reason = "the user has signed in at this app again, and a token without sid would end that as well"
                await self._put_back(delivery, "expired", reason, self._clock())
            else:
                await self._attempt(delivery, destination, leased_until)
        except EndsessionError as error:
            log.warning("delivery %s waits for its lease to run out: %s", delivery.id, error)
        except Exception:
            log.exception("delivery %s waits for its lease to run out", delivery.id)

    async def _attempt(self, delivery: Delivery, destination: Destination, leased_until: float) -> None:
        host = destination.host
        async with self._per_host[host], self._overall:
            now = self._clock()
            if now > leased_until - self.bounds.lease_for / 2:
                await self._put_back(delivery, "pending", "it waited for its turn", now)
                return
            if rest_until := self._breakers.rest(host, now):
                due_at = min(rest_until, max(delivery.deadline, now))
                await self._put_back(delivery, "pending", "its host did not answer others either", due_at)
                return
            verdict = await self._sender.send(delivery, destination)
        took = self._clock() - now
        self._breakers.report(host, failed=verdict.blames_host, now=now + took)
        await self._record(delivery, verdict, now, took)

    async def _record(self, delivery: Delivery, verdict: AttemptResult, at: float, took: float) -> None:
        done_at = at + took
        state: State = "delivered" if verdict.outcome == "delivered" else "failed"
        due_at = done_at
        if verdict.outcome == "retry":
            due_at = done_at + delay(delivery.attempts + 1, verdict.after)
            state = "pending" if due_at < delivery.deadline else "expired"
        attempt = Attempt(delivery.attempts + 1, at, took, verdict.status, verdict.reason)
        await self._store.write(record_attempt(delivery, attempt, lease=self.lease, state=state, due_at=due_at))
        log.info("delivery %s to %s: %s (%s)", delivery.id, delivery.client_id or "the provider", state, verdict.reason)
        if state == "pending":
            self.wake()

    async def _put_back(self, delivery: Delivery, state: State, reason: str, due_at: float) -> None:
        change = postpone(
            delivery, lease=self.lease, due_at=due_at, reason=reason, now=self._clock(), state=state
        )  # fmt: skip
        await self._store.write(change)
        self.wake()
