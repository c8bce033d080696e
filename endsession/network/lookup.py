"""Looking up the names of apps and providers, so that a name that nobody answers for delays no other (T14).

The system's resolver takes as long as it likes and cannot be stopped. So each look-up has a thread of its own; a name
is looked up once at a time; and one that takes long gives up its place, and shares a few places the next time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The IP addresses of a host. Raises OSError."""

WITHIN = 3.0
"""Seconds that an attempt waits for a look-up. What comes later is there for the next attempt."""
QUICK = 0.5
"""Seconds after which a look-up has taken long."""
KEPT = 10.0
"""Seconds for which addresses are remembered. They are checked before each connection."""
KEPT_FAILURE = 5.0
"""Seconds for which it is remembered that a name has no addresses."""
PLACES = 16
"""Look-ups under way, but for those that take long."""
SLOW_PLACES = 8
"""Look-ups under way of names that took long the last time."""
THREADS = 100
"""Look-ups under way, with those that take long. Where there are as many, the next ones fail at once."""
NAMES = 2000
"""Names that are remembered."""


@dataclass(slots=True)
class _Name:
    """What is known of a name: the look-up under way, or the last answer; `slow` is whether that took long."""

    answer: Sequence[str] | OSError | None = None
    until: float = 0.0
    slow: bool = False
    under_way: asyncio.Task[None] | None = None


def system_addresses(host: str) -> Sequence[str]:
    """The addresses that the system's resolver gives, each once. Raises OSError.

    Not every system knows that names below `localhost` are this machine's (RFC 6761, section 6.3).
    """
    known = "localhost" if host.lower().rstrip(".").endswith(".localhost") else host
    found = socket.getaddrinfo(known, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class Lookups:
    """Looks names up by `ask`, which blocks. A `Resolve`."""

    def __init__(
        self, ask: Callable[[str], Sequence[str]] = system_addresses, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` gives seconds since any moment."""
        self._ask, self._clock = ask, clock
        self._names: OrderedDict[str, _Name] = OrderedDict()
        self._places, self._slow_places = asyncio.Semaphore(PLACES), asyncio.Semaphore(SLOW_PLACES)
        self._running = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of `host`. Raises OSError, also when they do not come in time."""
        key = host.lower().rstrip(".")
        name = self._names.setdefault(key, _Name())
        self._names.move_to_end(key)
        if name.answer is None or name.until <= self._clock():
            if name.under_way is None:
                name.under_way = asyncio.create_task(self._look_up(host, name))
                self._forget()
            try:
                async with asyncio.timeout(WITHIN):
                    await asyncio.shield(name.under_way)
            except TimeoutError:
                raise OSError(f"the name was not looked up within {WITHIN:g} s") from None
        assert name.answer is not None
        if isinstance(name.answer, OSError):
            raise OSError(*name.answer.args)
        return name.answer

    async def close(self) -> None:
        """Wait for nothing any more."""
        tasks = [name.under_way for name in self._names.values() if name.under_way is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_up(self, host: str, name: _Name) -> None:
        try:
            if name.slow:
                async with self._slow_places:
                    await self._ask_for(host, name)
            else:
                await self._ask_for(host, name)
        finally:
            name.under_way = None

    async def _ask_for(self, host: str, name: _Name) -> None:
        async with self._places:
            if self._running >= THREADS:
                name.answer, name.until = OSError("too many names are being looked up"), self._clock()
                return
            answer = self._in_a_thread(host)
            await asyncio.wait([answer], timeout=QUICK)
            name.slow = not answer.done()
        name.answer = await answer
        name.until = self._clock() + (KEPT_FAILURE if isinstance(name.answer, OSError) else KEPT)

    def _in_a_thread(self, host: str) -> asyncio.Future[Sequence[str] | OSError]:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[str] | OSError] = loop.create_future()

        def finish(answer: Sequence[str] | OSError) -> None:
            self._running -= 1
            if not found.done():
                found.set_result(answer)

        def look_up() -> None:
            answer: Sequence[str] | OSError
            try:
                answer = self._ask(host)
            except (OSError, UnicodeError) as error:  # UnicodeError: no name of the DNS can be made of it
                answer = error if isinstance(error, OSError) else OSError("it is no host name")
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(finish, answer)

        self._running += 1
        # A daemon: an executor's threads would be waited for when the process ends.
        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return found

    def _forget(self) -> None:
        """Drop the names that were not asked for longest, but for those that are being looked up."""
        for key in list(self._names)[: max(0, len(self._names) - NAMES)]:
            if self._names[key].under_way is None:
                del self._names[key]
