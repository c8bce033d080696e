"""The rules for every response, whatever was requested. Each rule is a function that yields what is wrong.

They judge the responses of checks and of the fuzzer alike. `EVERY_RESPONSE` lists them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..conventions import ERROR_CODES, LOGOUT_ONLY_CODES
from ..exchange import Exchange
from ..target import Operation, Target
from .browser import not_shared, page, security_headers
from .cookies import cookie_problems
from .echo import echoes
from .headers import allow, head_is_empty, not_stored, retry_after, single_headers, www_authenticate
from .redirects import redirect_problems
from .schema import schema_problems

Rule = Callable[[Exchange, Operation | None, Target], Iterator[str]]

_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
"""RFC 6749, section 5.2."""


def documented_status(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """The status is documented."""
    if exchange.path is None:
        if exchange.status != 404:
            yield f"{exchange.status} at a path that is not in the document"
    elif operation is None:
        if exchange.status not in (404, 405, 414, 421, 429):
            yield f"{exchange.status} for a method that is not in the document"
    elif exchange.status not in operation.statuses:
        yield f"{exchange.status}, which the document does not have here"


def documented_content_type(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """The body has a media type that the document names for the status."""
    if operation is None or exchange.status not in operation.statuses:
        return
    response = target.document.resolved(operation.definition["responses"][str(exchange.status)])
    content = response.get("content", {})
    if exchange.media_type and content and exchange.media_type not in content:
        yield f"{exchange.status} as {exchange.media_type}, where the document has {', '.join(content)}"
    if content and not exchange.media_type and exchange.body:
        yield f"{exchange.status} with a body and no Content-Type"
    if not content and exchange.body:
        yield f"{exchange.status} with a body, where the document has none"


def no_server_error(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """No request makes the service fail."""
    if exchange.status >= 500:
        yield f"{exchange.status}"


def error_form(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """An error is an OAuthError or a Problem with the code of its status, or a page."""
    if exchange.status < 400 or exchange.method == "HEAD" or exchange.media_type == "text/html":
        return
    body = exchange.json()
    codes = ERROR_CODES.get(exchange.status)
    if exchange.media_type == "application/problem+json":
        if not isinstance(body, dict) or set(body) - {"type", "title", "status", "detail"}:
            yield "the body is not a Problem with title, status and detail"
        elif body.get("status") != exchange.status or body.get("title") not in (codes or ()):
            yield f"the Problem does not have the title and status of {exchange.status}"
        return
    if exchange.media_type != "application/json" or not isinstance(body, dict):
        yield f"the body of {exchange.status} is not a JSON object"
        return
    if unknown := set(body) - {"error", "error_description", "error_uri"}:
        yield f"the error has {len(unknown)} members other than error, error_description and error_uri"
    if codes is not None and body.get("error") not in codes:
        yield f"{exchange.status} does not carry the code {' or '.join(sorted(codes))}"
    if operation is not None and operation.secured and body.get("error") in LOGOUT_ONLY_CODES:
        yield "a management operation responds with a code of logout requests"
    if not _DESCRIPTION.fullmatch(str(body.get("error_description", ""))):
        yield "error_description has characters that RFC 6749, section 5.2, does not allow"


EVERY_RESPONSE: dict[str, Rule] = {
    "the status is documented": documented_status,
    "the content type is documented": documented_content_type,
    "the body matches its schema": schema_problems,
    "no request makes the service fail": no_server_error,
    "an error has the documented form and code": error_form,
    "no input is repeated": echoes,
    "a redirect goes to a registered URI, with state": redirect_problems,
    "429 and 503 have Retry-After": retry_after,
    "401 names the authentication scheme": www_authenticate,
    "405 lists the allowed methods": allow,
    "caches store nothing": not_stored,
    "security headers protect the response in browsers": security_headers,
    "no other origin can read a response": not_shared,
    "pages are safe and complete": page,
    "cookies have their attributes": cookie_problems,
    "a response to HEAD is empty": head_is_empty,
    "headers occur once and where they belong": single_headers,
}
