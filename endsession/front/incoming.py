"""A request to the front, as it came: nothing of it is decoded or normalised, so that it can be passed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType

from starlette.types import Receive, Scope

from ..contract.request import host_name
from ..protocol.errors import BodyTooLarge
from ..protocol.front_errors import BodyTooSlow
from .cookies import cookie_pairs

Header = tuple[bytes, bytes]

TRUSTED = "endsession.trusted_peer"
"""The member of a scope that says whether the request came from one of `server.trusted_proxies`."""
BODY_WITHIN = 30.0
"""Seconds within which the body of a request has to come in whole."""
WATCH_AFTER = 0.25
"""Seconds after which it is watched whether the client is still there. Most responses have come by then."""


class ClientGone(Exception):
    """The client has closed the connection, and nobody waits for a response any more."""


class Incoming:
    """A request as it came: `target` is the raw path and query, `headers` are in their order, names in lower case.

    `trusted` says whether it came from one of `server.trusted_proxies`, which may name the client.
    """

    __slots__ = ("_pairs", "_receive", "client", "complete", "headers", "host", "method", "scheme", "target", "trusted")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        query: bytes = scope["query_string"]
        path: bytes = scope["raw_path"]
        self.target = path + b"?" + query if query else path
        self.headers: list[Header] = scope["headers"]
        self.host = host_name(next((value for name, value in self.headers if name == b"host"), b"").decode("latin-1"))
        self.trusted: bool = scope.get(TRUSTED, False)
        self.client: str = scope["client"][0] if scope.get("client") else ""
        self.scheme: str = scope["scheme"]
        self.complete = False
        """Whether the body has come in whole."""
        self._receive = receive
        self._pairs: list[tuple[str, str]] | None = None

    @classmethod
    def of(cls, scope: Scope, receive: Receive) -> Incoming:
        """The request of an ASGI scope. Its body is read later, if at all."""
        return cls(scope, receive)

    @property
    def query(self) -> bytes:
        """The query as it came, without `?`."""
        return self.target.partition(b"?")[2]

    def all(self, name: bytes) -> list[bytes]:
        """The values of a header (its name in lower case), one for each line of it."""
        return [value for key, value in self.headers if key == name]

    @property
    def has_body(self) -> bool:
        """Whether the request says that it has a body (RFC 9112, section 6.3)."""
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    @property
    def cookies(self) -> list[tuple[str, str]]:
        """Names and values of all cookies, in their order. A name can come more than once; without `=` it is empty."""
        if self._pairs is None:
            self._pairs = [pair for value in self.all(b"cookie") for pair in cookie_pairs(value)]
        return self._pairs

    def cookie(self, name: str) -> list[str]:
        """The values of a cookie, as sent."""
        return [value for key, value in self.cookies if key == name]

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge, BodyTooSlow and ClientGone."""
        for value in self.all(b"content-length"):
            if value.isdigit() and (len(value) > 15 or int(value) > limit):
                raise BodyTooLarge
        part, more = await self._next()
        if not more:
            if len(part) > limit:
                raise BodyTooLarge
            return part
        parts, size = [part], len(part)
        try:
            async with asyncio.timeout(BODY_WITHIN):
                while more:
                    if size > limit:
                        raise BodyTooLarge
                    part, more = await self._next()
                    parts.append(part)
                    size += len(part)
        except TimeoutError:
            raise BodyTooSlow from None
        if size > limit:
            raise BodyTooLarge
        return b"".join(parts)

    async def stream(self, limit: int) -> AsyncIterator[bytes]:
        """The body in pieces, as it comes. Raises BodyTooLarge and ClientGone."""
        size, more = 0, True
        while more:
            part, more = await self._next()
            size += len(part)
            if size > limit:
                raise BodyTooLarge
            if part:
                yield part

    async def _next(self) -> tuple[bytes, bool]:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        more = bool(message.get("more_body"))
        self.complete = not more
        return message.get("body", b""), more

    async def gone(self) -> None:
        """Returns when the client has closed the connection. The body has to be complete."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


class WhileConnected:
    """`async with WhileConnected(incoming):` what is done in it is cancelled when the client goes away.

    Raises ClientGone then. Costs a timer; whether the client is there is looked at only once that has run out.
    """

    __slots__ = ("_gone", "_incoming", "_task", "_timer", "_watcher")

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._watcher: asyncio.Task[None] | None = None
        self._gone = False

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._wait()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._gone and self._task is not None and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise ClientGone from None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER, self._look)

    def _look(self) -> None:
        if self._incoming.complete:
            self._watcher = asyncio.create_task(self._watch())
        else:
            self._wait()  # who reads the body notices

    async def _watch(self) -> None:
        await self._incoming.gone()
        if self._task is not None:
            self._gone = True
            self._task.cancel()
