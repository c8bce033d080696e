"""Passing requests to the provider, and its responses back.

What is end-to-end passes as it came: target, bodies, headers in their order, `Host`. What belongs to one connection
(RFC 9110, section 7.6.1) does not, and neither does what only a trusted proxy may say (T20).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from functools import lru_cache

from starlette.types import Send

from .cookies import without_cookies
from .incoming import Header, Incoming
from .response_head import ProviderFailed
from .upstream import Outgoing, Response

_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te"}
    | {b"proxy-authentication-info", b"trailer", b"transfer-encoding", b"upgrade"}
)
_NOT_PASSED = _HOP_BY_HOP | {b"expect", b"http2-settings", b"content-length"}
"""Of requests. `Expect` is answered here, by the server; Content-Length is put in again."""
_NOT_RETURNED = _HOP_BY_HOP | {b"date"}
"""Of responses. The server writes a `Date` of its own into every response."""
_PROXIES_ONLY = (
    b"forwarded", b"x-forwarded", b"x-real-", b"true-client-", b"x-client-cert", b"x-client-ip", b"x-client-verify",
    b"x-client-dn", b"x-cluster-client-", b"x-original-", b"x-rewrite-", b"client-cert", b"x-ssl-", b"ssl-", b"x-tls-",
    b"x-arr-", b"x-amzn-", b"cf-", b"fastly-", b"x-envoy-", b"x-remote-", b"remote-", b"x-auth-request-",
    b"x-authenticated-",
)  # fmt: skip
"""Beginnings of names of headers in which proxies say who the client is, which certificate it has, and what it asked
for. A provider that trusts this gateway as its proxy would believe them, so they pass from trusted proxies only."""

__all__ = ["BrokenOff", "Header", "Incoming", "outgoing", "pass_on"]

DROP, PASS, LENGTH, COOKIE, ENCODING, PROXY = range(6)


class BrokenOff(Exception):
    """The provider broke its response off after the client had the beginning. `detail` is for the log.

    Nothing may be sent any more: who returns then has the connection closed by the server, so that no client takes a
    part of the response for all of it.
    """

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


def outgoing(
    incoming: Incoming,
    body: bytes | AsyncIterator[bytes] = b"",
    *,
    without_cookie: Collection[str] = (),
    withhold: Callable[[str, str], bool] | None = None,
    identity: bool = False,
    extra: Iterable[Header] = (),
    scheme: str = "",
) -> Outgoing:
    """The request that the provider gets.

    Cookies named in `without_cookie`, and those whose name and value `withhold` says yes to, are taken out. `identity`
    asks for a response that is not compressed, since its body will be read. `extra` headers are added at the end.
    `scheme` is that of the public URL, for a provider behind a gateway that has no trusted proxy.
    """
    if not isinstance(body, bytes) and not incoming.has_body:
        body, incoming.complete = b"", True
    headers: list[Header] = []
    named = _named_by_connection(incoming.headers)
    length = b"%d" % len(body) if isinstance(body, bytes) else None
    has_length = False
    for name, value in incoming.headers:
        kind = _kind(name)
        if kind == PASS:
            if name not in named:
                headers.append((name, value))
        elif kind == LENGTH:
            # In its place, once: the server has refused a request with two that differ.
            if not has_length:
                headers.append((name, value if length is None else length))
                has_length = True
        elif kind == COOKIE:
            left = without_cookies(value, without_cookie, withhold) if without_cookie or withhold else value
            if left:
                headers.append((name, left))
        elif (kind == ENCODING and not identity) or (kind == PROXY and incoming.trusted):
            headers.append((name, value))
    if body and length is not None and not has_length:
        headers.append((b"content-length", length))
    if identity:
        headers.append((b"accept-encoding", b"identity"))
    if not incoming.trusted:
        headers += _as_a_proxy(incoming, scheme)
    headers += extra
    return Outgoing(incoming.method, incoming.target, headers, body)


def _as_a_proxy(incoming: Incoming, scheme: str) -> Iterator[Header]:
    """What this gateway, as the first proxy, says of the client."""
    if incoming.client:
        yield b"x-forwarded-for", incoming.client.encode("latin-1")
    yield b"x-forwarded-proto", (scheme or incoming.scheme).encode("ascii")


@lru_cache(1024)
def _kind(name: bytes) -> int:
    """What becomes of a header of a request. Many servers take `_` for `-` in a name, so it is one here as well."""
    plain = name.replace(b"_", b"-")
    if plain in _NOT_PASSED:
        return LENGTH if name == b"content-length" else DROP
    if plain.startswith(_PROXIES_ONLY):
        return PROXY
    return {b"cookie": COOKIE, b"accept-encoding": ENCODING}.get(name, PASS)


@lru_cache(1024)
def _returned(name: bytes) -> bytes:
    """The name as ASGI wants it, in lower case; empty for a header that is not passed on."""
    lower = name.lower()
    return b"" if lower in _NOT_RETURNED else lower


_KEPT = frozenset({b"host", b"content-length", b"cookie", b"authorization", b"dpop", b"content-type"})
"""What `Connection` cannot take away: a client would make the provider see another request than was learnt from."""


def _named_by_connection(headers: Iterable[Header]) -> frozenset[bytes]:
    values = [value for name, value in headers if name.lower() == b"connection"]
    if not values:
        return frozenset()
    return frozenset(word.strip().lower() for value in values for word in value.split(b",")) - _KEPT


async def pass_on(
    response: Response, send: Send, *, extra_headers: Iterable[Header] = (), body: bytes | None = None
) -> None:
    """Write the provider's response to the client: `body` where it was read, else streamed as it comes.

    Names of headers are in lower case, as ASGI wants them. A `body` of another length than the provider's gets its own
    Content-Length. Raises BrokenOff.
    """
    status, headers = response.status, response.headers
    bodyless = response.method == "HEAD" or status in (204, 304)
    named = _named_by_connection(headers)
    # The server wants a body of the length that it is told, unless the request was a HEAD.
    drop_length = status in (204, 304) or (body is not None and not bodyless)
    out = [
        (lower, value)
        for name, value in headers
        if (lower := _returned(name))
        and not (named and lower in named)
        and not (drop_length and lower == b"content-length")
    ]
    if body is not None and not bodyless:
        out.append((b"content-length", b"%d" % len(body)))
    out += extra_headers
    await send({"type": "http.response.start", "status": status, "headers": out})
    if body is None and not bodyless:
        try:
            async for part in response.stream():
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except ProviderFailed as failure:
            raise BrokenOff(f"the provider is {failure.kind}: {failure.detail}") from None
    await send({"type": "http.response.body", "body": b"" if bodyless else body or b""})
