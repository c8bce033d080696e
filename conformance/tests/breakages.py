"""A gateway that is broken on purpose, in one way at a time: small wrappers around the real application.

Each is what a proxy, a careless change or another implementation could do to a logout service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]
Change = Callable[[Scope, int, Headers, bytes, bytes], tuple[int, Headers, bytes]]
"""From the request's scope, the response's status, headers and body, and the request's body to another response."""


def answering(change: Change) -> Callable[[ASGIApp], ASGIApp]:
    """Break responses."""

    def break_it(app: ASGIApp) -> ASGIApp:
        async def broken(scope: Scope, receive: Receive, send: Send) -> None:
            messages: list[Message] = []
            sent = await whole_body(receive)
            await app(scope, replay(sent), collect(messages))
            start = messages[0]
            body = b"".join(message.get("body", b"") for message in messages[1:])
            status, headers, body = change(scope, start["status"], list(start["headers"]), body, sent)
            headers = without(headers, b"content-length")
            if body:
                headers.append((b"content-length", str(len(body)).encode()))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})

        return broken

    break_it.__name__ = change.__name__
    return break_it


def asking(change: Callable[[Scope, bytes], tuple[Scope, bytes]]) -> Callable[[ASGIApp], ASGIApp]:
    """Break requests on their way to the application."""

    def break_it(app: ASGIApp) -> ASGIApp:
        async def broken(scope: Scope, receive: Receive, send: Send) -> None:
            changed, body = change(dict(scope), await whole_body(receive))
            if body:
                kept = without(changed["headers"], b"content-length")
                changed["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
            await app(changed, replay(body), send)

        return broken

    return break_it


async def whole_body(receive: Receive) -> bytes:
    """The body of a request."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def replay(body: bytes) -> Receive:
    """Let a body that was read be read again."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    return receive


def collect(messages: list[Message]) -> Send:
    """Keep the messages of a response."""

    async def send(message: Message) -> None:
        messages.append(message)

    return send


def is_logout(scope: Scope) -> bool:
    """Whether a request is for a logout endpoint."""
    return str(scope["path"]).endswith(("/logout", "/end-session", "/init_logout.openid"))


def parameters(scope: Scope, body: bytes) -> dict[str, str]:
    """The parameters of a request, from its query and its form."""
    text = scope["query_string"].decode() + "&" + body.decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(text).items()}


def without(headers: Headers, name: bytes) -> Headers:
    """All headers except one."""
    return [header for header in headers if header[0].lower() != name]


# Ten ways


@answering
def wrong_status(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
    """A forbidden management request is called a bad one."""
    return (400 if status == 403 else status), headers, body


@answering
def wrong_schema(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
    """A session is shown with its state under another name."""
    return status, headers, body.replace(b'"state":', b'"condition":') if b"/sessions/" in scope["raw_path"] else body


@answering
def follows_any_uri(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
    """An unregistered URI is followed (open redirect)."""
    uri = parameters(scope, sent).get("post_logout_redirect_uri", "")
    if status == 422 and is_logout(scope) and uri.startswith("https://"):
        return 303, [*without(headers, b"content-type"), (b"location", uri.encode("ascii", "ignore"))], b""
    return status, headers, body


@answering
def no_allow(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
    """405 does not say what is allowed."""
    return status, without(headers, b"allow"), body


@answering
def no_retry_after(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
    """429 does not say when to come back."""
    return status, without(headers, b"retry-after"), body


@answering
def echoes_input(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
    """An error quotes the parameter that it does not like."""
    if 400 <= status < 500 and b"json" in dict(headers).get(b"content-type", b"") and is_logout(scope):
        error = json.loads(body)
        values = "; ".join(parameters(scope, sent).values())
        error["error_description"] = re.sub(r"[^ -!#-\[\]-~]", "?", f"This is not valid: {values}")
        return status, headers, json.dumps(error).encode()
    return status, headers, body


@answering
def forgets_state(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
    """The redirect loses `state`."""
    return status, [(n, re.sub(rb"[?&]state=.*", b"", v) if n == b"location" else v) for n, v in headers], body


@answering
def may_be_cached(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
    """Caches may store every response."""
    kept = without(headers, b"cache-control")
    return status, [*kept, (b"cache-control", b"public, max-age=60")], body


def head_is_get(app: ASGIApp) -> ASGIApp:
    """HEAD runs the GET, as many frameworks do, and so logs out."""

    @asking
    def change(scope: Scope, body: bytes) -> tuple[Scope, bytes]:
        return ({**scope, "method": "GET"} if scope["method"] == "HEAD" else scope), body

    @answering
    def shorten(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
        return status, headers, body

    return shorten(change(app))


def takes_the_last(app: ASGIApp) -> ASGIApp:
    """The last value of a repeated parameter counts."""

    @asking
    def change(scope: Scope, body: bytes) -> tuple[Scope, bytes]:
        pairs = scope["query_string"].split(b"&")
        last = {pair.partition(b"=")[0]: pair for pair in pairs}
        return {**scope, "query_string": b"&".join(last.values())}, body

    return change(app)
