"""The same document twice, with the same stub behind every operation: as connexion runs it, and as it is compiled."""

from __future__ import annotations

import copy
from typing import Any

from connexion import AsyncApp
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolution, Resolver
from starlette.responses import Response
from starlette.types import ASGIApp

from endsession.contract.app import build
from endsession.contract.document import Document
from endsession.contract.endpoint import LogoutEndpoint
from endsession.contract.request import ErrorForm
from endsession.management.tokens import Caller
from endsession.pages import Page
from endsession.protocol.errors import EndsessionError, Unauthenticated
from tests.kit.raw import HOST

from .corpus import TOKEN, Sent

Verdict = int | str
"""`accepted` (the stub answered), `redirected`, or the status of a refusal."""


class Stubs(Resolver):  # type: ignore[misc]  # connexion is untyped
    """Every operation answers 200 whatever it is asked."""

    def resolve(self, operation: Any) -> Resolution:
        """See connexion's Resolver."""
        return Resolution(_ok, operation.operation_id)


async def _ok(*_arguments: Any, **_parameters: Any) -> Response:
    return Response("ok")


def token_info(token: str) -> dict[str, Any] | None:
    """Named by the document that connexion's own application gets (`x-bearerInfoFunc`)."""
    return {"sub": "tester"} if token == TOKEN else None


class Everything:
    """A service that knows one host and one token, and has no opinion of its own."""

    async def admit(self, address: str) -> None:
        """See Service."""

    def is_our_host(self, host: str) -> bool:
        """See Service."""
        return host == HOST

    def authenticate(self, token: str, address: str, issuer_id: str | None) -> Caller:
        """See Service."""
        if token != TOKEN:
            raise Unauthenticated
        return Caller("tester", frozenset(), frozenset())

    def authorize(self, caller: object, scope: str, issuer_id: str | None, address: str) -> None:
        """See Service."""

    def error_form(self, endpoint: LogoutEndpoint | None, issuer_id: str | None, host: str) -> ErrorForm:
        """See Service."""
        return ErrorForm("oauth_json")

    def error_page(self, error: EndsessionError, request_id: str, way_out: str | None) -> Page:
        """See Service."""
        raise AssertionError("nobody asks for pages here")


def compiled(document: Document) -> ASGIApp:
    """The contract as the gateway runs it."""
    return build(document, Everything(), resolver=Stubs())


def standard(document: Document) -> ASGIApp:
    """connexion's application with all of its own middleware, but for the user interface, which shadows a path."""
    raw = copy.deepcopy(dict(document.raw))
    raw["components"]["securitySchemes"]["managementToken"]["x-bearerInfoFunc"] = f"{__name__}.token_info"
    app = AsyncApp(__name__, swagger_ui_options=SwaggerUIOptions(serve_spec=False, swagger_ui=False))
    app.add_api(raw, resolver=Stubs())
    served: ASGIApp = app
    return served


async def verdict(app: ASGIApp, sent: Sent) -> Verdict:
    """What the application makes of a request."""
    try:
        answer = await sent.to(app)
    except Exception:  # connexion's outermost layer answers 500 and raises it once more
        return 500
    if answer.status < 300:
        return "accepted"
    return "redirected" if answer.status < 400 else answer.status
