"""Fetching what a provider publishes: bounded in time and size, without redirects, proxies or cookies."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from ..tokens.sources import Fetched

MAX_BYTES = 256 * 1024


class Fetcher:
    """GETs addresses that the operator has configured."""

    def __init__(self, *, timeout: float = 5) -> None:
        """`timeout` in seconds bounds each of connecting, writing and reading."""
        self._client = httpx2.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    async def get(self, url: str, headers: Mapping[str, str]) -> Fetched:
        """GET `url`. Raises OSError when there is no usable answer."""
        try:
            async with self._client.stream("GET", url, headers={"Accept": "application/json", **headers}) as answer:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MAX_BYTES:
                        raise OSError(f"the answer is longer than {MAX_BYTES} bytes")
                return Fetched(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise OSError(f"{type(error).__name__}: {error}") from None

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()
