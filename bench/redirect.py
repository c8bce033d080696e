"""What the compiled contract costs: a validated redirect against a bare Starlette redirect, in one process.

python -m bench.redirect
"""

from __future__ import annotations

import asyncio
from typing import Any

from connexion.resolver import Resolution, Resolver
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from endsession.contract.app import build
from endsession.contract.document import load_document
from endsession.contract.request import Request

from .figures import microseconds, row

TARGET = "https://app.example/signed-out"
QUERY = f"id_token_hint={'a' * 900}&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fsigned-out&state=abc".encode()


class Anybody:
    """A service that lets every request through."""

    async def admit(self, address: str) -> None:
        """Nobody is counted."""

    def is_our_host(self, host: str) -> bool:
        """Every host is ours."""
        return True

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nothing should ask for {name}")


class Redirecting(Resolver):  # type: ignore[misc]
    """Every operation redirects."""

    def resolve(self, operation: Any) -> Resolution:
        """See connexion."""

        async def redirect(request: Request, service: object) -> Response:
            return Response(status_code=303, headers={"location": f"{TARGET}?state={request.query['state']}"})

        return Resolution(redirect, operation.operation_id)


async def bare(request: StarletteRequest) -> Response:
    """What Starlette alone would do."""
    return RedirectResponse(f"{TARGET}?state={request.query_params['state']}", 303)


def caller(app: ASGIApp, path: str) -> Any:
    """A function that makes one request."""
    template: Scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": QUERY,
        "headers": [(b"host", b"login.example"), (b"accept", b"text/html")], "client": ("192.0.2.1", 1),
        "server": ("login.example", 443), "scheme": "https", "http_version": "1.1", "root_path": "",
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 303

    async def call() -> None:
        await app({**template, "extensions": {}}, receive, send)

    return call


async def measure() -> list[str]:
    """The figures, as rows of a table."""
    compiled = build(load_document(), Anybody(), resolver=Redirecting())
    starlette = Starlette(routes=[Route("/{issuer_id}/logout", bare)])
    ours = await microseconds(caller(compiled, "/acme/logout"), 5000)
    theirs = await microseconds(caller(starlette, "/acme/logout"), 5000)
    return [
        row("bare Starlette redirect", theirs, "us"),
        row("validated redirect through the compiled contract", ours, "us", f"{ours / theirs:.2f} times; goal: 2"),
    ]


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
