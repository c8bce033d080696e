"""Management tokens that were refused: written into the audit and the log, and never more than a stranger may cause.

Anyone can send a wrong token, so what they write is bounded: one row a minute for each reason, token and
address (an IPv6 /64 network counts as one), and a number of rows in all. The access log has each request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..limiter import network_of
from ..protocol.errors import EndsessionError
from ..store.audit import Trace, audit_refusal
from ..store.script import Database

log = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds for which one address is not written down again for the same reason."""
AT_MOST = 100
"""Rows in that time, of all addresses together."""


class Refusals:
    """Writes down refusals. The caller does not wait for it."""

    def __init__(self, store: Database, clock: Callable[[], float]) -> None:
        """`store` is for what nobody waits for."""
        self._store, self._clock = store, clock
        self._written: set[tuple[str, str, str, str]] = set()
        self._since = clock()
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, issuer_id: str, reason: str, *, actor: str, address: str) -> None:
        """A token was refused. `actor` is its name, empty where it is nobody's; `issuer_id` that of the request."""
        now = self._clock()
        if now - self._since >= EVERY:
            self._written, self._since = set(), now
        seen = (issuer_id, reason, actor, network_of(address))
        if seen in self._written or len(self._written) >= AT_MOST:
            return
        self._written.add(seen)
        log.warning("management token refused: %s (token %r, address %s)", reason, actor or "unknown", address)
        task = asyncio.create_task(self._write(issuer_id, reason, Trace(actor, address, now)))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, issuer_id: str, reason: str, trace: Trace) -> None:
        try:
            await self._store.write(audit_refusal(issuer_id, reason, trace))
        except EndsessionError as error:
            log.warning("could not write a refused management token to the audit: %s", error)

    async def stop(self) -> None:
        """Wait for what is being written."""
        if self._writing:
            await asyncio.wait(self._writing)
