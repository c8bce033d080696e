"""The application: connexion's middleware, with the compiled contract in the place of its per-request work."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from connexion.exceptions import InvalidSpecification, ProblemException
from connexion.lifecycle import ConnexionResponse
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.main import ConnexionMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.resolver import Resolution, Resolver
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from ..protocol.errors import EndsessionError, MethodNotAllowed, NotFound, Unauthenticated
from .document import METHODS, BadDocument, Document
from .edge import Edge
from .endpoint import issuer_named
from .negotiation import prefers
from .operation import Compilation, CompiledContract, Sizes, nothing_here
from .rendering import render
from .request import ErrorForm, Service, host_name
from .routing import StrictRouting
from .security import bearer_handler

log = logging.getLogger(__name__)


class HandlerResolver(Resolver):  # type: ignore[misc]  # connexion is untyped
    """Finds the handler of an operation: module by tag, function by operationId, logout endpoints all the same one."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document

    def resolve(self, operation: Any) -> Resolution:
        """See connexion's Resolver."""
        tag = self._document.raw["paths"][operation.path][operation.method]["tags"][0]
        name = operation.operation_id
        function = "end_session" if operation.path in self._document.endpoints else _snake_case(name)
        module = f"endsession.handlers.{tag}"
        if find_spec(module) is None or not hasattr(import_module(module), function):
            raise BadDocument(f"{name}, tagged {tag}, has no handler: there is no {module}.{function}")
        return Resolution(getattr(import_module(module), function), name)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def build(
    document: Document,
    service: Service,
    *,
    tags: Collection[str] | None = None,
    sizes: Sizes | None = None,
    prefix: str = "",
    https: bool = False,
    resolver: Resolver | None = None,
) -> ASGIApp:
    """Build the ASGI application that serves `document`. Raises BadDocument.

    `tags` limits it to operations of those tags, for a listener of its own. `prefix` is the path of the public URL,
    and `https` whether browsers reach it by TLS.
    """
    served = _only(document, tags) if tags is not None else document
    shared = Compilation(served, service, sizes or Sizes())
    middleware = ConnexionMiddleware(
        nothing_here,
        middlewares=[ExceptionMiddleware, StrictRouting, SecurityMiddleware, CompiledContract],
        resolver=resolver or HandlerResolver(served),
        security_map={"bearer": bearer_handler(service)},
    )
    on_error = partial(_on_error, served, service)
    for kind in (EndsessionError, HTTPException, ProblemException, Exception):
        middleware.add_error_handler(kind, on_error)
    try:
        middleware.add_api(dict(served.raw), compilation=shared)
        # connexion would do this at the first request; a document that does not fit its handlers must not get so far.
        middleware.app, middleware.middleware_stack = middleware._build_middleware_stack()
    except InvalidSpecification as error:
        raise BadDocument(f"it is not OpenAPI 3.0: {error.message}") from None
    return Edge(middleware, service, prefix=prefix, https=https)


def _only(document: Document, tags: Collection[str]) -> Document:
    def keep(operation: Any) -> bool:
        return operation["tags"][0] in tags

    paths = {}
    for path, item in document.raw["paths"].items():
        kept = {key: value for key, value in item.items() if key not in METHODS or keep(value)}
        if any(method in kept for method in METHODS):
            paths[path] = kept
    endpoints = {path: endpoint for path, endpoint in document.endpoints.items() if path in paths}
    return Document({**document.raw, "paths": paths}, endpoints)


async def _on_error(document: Document, service: Service, request: Any, error: Exception) -> ConnexionResponse:
    """What routing and security raise, before an operation has begun."""
    path = document.path_of(request.scope["path"])
    problem = _as_ours(error, document, path, request.scope["endsession.request_id"])
    endpoint = document.endpoints.get(path or "")
    operations = document.raw["paths"][path] if path else {}
    tags = {operations[method]["tags"][0] for method in METHODS if method in operations}
    form = ErrorForm("oauth_json" if path else "negotiate")
    if tags == {"logout"}:
        issuer_id = issuer_named(endpoint, request.scope.get("path_params", {}))
        form = service.error_form(endpoint, issuer_id, host_name(request.headers.get("host", "")))
    request.scope["endsession.learned"]["error"] = problem
    response = render(
        problem,
        form,
        prefers(request.headers.get("accept", "")),
        request.scope["endsession.request_id"],
        service,
    )
    return ConnexionResponse(response.status_code, body=response.body, headers=dict(response.headers))


def _as_ours(error: Exception, document: Document, path: str | None, request_id: str) -> EndsessionError:
    if isinstance(error, EndsessionError):
        return error
    status = getattr(error, "status_code", None) or getattr(error, "status", 500)
    if status == 404:
        return NotFound()
    if status == 405 and path:
        return MethodNotAllowed(headers={"Allow": document.allow(path)})
    if status == 401:
        return Unauthenticated()
    log.error("unexpected error before any operation (request %s)", request_id, exc_info=error)
    return EndsessionError(detail=type(error).__name__)
