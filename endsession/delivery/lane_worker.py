"""Working on a lane: the waiting deliveries of one app, a few at a time, until none is due or the app is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..protocol.errors import EndsessionError
from ..store.lanes import LeasedLane, lease_waiting, release_lane, renew_lane
from ..store.script import Database
from .attempts import Attempts, Bounds
from .breaker import REST, THRESHOLD
from .clock_watch import ClockWatch

log = logging.getLogger(__name__)


class LaneWorker:
    """Works on lanes that this process has leased."""

    def __init__(
        self,
        store: Database,
        attempts: Attempts,
        clock: Callable[[], float],
        bounds: Bounds,
        lease: str,
        watch: ClockWatch,
    ) -> None:
        self._store, self._attempts, self._clock, self._bounds, self._lease = store, attempts, clock, bounds, lease
        self._watch = watch
        self._stopping = False

    def stop(self) -> None:
        """Begin nothing new: lanes are given back after the attempts that are under way."""
        self._stopping = True

    async def work(self, leased: LeasedLane) -> None:
        """Deliver what is due in a lane. An app that was down is tried with one delivery before the others."""
        try:
            await self._work(leased)
        except EndsessionError as error:
            log.warning("deliveries to %s will be retried when their lease expires: %s", leased.lane.client_id, error)
        except Exception:
            log.exception("deliveries to %s will be retried when their lease expires", leased.lane.client_id)

    async def _work(self, leased: LeasedLane) -> None:
        lane, breakers = leased.lane, self._attempts.breakers
        if leased.failures > breakers.failures(lane):
            # Another process has found the app down, and it has rested since.
            breakers.report(lane, failed=True, now=self._clock() - REST, failures=leased.failures)
        while True:
            now = self._clock()
            until = now + self._bounds.lease_for
            limit = 1 if breakers.failures(lane) >= THRESHOLD else self._bounds.per_app
            overdue = self._watch.overdue()
            script = lease_waiting(lane, self._lease, until=until, now=now, limit=limit, overdue=overdue)
            deliveries = [] if self._stopping else await self._store.write(script)
            await asyncio.gather(*(self._attempts.work(delivery) for delivery in deliveries))
            failures = breakers.failures(lane)
            down = failures >= THRESHOLD
            if not deliveries or down:
                break
            if not await self._store.write(renew_lane(lane, self._lease, until=self._clock() + self._bounds.lease_for)):
                return
        now = self._clock()
        rest_until = now + REST if down else 0.0
        await self._store.write(release_lane(lane, self._lease, now=now, failures=failures, rest_until=rest_until))
