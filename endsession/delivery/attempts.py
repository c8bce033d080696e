"""One delivery that this process holds: tried once, and its outcome written down."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from ..protocol.errors import EndsessionError
from ..store.deliveries import Attempt, Delivery, State, signed_in_since
from ..store.lanes import lane_of, put_back, record_attempt
from ..store.script import Database
from .breaker import Breakers
from .clock_watch import ClockWatch
from .provider_call import AdminCall
from .retry import AttemptResult, delay
from .sender import Destination, Sender

log = logging.getLogger(__name__)

QUEUE = 50
"""Deliveries of one app that wait in memory for a slot; further ones wait in its lane."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is under way at once, and for how long (seconds) a delivery is leased."""

    overall: int = 100
    per_app: int = 8
    lease_for: float = 20.0
    longest_sleep: float = 5.0


class Attempts:
    """Makes attempts: so many at once to one app and overall, and none at an app that is known to be down."""

    def __init__(
        self,
        store: Database,
        sender: Sender,
        clock: Callable[[], float],
        bounds: Bounds,
        lease: str,
        wake: Callable[[], None],
        watch: ClockWatch,
    ) -> None:
        """`wake` is called when something was given back that is due at another time than before."""
        self.breakers = Breakers()
        self._store, self._sender, self._clock, self._wake = store, sender, clock, wake
        self._bounds, self._lease, self._watch = bounds, lease, watch
        self._overall = asyncio.Semaphore(bounds.overall)
        self._turn = asyncio.Lock()
        self._slots: defaultdict[object, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(bounds.per_app))
        self._queued: defaultdict[object, int] = defaultdict(int)

    async def work(self, delivery: Delivery) -> None:
        """Try a delivery that this process holds. Never raises: what cannot be recorded is for the end of its lease."""
        leased_until = self._clock() + self._bounds.lease_for
        try:
            destination = await self._sender.destination(delivery)
            if isinstance(destination, str):
                await self._give_back(delivery, "failed", destination, self._clock())
            elif destination.no_sid != "" and await self._store.read(signed_in_since(delivery)):
                reason = "the user has signed in at this app again, and a token without sid would end that as well"
                await self._give_back(delivery, "expired", reason, self._clock())
            else:
                await self._in_turn(delivery, destination, leased_until)
        except EndsessionError as error:
            log.warning("delivery %s will be retried when its lease expires: %s", delivery.id, error)
        except Exception:
            log.exception("delivery %s will be retried when its lease expires", delivery.id)

    async def _in_turn(self, delivery: Delivery, destination: Destination | AdminCall, leased_until: float) -> None:
        app = lane_of(delivery)
        if self._queued[app] >= QUEUE:
            await self._give_back(delivery, "pending", "", self._clock())
            return
        self._queued[app] += 1
        try:
            async with self._slots[app], self._overall:
                await self._attempt(delivery, destination, leased_until)
        finally:
            self._queued[app] -= 1
            if not self._queued[app]:
                del self._queued[app], self._slots[app]

    async def _attempt(self, delivery: Delivery, destination: Destination | AdminCall, leased_until: float) -> None:
        app, now = lane_of(delivery), self._clock()
        if now > leased_until - self._bounds.lease_for / 2:
            await self._give_back(delivery, "pending", "", now)
            return
        if rests_until := self.breakers.rests_until(app, now):
            due_at = min(rests_until, max(delivery.deadline, now))
            await self._give_back(delivery, "pending", "the app did not answer other deliveries", due_at)
            return
        async with self._turn:
            # A token is signed for a millisecond: of a hundred that are to be sent, one in each round of the loop, so
            # that logouts of other users go on in between.
            await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        result = await self._sender.send(delivery, destination)
        took = loop.time() - began
        self.breakers.report(app, failed=result.blames_app, now=now + took)
        await self._record(delivery, result, now, took)

    async def _record(self, delivery: Delivery, result: AttemptResult, at: float, took: float) -> None:
        done_at = at + took
        state: State = "delivered" if result.outcome == "delivered" else "failed"
        due_at = done_at
        if result.outcome == "retry":
            due_at = done_at + delay(delivery.attempts + 1, result.after)
            ahead = due_at - at
            state = "pending" if self._watch.overdue() + ahead < delivery.deadline else "expired"
        attempt = Attempt(delivery.attempts + 1, at, took, result.status, result.reason)
        await self._store.write(record_attempt(delivery, attempt, lease=self._lease, state=state, due_at=due_at))
        log.info("delivery %s to %s: %s (%s)", delivery.id, delivery.client_id or "the provider", state, result.reason)
        if state == "pending":
            self._wake()

    async def _give_back(self, delivery: Delivery, state: State, reason: str, due_at: float) -> None:
        change = put_back(delivery, lease=self._lease, due_at=due_at, reason=reason, now=self._clock(), state=state)
        await self._store.write(change)
        if state == "pending":
            self._wake()
