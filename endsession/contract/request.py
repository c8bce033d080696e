"""A request as a handler sees it: routed, sized, decoded and validated by the document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.types import Scope

from ..pages import Page
from ..protocol.errors import EndsessionError
from .endpoint import LogoutEndpoint
from .negotiation import Wants

DEFAULT_PAGE_SIZE = 100


@dataclass(slots=True)
class Request:
    """One request. Empty parameters are left out; `path`, `query` and `form` hold declared ones only.

    `caller` is who the bearer token belongs to, where the operation asks for one. `id` appears in the log and in the
    header `X-Request-Id`.
    """

    method: str
    endpoint: LogoutEndpoint | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: Any
    headers: Headers
    client_address: str
    caller: Any
    id: str
    wants: Wants = None
    """The form of answer that the Accept header names: a page for a browser, JSON for a program, or neither."""
    client_id: str | None = None
    """The registered client that the request turned out to be about. The line of the log names it."""

    @property
    def host(self) -> str:
        """The host of the request without its port, in lower case."""
        return host_name(self.headers.get("host", ""))

    @property
    def page_size(self) -> int:
        """How many items of a list the caller wants at most."""
        return int(self.query.get("limit", DEFAULT_PAGE_SIZE))

    def cookies(self, name: str) -> list[str]:
        """The raw values of a cookie, as sent. A name can come more than once (RFC 6265, section 5.4).

        HTTP/2 splits the header into several (RFC 9113, section 8.2.3), and not every proxy joins them again.
        """
        values = []
        for pair in "; ".join(self.headers.getlist("cookie")).split(";"):
            key, _, value = pair.partition("=")
            # Space and tab alone (RFC 6265, section 5.2): more would let another name pass as this one.
            if key.strip(" \t") == name:
                values.append(value.strip(" \t"))
        return values


def address_of(scope: Scope) -> str:
    """The address that a request came from; empty where the server does not know it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def host_name(host: str) -> str:
    """A Host header's host without port and in lower case; empty for what is no host."""
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", host):
        return ""
    name = host if host.endswith("]") else host.rsplit(":", 1)[0] if ":" in host.rpartition("]")[2] else host
    return name.lower().rstrip(".")


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """How an endpoint's errors look: the policy's `error_format`, and where a person can log out all the same."""

    error_format: str
    way_out: str | None = None


class Service(Protocol):
    """What the contract asks of the rest of the house."""

    async def admit(self, address: str) -> None:
        """Count a request of a browser at `address`, before anything of it is read. Raises RateLimited."""
        ...

    def is_our_host(self, host: str) -> bool:
        """Whether this service answers browsers under that host name."""
        ...

    def authenticate(self, token: str, address: str, issuer_id: str | None) -> Any:
        """Whose bearer token this is, sent from `address`. Raises Unauthenticated or RateLimited."""
        ...

    def authorize(self, caller: Any, scope: str, issuer_id: str | None, address: str) -> None:
        """Whether the caller may use `scope` at that issuer. Raises InsufficientScope or NotFound."""
        ...

    def error_form(self, endpoint: LogoutEndpoint | None, issuer_id: str | None, host: str) -> ErrorForm:
        """How the errors of an endpoint for browsers look."""
        ...

    def error_page(self, error: EndsessionError, request_id: str, way_out: str | None) -> Page:
        """An error as an HTML page."""
        ...
