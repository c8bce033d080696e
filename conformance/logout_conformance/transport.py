"""Sending: one request at a time, exactly as it was meant, with every response recorded and judged."""

from __future__ import annotations

import json as to_json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2

from .conventions import LOGOUT_TAG
from .exchange import FORM, Exchange, header_lines
from .pace import WAIT_WITHOUT_RETRY_AFTER, Pace
from .reporting.report import Report
from .responses.rules import EVERY_RESPONSE
from .target import Target, connect_url, is_loopback

Parameters = Mapping[str, str | None] | Sequence[tuple[str, str]]
TIMEOUT = 30.0
"""Seconds. A logout waits for apps, but not that long."""


class Unreachable(Exception):
    """Nothing responds at a URL."""


class Transport:
    """Sends requests to the deployment."""

    def __init__(self, target: Target, pace: Pace, report: Report) -> None:
        self.target, self.pace, self.report = target, pace, report
        self._client = httpx2.Client(
            timeout=TIMEOUT,
            trust_env=not is_loopback(target.url),
            verify=target.ca_file or True,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Parameters | str = "",
        form: Parameters | None = None,
        json: Any = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        cookie: str = "",
        accept: str = "*/*",
        token: str = "",
        repeat_limited: bool = True,
        base: str | None = None,
    ) -> Exchange:
        """Send a request. After a 429 it is repeated when the limit allows it, unless `repeat_limited` is false.

        `path` is the path of a URL, already encoded. A parameter that is None is not sent. Raises OutOfTime, and
        Unreachable.
        """
        base = base or self.target.base_of(self.target.document.path_of(path) or "")
        text = query if isinstance(query, str) else encoded(query)
        url = base + path + (f"?{text}" if text else "")
        sent = {"Host": self._host(base), "Accept": accept} | dict(headers or {})
        sent |= {"Cookie": cookie} if cookie else {}
        sent |= {"Authorization": f"Bearer {token}"} if token else {}
        if form is not None:
            body = encoded(form).encode()
            sent.setdefault("Content-Type", FORM)
        if json is not None:
            body = to_json.dumps(json).encode()
            sent.setdefault("Content-Type", "application/json")
        while True:
            exchange = self._exchange(method, url, sent, body)
            self._record(exchange)
            if exchange.status != 429 or not repeat_limited:
                return exchange

    def follow(self, url: str, **options: Any) -> Exchange:
        """GET a URL that the deployment gave, under its public name."""
        path, _, query = url.removeprefix(self.target.public_url).partition("?")
        return self.send("GET", path, query=query, **options)

    def _record(self, exchange: Exchange) -> None:
        """Add a response to the report, judge it by the rules for every response, and note a rate limit."""
        self.report.add_exchange(exchange)
        if exchange.status == 429:
            seconds = exchange.header("retry-after")
            self.pace.back_off(int(seconds) if seconds.isdigit() else WAIT_WITHOUT_RETRY_AFTER)
        if exchange.path is None and self.target.shared_host:
            return
        operation = self.target.operation(exchange.path, exchange.method)
        where = operation.label if operation else f"{exchange.method} {exchange.path or 'an undocumented path'}"
        for title, rule in EVERY_RESPONSE.items():
            for seen in rule(exchange, operation, self.target):
                self.report.add_failure(title, where, seen, exchange)

    def _host(self, base: str) -> str:
        return self.target.host if base == self.target.url else urlsplit(base).netloc

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Exchange:
        path = self.target.path_of(url)
        operation = self.target.operation(path, method)
        self.pace.wait(limited=operation is not None and operation.tag == LOGOUT_TAG)
        connect = urlsplit(connect_url(url))
        began = time.time()
        try:
            # The request target goes out as it is: a client that normalised it would hide what is tested.
            raw = (urlsplit(url).path + (f"?{connect.query}" if connect.query else "")).encode("ascii")
            self._client.cookies.clear()
            response = self._client.request(
                method,
                f"{connect.scheme}://{connect.netloc}/",
                headers=dict(headers),
                content=body or None,
                extensions={"target": raw},
            )
        except httpx2.HTTPError as error:
            raise Unreachable(f"{connect.scheme}://{connect.netloc} does not respond: {type(error).__name__}") from None
        return Exchange(
            method=method,
            url=url,
            sent_headers=header_lines(headers),
            sent_body=body,
            path=path,
            status=response.status_code,
            headers=header_lines(response.headers.multi_items()),
            body=response.content,
            began=began,
            seconds=time.time() - began,
        )


def encoded(parameters: Parameters) -> str:
    """Parameters as a query or a form. Those that are None are left out."""
    pairs: Iterable[tuple[str, str | None]] = parameters.items() if isinstance(parameters, Mapping) else parameters
    return urlencode([(name, value) for name, value in pairs if value is not None], quote_via=quote)
