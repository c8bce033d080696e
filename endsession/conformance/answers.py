"""What holds for every answer, whatever was asked: each claim is one function that yields what is wrong.

The same functions judge the answers of directed checks and those of the fuzzer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from .cookies import cookie_problems
from .echo import echoes
from .exchange import Exchange
from .redirects import redirect_problems
from .schema import schema_problems
from .target import Operation, Target

Judge = Callable[[Exchange, Operation | None, Target], Iterator[str]]

CODES = {
    400: {"invalid_request"},
    401: {"invalid_token", "session_expired", "login_required"},
    403: {"access_denied", "insufficient_scope"},
    404: {"not_found"},
    405: {"invalid_request"},
    409: {"session_ended", "invalid_client_metadata"},
    413: {"invalid_request"},
    414: {"invalid_request"},
    415: {"invalid_request"},
    421: {"invalid_request"},
    422: {"invalid_redirect_uri", "invalid_client", "invalid_client_metadata"},
    429: {"temporarily_unavailable"},
    500: {"server_error"},
    503: {"temporarily_unavailable"},
}
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
"""RFC 6749, section 5.2."""
_OPEN_TAGS = ("document", "discovery", "health")
"""What anybody may read, and a cache may keep."""


def documented_status(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """The document announces the status."""
    if exchange.path is None:
        if exchange.status != 404:
            yield f"{exchange.status} at an address that the document does not have"
    elif operation is None:
        if exchange.status not in (404, 405, 414, 421, 429):
            yield f"{exchange.status} for a method that the document does not have"
    elif exchange.status not in operation.statuses:
        yield f"{exchange.status}, which the document does not announce here"


def documented_content_type(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """The body is of a media type that the document names for the status."""
    if operation is None or exchange.status not in operation.statuses:
        return
    content = target.resolved(operation.definition["responses"][str(exchange.status)]).get("content", {})
    if exchange.media_type and content and exchange.media_type not in content:
        yield f"{exchange.status} as {exchange.media_type}, where the document names {', '.join(content)}"
    if content and not exchange.media_type and exchange.body:
        yield f"{exchange.status} with a body and no Content-Type"
    if not content and exchange.body:
        yield f"{exchange.status} with a body, where the document has none"


def no_server_error(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Nothing that is sent makes the service fail."""
    if exchange.status >= 500:
        yield f"{exchange.status}"


