"""The one port of the demo, and finding `*.localhost` on systems that do not know such names."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose resolver knows names below `localhost` (RFC 6761, section 6.3), as browsers do."""

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """See asyncio."""
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name.endswith(".localhost"):
            host = "127.0.0.1"
        return await super().getaddrinfo(host, port, **options)


def listen(port: int, *, or_any: bool) -> list[socket.socket]:
    """Sockets that listen on `port` of this machine only; on a free one if it is taken and `or_any` allows that.

    Both loopback addresses are bound, since a browser may try either first. Raises OSError.
    """
    try:
        return _listen(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not or_any:
            raise
        return _listen(0)


def _listen(port: int) -> list[socket.socket]:
    first = _socket(socket.AF_INET, "127.0.0.1", port)
    try:
        return [first, _socket(socket.AF_INET6, "::1", first.getsockname()[1])]
    except OSError as error:
        if error.errno in _NO_IPV6:
            return [first]
        first.close()
        if port == 0:
            return _listen(0)
        raise


def _socket(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    # The protocol by its name: asyncio sends small parts without delay only where a socket says that it is TCP.
    one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((address, port))
        one.listen(128)
    except OSError:
        one.close()
        raise
    return one
