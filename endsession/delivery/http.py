"""The guarded HTTP client: what a delivery may do on the network, and nothing more.

The name is resolved once, the addresses are checked, and the connection goes to one that passed, so an answer of the
DNS that changes afterwards helps nobody. No redirects, no cookies, no proxies from the environment; one time-out bounds
the whole attempt, and of the response little more than its head is read (`bounded.py`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpcore2

from .bounded import MAX_BODY, BoundedStream
from .lookup import Resolve
from .ssrf import Network, refusal

MAX_PARTS = 32
"""At most so many pieces of a body are read, so that the connection can be used again."""
DRAIN = 1.0
"""Seconds for which the rest of a response is waited for once its status is known."""


class AddressRefused(OSError):
    """The host has no address that may be connected to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an app or the provider answered: its status and its headers with lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    """Its beginning, as far as it came in time; of an app, only where it may say what was wrong (a 400)."""


class _BoundedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to whatever it is told, as to an egress proxy. What comes back is bounded."""

    def __init__(self, max_body: int) -> None:
        self._network, self._max_body = httpcore2.AnyIOBackend(), max_body

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """See httpcore."""
        stream = await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        return BoundedStream(stream, self._max_body)


class _PinnedBackend(_BoundedBackend):
    """Connects to checked addresses only."""

    def __init__(self, allowed: Sequence[Network], resolve: Resolve, max_body: int) -> None:
        super().__init__(max_body)
        self._allowed, self._resolve = allowed, resolve

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
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failure:
                error = failure
        assert error is not None
        raise error


class GuardedClient:
    """Sends requests to apps and providers. `timeout` in seconds bounds each from the name to the last byte."""

    def __init__(
        self,
        *,
        timeout: float,
        resolve: Resolve,
        allowed: Sequence[Network] = (),
        ca_file: str = "",
        proxy: str = "",
        connections: int = 200,
        max_body: int = MAX_BODY,
    ) -> None:
        """With `proxy` it is the egress proxy that resolves names, and so has to keep to the rules on addresses.

        `max_body` is how many bytes of a response's body are read.
        """
        self._timeout, self._max_body = timeout, max_body
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(cafile=ca_file or None),
            proxy=httpcore2.Proxy(proxy) if proxy else None,
            max_connections=connections,
            max_keepalive_connections=connections // 4,
            keepalive_expiry=30,
            network_backend=_BoundedBackend(max_body) if proxy else _PinnedBackend(allowed, resolve, max_body),
        )

    async def post_form(self, url: str, body: bytes) -> Answer:
        """POST a form. Raises OSError (AddressRefused and TimeoutError among them) when there is no answer."""
        answer = await self.send("POST", url, body, {"Content-Type": "application/x-www-form-urlencoded"})
        return answer if answer.status == 400 else replace(answer, body=b"")

    async def send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send a request. Raises OSError (AddressRefused and TimeoutError among them) when there is no answer."""
        sent = [("Accept", "application/json"), ("User-Agent", "endsession"), *headers.items()]
        answer: Answer | None = None
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._pool.stream(method, url, headers=sent, content=body) as response,
            ):
                fields = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                answer = Answer(response.status, fields)
                answer = replace(answer, body=await _drain(response, self._max_body))
        except TimeoutError:
            if answer is None:
                raise
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProxyError) as error:
            raise OSError(f"{type(error).__name__}: {error}") from None
        except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, ssl.SSLError, ValueError) as error:
            # Without its text: that of a protocol error repeats what the app sent, which may be the token again.
            raise OSError(type(error).__name__) from None
        return answer

    async def close(self) -> None:
        """Close connections."""
        await self._pool.aclose()


async def _drain(response: httpcore2.Response, most: int) -> bytes:
    """Read a short rest, so that the connection can be used again. Otherwise it is closed: the status is known.

    Returns the beginning of what was read.
    """
    begin = b""
    try:
        async with asyncio.timeout(DRAIN):
            parts = 0
            async for part in response.aiter_stream():
                begin += part[: most - len(begin)]
                parts += 1
                if parts == MAX_PARTS:
                    break
    except (OSError, httpcore2.NetworkError, httpcore2.ProtocolError):
        pass
    return begin