def error_form(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """An error is an OAuthError with the code of its status, or a page, and nothing else."""
    if exchange.status < 400 or exchange.method == "HEAD" or exchange.media_type == "text/html":
        return
    body = exchange.json()
    if exchange.media_type == "application/problem+json":
        if not isinstance(body, dict) or set(body) - {"type", "title", "status", "detail"}:
            yield "the body is not a Problem with title, status and detail"
        elif body.get("status") != exchange.status or body.get("title") not in CODES.get(exchange.status, ()):
            yield f"the Problem does not have the title and status of {exchange.status}"
        return
    if exchange.media_type != "application/json" or not isinstance(body, dict):
        yield f"the body of {exchange.status} is no JSON object"
        return
    if strange := set(body) - {"error", "error_description", "error_uri"}:
        yield f"the error has members beside error, error_description and error_uri: {len(strange)}"
    if body.get("error") not in CODES.get(exchange.status, {body.get("error")}):
        known = " or ".join(sorted(CODES[exchange.status]))
        yield f"{exchange.status} does not carry the code {known}"
    if operation is not None and operation.secured and body.get("error") in ("session_expired", "login_required"):
        yield "a management operation answers with a code of logout requests"
    if not _DESCRIPTION.fullmatch(str(body.get("error_description", ""))):
        yield "error_description holds characters that RFC 6749, section 5.2, does not allow"


def retry_after(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """429 and 503 say when to come back, in whole seconds."""
    if exchange.status in (429, 503) and not re.fullmatch(r"[1-9][0-9]*", exchange.header("retry-after")):
        yield f"{exchange.status} without a Retry-After of whole seconds"


def www_authenticate(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """401 names the scheme (RFC 9110, section 15.5.2)."""
    challenge = exchange.header("www-authenticate")
    if exchange.status == 401 and not challenge.lower().startswith("bearer"):
        yield "401 without WWW-Authenticate: Bearer"
    body = exchange.json()
    if exchange.status == 401 and isinstance(body, dict) and f'error="{body.get("error")}"' not in challenge:
        yield "WWW-Authenticate does not carry the error of the body"


def allow(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """405 lists exactly the methods that the address knows."""
    if exchange.status != 405 or exchange.path is None:
        return
    listed = {method.strip() for method in exchange.header("allow").split(",") if method.strip()}
    known = {method.strip() for method in target.document.allow(exchange.path).split(",")}
    if not exchange.all("allow"):
        yield "405 without Allow"
    elif listed - {"OPTIONS"} != known - {"OPTIONS"}:
        yield f"Allow lists {', '.join(sorted(listed))} and the document {', '.join(sorted(known))}"
    if operation is not None:
        yield f"405 for {exchange.method}, which the document has"


def not_stored(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """No cache keeps an answer about a session, and none an error (T18)."""
    is_open = operation is not None and operation.tag in _OPEN_TAGS and exchange.status < 400
    if not is_open and "no-store" not in exchange.header("cache-control"):
        yield "no Cache-Control: no-store"


def guarded(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """The headers by which a browser shields what it shows: T16, T17, T23."""
    if exchange.path is None and exchange.status != 404:
        return
    if exchange.header("x-content-type-options").lower() != "nosniff":
        yield "no X-Content-Type-Options: nosniff"
    if exchange.header("referrer-policy").lower() != "no-referrer":
        yield "no Referrer-Policy: no-referrer"
    csp = exchange.header("content-security-policy")
    if "frame-ancestors 'none'" not in csp:
        yield "no Content-Security-Policy with frame-ancestors 'none'"
    if exchange.header("x-frame-options").upper() != "DENY":
        yield "no X-Frame-Options: DENY"
    if "default-src 'none'" not in csp:
        yield "no Content-Security-Policy with default-src 'none'"
    if "unsafe-" in csp or re.search(r"script-src[^;]*(\*|https?:|data:)", csp):
        yield "the Content-Security-Policy lets any script run"


def not_shared(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """No other site's script may read an answer about a session."""
    if operation is not None and operation.tag not in _OPEN_TAGS and exchange.all("access-control-allow-origin"):
        yield "Access-Control-Allow-Origin lets other sites read the answer"


def page(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """A page names its language and encoding, and leads, by forms, frames' scripts and refreshes, nowhere foreign."""
    if exchange.media_type != "text/html" or exchange.method == "HEAD":
        return
    if "utf-8" not in exchange.header("content-type").lower():
        yield "a page without charset=utf-8"
    if not re.search(r"<html[^>]*\blang=", exchange.text):
        yield "a page without a language"
    for action in re.findall(r"<form[^>]*\baction=\"([^\"]*)\"", exchange.text):
        if not action.startswith(target.public_url + "/") and urlsplit(action).netloc:
            yield "a form that is sent to another place"
    for going in re.findall(r"http-equiv=\"refresh\"[^>]*url=([^\"]*)\"", exchange.text, re.IGNORECASE):
        if not going.startswith(target.public_url + "/"):
            yield "a page that goes on by itself to another place"
    if re.search(r"<script[^>]*\bsrc=", exchange.text) or re.search(r"\son[a-z]+\s*=\s*[\"']", exchange.text):
        yield "a page with a script from elsewhere or in an attribute"
    csp = exchange.header("content-security-policy")
    if "<script" in exchange.text and "'sha256-" not in csp and "'nonce-" not in csp:
        yield "a page with a script that its Content-Security-Policy does not name"
    if "form-action" not in csp:
        yield "a page whose Content-Security-Policy leaves forms free"


def head_is_empty(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """HEAD has no body, sets no cookie and leads nowhere."""
    if exchange.method != "HEAD":
        return
    if exchange.body:
        yield "HEAD with a body"
    if exchange.all("set-cookie") or exchange.all("location"):
        yield "HEAD with Set-Cookie or Location"


def own_headers(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Headers that mean one thing come once, and only where they belong."""
    for name in ("location", "content-type", "allow", "retry-after", "cache-control", "content-security-policy"):
        if len(exchange.all(name)) > 1:
            yield f"{name.title()} is sent more than once"
    if exchange.all("refresh"):
        yield "a Refresh header"
    if exchange.all("www-authenticate") and exchange.status not in (401, 403):
        yield f"WWW-Authenticate with {exchange.status}"


EVERY_ANSWER: dict[str, Judge] = {
    "the document announces the status": documented_status,
    "the document announces the content type": documented_content_type,
    "the body fits its schema": schema_problems,
    "nothing makes the service fail": no_server_error,
    "an error has the documented form and code": error_form,
    "nothing that was sent is repeated": echoes,
    "a redirect leads to a registered URI, with state": redirect_problems,
    "429 and 503 say when to come back": retry_after,
    "401 says how to authenticate": www_authenticate,
    "405 lists the methods": allow,
    "nothing is stored by caches": not_stored,
    "answers are guarded in the browser": guarded,
    "answers are not shared with other sites": not_shared,
    "pages are safe and complete": page,
    "cookies have their attributes": cookie_problems,
    "HEAD is empty": head_is_empty,
    "headers come once and where they belong": own_headers,
}
