"""One operation of the document, compiled: what connexion does anew for every request is done here once.

connexion routes, and its `RoutedMiddleware` hands each request to the operation that it found. Its own stack builds
validators, parses schemas and resolves handlers for every request; `docs/benchmarks.md` has what one costs without.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations import AbstractOperation
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..protocol.errors import (
    EndsessionError,
    InvalidClientMetadata,
    InvalidRequest,
    MisdirectedRequest,
    NotFound,
    SpeculativeRequest,
    UriTooLong,
)
from .body import FORM, BodyReader, check_not_encoded, receive_body
from .document import Document
from .endpoint import LogoutEndpoint, issuer_named
from .negotiation import Wants, prefers
from .parameters import FieldReader
from .rendering import render
from .request import ErrorForm, Request, Service, address_of, host_name
from .speculation import is_speculative

log = logging.getLogger(__name__)

Handler = Callable[[Request, Any], Awaitable[Response]]
CALLER = "endsession.caller"
"""Where the security handler leaves the owner of the bearer token, in the scope."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bounds in bytes on what is read of a request."""

    query: int = 16 * 1024
    body: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Compilation:
    """What all operations of one application share."""

    document: Document
    service: Service
    sizes: Sizes


class CompiledOperation:
    """An operation with its parsers, validators and handler bound. An ASGI application."""

    def __init__(self, operation: AbstractOperation, shared: Compilation) -> None:
        self.id: str = operation.operation_id
        self.endpoint: LogoutEndpoint | None = shared.document.endpoints.get(operation.path)
        self._service, self._sizes = shared.service, shared.sizes
        self._handler: Handler = operation.function
        definition = shared.document.raw["paths"][operation.path][operation.method]
        self._scope: str | None = definition.get("x-scope")
        self._for_browsers = definition["tags"] == ["logout"]
        parameters = operation.parameters
        self._path = FieldReader(_schemas(parameters, "path"), _required(parameters, "path"))
        # What is registered of a client has errors of its own (RFC 7591, section 3.2.2).
        refusal = InvalidClientMetadata if definition["tags"] == ["clients"] else InvalidRequest
        self._body = BodyReader(operation.request_body, refusal) if operation.request_body else None
        query = _schemas(parameters, "query")
        if self.endpoint and self._body:
            # A POST's parameters may come from its query where policy says so; they keep the form's schemas there.
            query = {**operation.request_body["content"][FORM]["schema"]["properties"], **query}
        # An administrator must not think that a misspelt filter filters. Browsers bring along what others ask for.
        self._query = FieldReader(query, _required(parameters, "query"), known_only=self._scope is not None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Whatever goes wrong is answered as the document says."""
        headers = Headers(scope=scope)
        scope["endsession.learned"]["operation"] = self.id
        wants = prefers(headers.get("accept", ""))
        request: Request | None = None
        try:
            request = await self._read(scope, receive, headers, wants)
            response = await self._handler(request, self._service) if request else Response()
        except EndsessionError as error:
            response = self._refuse(error, scope, headers, request, wants)
        except Exception as error:
            log.exception("unexpected error in %s (request %s)", self.id, scope["endsession.request_id"])
            response = self._refuse(EndsessionError(detail=type(error).__name__), scope, headers, request, wants)
        if request and request.client_id:
            scope["endsession.learned"]["client"] = request.client_id
        await response(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, headers: Headers, wants: Wants) -> Request | None:
        """The request as the handler gets it; None for a HEAD, which ends nothing, asks nothing and spends nothing."""
        if scope["method"] == "HEAD" and self._for_browsers:
            return None
        address = address_of(scope)
        if self._for_browsers:  # before anything is looked at that the sender could make long
            await self._service.admit(address)
        if self._for_browsers and not self._service.is_our_host(host_name(headers.get("host", ""))):
            raise MisdirectedRequest
        if self._for_browsers and is_speculative(headers):
            raise SpeculativeRequest
        if len(scope["query_string"]) > self._sizes.query:
            raise UriTooLong
        path: Mapping[str, str] = scope["path_params"]
        self._path.check(path)
        query = self._query.read(scope["query_string"])
        form: Mapping[str, str] = {}
        body = None
        if self._body is not None:
            raw = await receive_body(receive, headers.get("content-length"), self._sizes.body)
            check_not_encoded(headers.getlist("content-encoding"))
            self._body.check_media_type(headers.get("content-type"), raw)
            if self._body.media_type == FORM:
                form = self._body.fields.read(raw)
            else:
                body = self._body.read_json(raw)
        caller = scope.get(CALLER)
        if self._scope is not None:
            self._service.authorize(caller, self._scope, path.get("issuer_id"), address)
        return Request(
            method=scope["method"],
            endpoint=self.endpoint,
            path=path,
            query=query,
            form=form,
            body=body,
            headers=headers,
            client_address=address,
            caller=caller,
            id=scope["endsession.request_id"],
            wants=wants,
        )

    def _refuse(
        self, error: EndsessionError, scope: Scope, headers: Headers, request: Request | None, wants: Wants
    ) -> Response:
        form = ErrorForm("oauth_json")
        if self._for_browsers:
            # A handler may have found that the request goes back to another endpoint, whose form of errors holds then.
            endpoint = request.endpoint if request else self.endpoint
            issuer_id = issuer_named(self.endpoint, scope["path_params"])
            form = self._service.error_form(endpoint, issuer_id, host_name(headers.get("host", "")))
        scope["endsession.learned"]["error"] = error
        return render(error, form, wants, scope["endsession.request_id"], self._service)


def _schemas(parameters: list[Mapping[str, Any]], place: str) -> dict[str, Mapping[str, Any]]:
    return {parameter["name"]: parameter["schema"] for parameter in parameters if parameter["in"] == place}


def _required(parameters: list[Mapping[str, Any]], place: str) -> list[str]:
    return [
        parameter["name"] for parameter in parameters if parameter["in"] == place and parameter.get("required")
    ]  # fmt: skip


class CompiledAPI(RoutedAPI[CompiledOperation]):  # type: ignore[misc]  # connexion is untyped
    """Compiles every operation of the document when it is added."""

    def __init__(self, *arguments: Any, compilation: Compilation, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._compilation = compilation
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> CompiledOperation:
        """Called by connexion once per operation."""
        return CompiledOperation(operation, self._compilation)


class CompiledContract(RoutedMiddleware[CompiledAPI]):  # type: ignore[misc]
    """Hands a routed request to its compiled operation."""

    api_cls = CompiledAPI


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """The application behind the contract: reached only when no path of the document matches."""
    raise NotFound
