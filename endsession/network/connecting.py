"""Connecting by our own look-up of names: httpcore's would be that of the event loop, which nothing bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import httpcore2

from .lookup import Resolve

Stream = httpcore2.AsyncNetworkStream


class Connector(httpcore2.AsyncNetworkBackend):
    """Connects to the first address of a host that takes the connection."""

    def __init__(self, resolve: Resolve, wrap: Callable[[Stream], Stream] = lambda stream: stream) -> None:
        """`wrap` is for each new connection."""
        self._resolve, self._wrap = resolve, wrap
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """See httpcore. Raises what `resolve` raises."""
        error: Exception = OSError("the host has no address")
        for address in await self._resolve(host, port):
            try:
                stream = await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failure:
                error = failure
            else:
                return self._wrap(stream)
        raise error
