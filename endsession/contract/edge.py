"""The outermost layer: what holds for every response, whether an operation, routing or a failure made it."""

from __future__ import annotations

import logging
import re
import secrets
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..pages.csp import NO_PAGE
from ..protocol.errors import EndsessionError, InvalidRequest
from .access_log import access_log, write_access_log
from .negotiation import prefers
from .rendering import render
from .request import ErrorForm, Service

log = logging.getLogger(__name__)

_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
"""R62, R63, T17, T18, T23. A page adds its own (`pages/headers.py`), and its Content-Security-Policy."""
_HSTS = (b"strict-transport-security", b"max-age=31536000")
"""A year, for this host alone: what other hosts of the domain do is not ours to say (RFC 6797)."""
_ONCE = frozenset(
    {b"host", b"content-type", b"authorization", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"}
)
"""Headers that say one thing. Sent twice, a proxy may have read the other one (T25; RFC 9112, section 3.2)."""
_CSP = (b"content-security-policy", NO_PAGE.encode())
_STRAY = re.compile(rb"%(?:2[Ff]|5[Cc]|[01].|7[Ff])")
"""Byte sequences that none of our paths contains in any encoding: separators and control characters."""


class Edge:
    """Adds the headers that every answer has, names each request, and writes the access log.

    The log names the operation, the caller of management and the registered client, and never the path or the query,
    since both can hold a token or a handle.
    """

    def __init__(self, app: ASGIApp, service: Service, *, prefix: str = "", https: bool = False) -> None:
        """`prefix` is the path of the public URL, for a proxy that passes it on; `https` says that this URL has TLS."""
        self._app, self._service, self._prefix = app, service, prefix.rstrip("/")
        self._headers = [*_HEADERS, _HSTS] if https else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = secrets.token_hex(8)
        # connexion copies the scope on its way; what is learned there comes back through this dictionary.
        learned: dict[str, object] = {}
        scope = dict(scope, **{"endsession.request_id": request_id, "endsession.learned": learned})
        self._tidy_path(scope)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in self._headers if header[0] not in present),
                    *(() if _CSP[0] in present else (_CSP,)),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            if refusal := said_twice(scope):
                learned["error"] = refusal
                wants = prefers(Headers(scope=scope).get("accept", ""))
                answer = render(refusal, ErrorForm("negotiate"), wants, request_id, self._service)
                await answer(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        except Exception as error:
            log.exception("unexpected error outside any operation (request %s)", request_id)
            if status == 0:
                problem = EndsessionError(detail=type(error).__name__)
                response = render(problem, ErrorForm("oauth_json"), None, request_id, self._service)
                await response(scope, receive, send_with_headers)
        finally:
            if access_log.isEnabledFor(logging.INFO):
                write_access_log(scope, status, learned, request_id, time.perf_counter() - began)

    def _tidy_path(self, scope: Scope) -> None:
        """Drop the public prefix; make a path with an encoded separator one that matches nothing (T25)."""
        if _STRAY.search(scope.get("raw_path") or b""):
            scope["path"] = "//"
        elif self._prefix and scope["path"].startswith(self._prefix + "/"):
            scope["path"] = scope["path"][len(self._prefix) :]


def said_twice(scope: Scope) -> InvalidRequest | None:
    """Why a request with one of these headers repeated is refused; None for one without."""
    names = [name for name, _ in scope["headers"] if name in _ONCE]
    if len(names) == len(set(names)):
        return None
    twice = max(names, key=names.count).decode()
    return InvalidRequest("A header that may appear only once was repeated.", detail=f"{twice} came more than once")
