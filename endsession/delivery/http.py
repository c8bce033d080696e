"""The guarded HTTP client: what a delivery may do on the network, and nothing more.

The name is resolved once, the addresses are checked, and the connection goes to one that passed, so an answer of the
DNS that changes afterwards helps nobody. No redirects, no cookies, no proxies from the environment; one time-out bounds
the whole attempt, and of the answer only a little is read.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore2

from .app_error import MAX_READ
from .ssrf import Network, refusal

MAX_ANSWER = 64 * 1024
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The IP addresses of a host. Raises OSError."""


class AddressRefused(OSError):
    """The host has no address that may be connected to."""


class AnswerTooLong(OSError):
    """The answer is longer than anything that an app has to say to a logout token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an app answered: its status and its headers with lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    """Its beginning, where it may say what was wrong (a 400)."""


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver gives."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


class _PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve) -> None:
        self._allowed, self._resolve = allowed, resolve
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """See httpcore. Raises AddressRefused."""
        addresses = await self._resolve(host, port)
        reasons = {address: refusal(address, self._allowed) for address in addresses}
        usable = [address for address, reason in reasons.items() if reason is None]
        if not usable:
            raise AddressRefused(next(iter(reasons.values()), None) or "the host has no address")
        error: Exception | None = None
        for address in usable:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failure:
                error = failure
        assert error is not None
        raise error


class GuardedClient:
    """POSTs forms to apps. `timeout` in seconds bounds each attempt from the name to the last byte."""

    def __init__(
        self,
        *,
        timeout: float,
        allowed: Sequence[Network] = (),
        ca_file: str = "",
        proxy: str = "",
        connections: int = 200,
        resolve: Resolve = system_resolver,
    ) -> None:
        """With `proxy` it is the egress proxy that resolves names, and so has to keep to the rules on addresses."""
        self._timeout = timeout
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(cafile=ca_file or None),
            proxy=httpcore2.Proxy(proxy) if proxy else None,
            max_connections=connections,
            max_keepalive_connections=connections // 4,
            keepalive_expiry=30,
            network_backend=None if proxy else _PinnedBackend(allowed, resolve),
        )

    async def post_form(self, url: str, body: bytes) -> Answer:
        """POST a form. Raises OSError (AddressRefused and TimeoutError among them) when there is no answer."""
        headers: dict[bytes | str, bytes | str] = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "User-Agent": "endsession",
        }
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._pool.stream("POST", url, headers=headers, content=body) as response,
            ):
                read, kept = 0, b""
                async for part in response.aiter_stream():
                    read += len(part)
                    kept += part[: MAX_READ - len(kept)]
                    if read > MAX_ANSWER:
                        raise AnswerTooLong(f"the answer is longer than {MAX_ANSWER} bytes")
                fields = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return Answer(response.status, fields, kept if response.status == 400 else b"")
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProxyError) as error:
            raise OSError(f"{type(error).__name__}: {error}") from None
        except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, ssl.SSLError, ValueError) as error:
            # Without its text: that of a protocol error repeats what the app sent, which may be the token again.
            raise OSError(type(error).__name__) from None

    async def close(self) -> None:
        """Close connections."""
        await self._pool.aclose()
