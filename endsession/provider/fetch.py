"""Fetching what a provider publishes: bounded in time and size, without redirects, proxies or cookies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpcore2

from ..network.connecting import Connector
from ..network.lookup import Resolve
from .remote import Fetch, Fetched

MAX_BYTES = 256 * 1024
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "endsession"}
_CONNECTIONS = 100
_KEPT = 5.0
"""Seconds for which an idle connection is kept."""


class Fetcher:
    """GETs URLs that the operator has configured."""

    def __init__(self, resolve: Resolve, *, timeout: float = 5) -> None:
        """`timeout` in seconds bounds the whole of a fetch: a server that drips must not keep one alive."""
        self._timeout = timeout
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=_CONNECTIONS,
            keepalive_expiry=_KEPT,
            network_backend=Connector(resolve),
        )

    async def get(self, url: str, headers: Mapping[str, str]) -> Fetched:
        """GET `url`. Raises OSError when there is no usable answer."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._get(url, {**_HEADERS, **headers})
        except TimeoutError:
            raise OSError(f"there was no whole answer within {self._timeout:g} s") from None
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
            raise OSError(f"{type(error).__name__}: {error}") from None
        except (httpcore2.UnsupportedProtocol, httpcore2.ConnectionNotAvailable, ssl.SSLError, ValueError) as error:
            raise OSError(f"{type(error).__name__}: {error}") from None

    async def _get(self, url: str, headers: Mapping[str, str]) -> Fetched:
        async with self._pool.stream("GET", url, headers=[*headers.items()]) as answer:
            body = b""
            async for part in answer.aiter_stream():  # what is compressed all the same stays so: it could be a bomb
                body += part
                if len(body) > MAX_BYTES:
                    raise OSError(f"the answer is longer than {MAX_BYTES} bytes")
            fields: dict[str, str] = {}
            for name, value in answer.headers:  # lines of one name are one list (RFC 9110, section 5.2)
                key, text = name.decode("latin-1").lower(), value.decode("latin-1")
                fields[key] = f"{fields[key]}, {text}" if key in fields else text
            return Fetched(answer.status, fields, body)

    async def close(self) -> None:
        """Close connections."""
        await self._pool.aclose()


def fetch_behind(upstream: str, fetch: Fetch) -> Fetch:
    """A fetch of a provider's public URLs, which it gets at `upstream` instead.

    The provider is asked as a proxy asks it, with the public `Host`: it makes its URLs of that. Over TLS the
    name that is sent and that the certificate has to have is that of `upstream`, as with other proxies.
    """

    async def get(url: str, headers: Mapping[str, str]) -> Fetched:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        public = {"Host": parts.netloc, "X-Forwarded-Host": parts.netloc, "X-Forwarded-Proto": parts.scheme}
        return await fetch(upstream.rstrip("/") + path, {**public, **headers})

    return get
