"""A cached document that the provider publishes, such as its JWK Set: fetched when needed, and kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ..protocol.errors import ServiceUnavailable

log = logging.getLogger(__name__)

RETRY_WITHOUT = 5
"""Seconds after which a provider is asked again while nothing of it is known."""
PATIENCE = 1.0
"""Seconds that a request waits for something newer while something is known."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An HTTP answer: status, headers with lower-case names, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Fetch = Callable[[str, Mapping[str, str]], Awaitable[Fetched]]
"""GET a URL with these headers, within a time-out and a size bound. Raises OSError when that does not work."""


class Remote:
    """Fetches what stands at a URL, and hands it to `take`, which raises ValueError for what is of no use.

    Cached data is returned at once, also when it is stale or the provider is down: the refresh runs in the background.
    Refreshes that a request has to wait for are at least `min_interval` seconds apart, however many such requests come
    (T22). One refresh is under way at a time.
    """

    def __init__(
        self,
        url: str,
        fetch: Fetch,
        take: Callable[[bytes], Awaitable[None]],
        known: Callable[[], bool],
        clock: Callable[[], float],
        *,
        unchanged: Callable[[], Awaitable[None]] | None = None,
        absent: Callable[[], None] | None = None,
        min_interval: float = 30,
        lifetime: tuple[float, float] = (60, 86_400),
        unsaid: float = 3600,
    ) -> None:
        """`known` says whether there is anything to answer with meanwhile; without, the provider is asked sooner.

        `unchanged` is called where the provider says that nothing has changed (304), `absent`, if given, where it says
        that there is nothing (404, 410). `lifetime` bounds, in seconds, what the provider's Cache-Control may ask for;
        `unsaid` stands in where it asks for nothing.
        """
        self.url = url
        self.headers: Mapping[str, str] = {}
        """Of the last answer that was of use."""
        self._fetch, self._take, self._known, self._clock = fetch, take, known, clock
        self._unchanged, self._absent = unchanged, absent
        self._min_interval, self._lifetime, self._unsaid = min_interval, lifetime, unsaid
        self._validators: dict[str, str] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lives = 0.0
        self._refreshing: asyncio.Task[None] | None = None

    def refresh_if_stale(self) -> None:
        """Refresh in the background if the cached copy has expired."""
        if self._passed(self._lives, since=self._fetched_at) and self._may_ask():
            self._refresh()

    @property
    def age(self) -> float:
        """Seconds since the provider last said what it has; infinite if it never did."""
        return abs(self._clock() - self._fetched_at)

    async def refresh(self) -> None:
        """Refresh if the cached copy has expired, and wait for it; not when the provider was asked just now.

        While something is known, a provider that is slow or unavailable delays nobody for more than `PATIENCE`.
        """
        if not self._passed(self._lives, since=self._fetched_at):
            return
        if not self._known():
            await self.look()
        elif self._may_ask() or self._refreshing:
            await asyncio.wait({self._refresh()}, timeout=PATIENCE)

    async def look(self) -> None:
        """Look again, and wait for it; not when the provider was asked just now."""
        if self._may_ask() or self._refreshing:
            await asyncio.shield(self._refresh())

    def _may_ask(self) -> bool:
        interval = self._min_interval if self._known() else min(self._min_interval, RETRY_WITHOUT)
        return self._passed(interval, since=self._tried_at)

    def _passed(self, seconds: float, *, since: float) -> bool:
        """Whether that much time has passed; a clock that was set back must not make anything wait for it."""
        return abs(self._clock() - since) >= seconds

    def _refresh(self) -> asyncio.Task[None]:
        if self._refreshing is None:
            self._tried_at = self._clock()
            self._refreshing = asyncio.create_task(self._load())
        return self._refreshing

    async def _load(self) -> None:
        try:
            answer = await self._fetch(self.url, self._validators)
            if answer.status == 200:
                await self._take(answer.body)
                self._validators = _validators(answer.headers)
                self.headers = answer.headers
            elif answer.status == 304:
                if self._unchanged is not None:
                    await self._unchanged()
                self.headers = {**self.headers, **answer.headers}
            elif answer.status in (404, 410) and self._absent is not None:
                self._absent()
                self._validators, self.headers = {}, {}
            else:
                raise ValueError(f"status {answer.status}")
            self._fetched_at, self._lives = self._clock(), self._lifetime_of(answer.headers)
        except (OSError, ValueError, ServiceUnavailable) as error:
            log.warning("%s could not be fetched: %s", self.url, error)
        finally:
            self._refreshing = None

    def _lifetime_of(self, headers: Mapping[str, str]) -> float:
        shortest, longest = self._lifetime
        for directive in headers.get("cache-control", "").split(","):
            key, _, value = directive.strip().partition("=")
            if key.lower() == "max-age" and value.isascii() and value.isdigit():
                return min(max(float(value), shortest), longest)
        return min(max(self._unsaid, shortest), longest)


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    """What a conditional request sends back (RFC 9110, section 13.1)."""
    pairs = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
    return {header: value for header, value in pairs.items() if value}
