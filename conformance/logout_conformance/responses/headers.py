"""Rules about single headers: what must be there, and where it must not be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..conventions import PUBLIC_TAGS
from ..exchange import Exchange
from ..target import Operation, Target


def retry_after(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """429 and 503 say when to try again, in whole seconds (RFC 9110, section 10.2.3)."""
    if exchange.status in (429, 503) and not re.fullmatch(r"[1-9][0-9]*", exchange.header("retry-after")):
        yield f"{exchange.status} without a Retry-After of whole seconds"


def www_authenticate(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """401 names the scheme (RFC 9110, section 15.5.2) and the error (RFC 6750, section 3)."""
    challenge = exchange.header("www-authenticate")
    if exchange.status == 401 and not challenge.lower().startswith("bearer"):
        yield "401 without WWW-Authenticate: Bearer"
    body = exchange.json()
    if exchange.status == 401 and isinstance(body, dict) and f'error="{body.get("error")}"' not in challenge:
        yield "WWW-Authenticate does not have the error of the body"


def allow(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """405 lists exactly the methods of the path (RFC 9110, section 15.5.6)."""
    if exchange.status != 405 or exchange.path is None:
        return
    listed = {method.strip() for method in exchange.header("allow").split(",") if method.strip()}
    known = target.document.allowed_methods(exchange.path)
    if not exchange.all("allow"):
        yield "405 without Allow"
    elif listed - {"OPTIONS"} != known - {"OPTIONS"}:
        yield f"Allow lists {', '.join(sorted(listed))}, the document {', '.join(sorted(known))}"
    if operation is not None:
        yield f"405 for {exchange.method}, which the document has"


def not_stored(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Caches store no response about a session, and no error."""
    is_public = operation is not None and operation.tag in PUBLIC_TAGS and exchange.status < 400
    if not is_public and "no-store" not in exchange.header("cache-control"):
        yield "no Cache-Control: no-store"


def head_is_empty(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """A response to HEAD has no body, no cookie and no redirect."""
    if exchange.method != "HEAD":
        return
    if exchange.body:
        yield "HEAD with a body"
    if exchange.all("set-cookie") or exchange.all("location"):
        yield "HEAD with Set-Cookie or Location"


def single_headers(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Headers with one meaning occur once, and only where they belong."""
    for name in ("location", "content-type", "allow", "retry-after", "cache-control", "content-security-policy"):
        if len(exchange.all(name)) > 1:
            yield f"{name.title()} occurs more than once"
    if exchange.all("refresh"):
        yield "a Refresh header"
    if exchange.all("www-authenticate") and exchange.status not in (401, 403):
        yield f"WWW-Authenticate with {exchange.status}"
