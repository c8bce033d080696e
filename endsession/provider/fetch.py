"""Fetching what a provider publishes: bounded in time and size, without redirects, proxies or cookies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit

import httpx2

from .remote import Fetch, Fetched

MAX_BYTES = 256 * 1024
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class Fetcher:
    """GETs URLs that the operator has configured."""

    def __init__(self, *, timeout: float = 5) -> None:
        """`timeout` in seconds bounds the whole of a fetch: a server that drips must not keep one alive."""
        self._timeout = timeout
        cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx2.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False, cookies=cookies)

    async def get(self, url: str, headers: Mapping[str, str]) -> Fetched:
        """GET `url`. Raises OSError when there is no usable answer."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._get(url, {**_HEADERS, **headers})
        except TimeoutError:
            raise OSError(f"there was no whole answer within {self._timeout} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, RuntimeError) as error:
            raise OSError(f"{type(error).__name__}: {error}") from None  # RuntimeError: the client was closed meanwhile

    async def _get(self, url: str, headers: Mapping[str, str]) -> Fetched:
        async with self._client.stream("GET", url, headers=headers) as answer:
            body = b""
            async for part in answer.aiter_raw():  # what is compressed all the same stays so: it could be a bomb
                body += part
                if len(body) > MAX_BYTES:
                    raise OSError(f"the answer is longer than {MAX_BYTES} bytes")
            return Fetched(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()


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
