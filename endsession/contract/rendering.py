"""Responses: JSON, pages and errors. It has no access to the request, so no error can echo input."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import HTMLResponse, Response

from ..pages import Page
from ..pages.headers import PAGE_HEADERS
from ..protocol.errors import EndsessionError
from .negotiation import Wants
from .request import ErrorForm, Service


def json_response(content: object, status: int = 200, media_type: str = "application/json") -> Response:
    """A JSON body, compact and in ASCII."""
    return Response(json.dumps(content, separators=(",", ":")), status, media_type=media_type)


def page_response(page: Page, status: int = 200) -> Response:
    """A page with the Content-Security-Policy under which it works, and the other headers of pages."""
    return HTMLResponse(page.html, status, {"Content-Security-Policy": page.csp, **PAGE_HEADERS})


def without_none(**members: Any) -> dict[str, Any]:
    """A JSON object without the members that have no value."""
    return {name: value for name, value in members.items() if value is not None}


def render(
    error: EndsessionError,
    form: ErrorForm,
    wants: Wants,
    request_id: str,
    service: Service,
) -> Response:
    """Render `error` in the form that policy and the Accept header choose; `request_id` is its reference."""
    if form.error_format == "html" or (form.error_format != "oauth_json" and wants == "html"):
        response = page_response(service.error_page(error, request_id, form.way_out), error.status)
    elif form.error_format == "problem":
        problem = {"title": error.code, "status": error.status, "detail": error.description}
        response = json_response(problem, error.status, "application/problem+json")
    else:
        body = {"error": error.code, "error_description": error.description}
        response = json_response(body, error.status)
    response.headers.update(error.headers)
    return response
