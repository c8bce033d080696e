"""Sending: one request at a time, exactly as it is meant, and every answer booked and judged."""

from __future__ import annotations

import json as to_json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2

from .answers import EVERY_ANSWER
from .book import Book
from .exchange import FORM, Exchange, lines
from .pace import Pace
from .target import Target, connection, is_loopback

Parameters = Mapping[str, str | None] | Sequence[tuple[str, str]]
TIMEOUT = 30.0
"""Seconds. A logout waits for apps, but not so long."""


class Unreachable(Exception):
    """Nothing answers at the address."""


class Wire:
    """Sends requests to the deployment."""

    def __init__(self, target: Target, pace: Pace, book: Book) -> None:
        self.target, self.pace, self.book = target, pace, book
        # Without the environment's proxies where the deployment is on this machine.
        self._http = httpx2.Client(
            timeout=TIMEOUT,
            trust_env=not is_loopback(target.url),
            verify=target.ca_file or True,
            follow_redirects=False,
        )

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
        patient: bool = True,
        base: str | None = None,
    ) -> Exchange:
        """Send a request to a path of the deployment. A patient one is repeated when a limit refused it.

        `path` is the path of a URL, already encoded. A parameter that is None is not sent. Raises OutOfTime.
        """
        base = base or self.target.base_of(self.target.document.path_of(path) or "")
        url = base + path + (f"?{text}" if (text := query if isinstance(query, str) else encoded(query)) else "")
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
            self.take(exchange)
            if exchange.status != 429 or not patient:
                return exchange

    def follow(self, url: str, **options: Any) -> Exchange:
        """GET an address that the deployment gave, by its public name."""
        path, _, query = url.removeprefix(self.target.public_url).partition("?")
        return self.send("GET", path, query=query, **options)

    def take(self, exchange: Exchange) -> None:
        """Book an answer, judge it by what holds for every one, and remember a limit."""
        self.book.keep(exchange)
        if exchange.status == 429 and exchange.header("retry-after").isdigit():
            self.pace.told_to_wait(int(exchange.header("retry-after")))
        if exchange.path is None and self.target.shared_host:
            return
        operation = self.target.operation(exchange.path, exchange.method)
        where = operation.label if operation else f"{exchange.method} {exchange.path or 'elsewhere'}"
        for claim, judge in EVERY_ANSWER.items():
            self.book.judged[claim] += 1
            for seen in judge(exchange, operation, self.target):
                self.book.fail(claim, where, seen, exchange)

    def _host(self, base: str) -> str:
        return self.target.host if base == self.target.url else urlsplit(base).netloc

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Exchange:
        path = self.target.path_of(url)
        operation = self.target.operation(path, method)
        self.pace.wait(limited=operation is not None and operation.tag == "logout")
        connect = urlsplit(connection(url))
        began = time.time()
        try:
            # The target goes out as it is: a client that tidied it up would hide what is tested.
            raw = (urlsplit(url).path + (f"?{connect.query}" if connect.query else "")).encode("ascii")
            self._http.cookies.clear()
            answer = self._http.request(
                method,
                f"{connect.scheme}://{connect.netloc}/",
                headers=dict(headers),
                content=body or None,
                extensions={"target": raw},
            )
        except httpx2.HTTPError as error:
            address = f"{connect.scheme}://{connect.netloc}"
            raise Unreachable(f"{address} does not answer: {type(error).__name__}") from None
        return Exchange(
            method=method,
            url=url,
            sent_headers=lines(headers),
            sent_body=body,
            path=path,
            status=answer.status_code,
            headers=lines(answer.headers.multi_items()),
            body=answer.content,
            began=began,
            seconds=time.time() - began,
        )


def encoded(parameters: Parameters) -> str:
    """Parameters as a query or a form writes them; those that are None are left out."""
    pairs: Iterable[tuple[str, str | None]] = parameters.items() if isinstance(parameters, Mapping) else parameters
    return urlencode([(name, value) for name, value in pairs if value is not None], quote_via=quote)
