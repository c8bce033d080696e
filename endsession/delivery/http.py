"""The guarded HTTP client: what a delivery may do on the network, and nothing more.

The name is resolved once, the addresses are checked, and the connection goes to one that passed, so an answer of the
DNS that changes afterwards helps nobody. No redirects, no cookies, no proxies from the environment; one time-out bounds
the whole attempt, and of the response little more than its head is read (`bounded.py`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import httpcore2

from ..network.connecting import Connector
from ..network.lookup import Resolve
from .bounded import MAX_BODY, BoundedStream
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


def checked(resolve: Resolve, allowed: Sequence[Network]) -> Resolve:
    """Looks names up as `resolve` does, and gives only the addresses that may be connected to."""

    async def usable(host: str, port: int) -> Sequence[str]:
        reasons = {address: refusal(address, allowed) for address in await resolve(host, port)}
        passed = [address for address, reason in reasons.items() if reason is None]
        if not passed:
            raise AddressRefused(next(iter(reasons.values()), None) or "the host has no address")
        return passed

    return usable


async def _as_named(host: str, port: int) -> Sequence[str]:
    """For the egress proxy, which the operator names: it is connected to wherever it is."""
    return [host]


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
            network_backend=Connector(
                _as_named if proxy else checked(resolve, allowed), partial(BoundedStream, max_body=max_body)
            ),
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
