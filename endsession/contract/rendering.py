"""Errors as answers: the one place that renders them, and it never has anything of the request to repeat."""

from __future__ import annotations

import json

from starlette.responses import HTMLResponse, Response

from ..protocol.errors import EndsessionError
from .negotiation import prefers
from .request import ErrorForm, Service


def json_response(content: object, status: int = 200, media_type: str = "application/json") -> Response:
    """A JSON body, compact and in ASCII."""
    return Response(json.dumps(content, separators=(",", ":")), status, media_type=media_type)


def render(error: EndsessionError, form: ErrorForm, accept: str, request_id: str, service: Service) -> Response:
    """Render `error` in the form that policy and the Accept header choose; `request_id` is its reference."""
    if form.error_format == "html" or (form.error_format != "oauth_json" and prefers(accept) == "html"):
        html, csp = service.error_page(error, request_id, form.way_out)
        response: Response = HTMLResponse(html, error.status, {"Content-Security-Policy": csp})
    elif form.error_format == "problem":
        problem = {"title": error.code, "status": error.status, "detail": error.description}
        response = json_response(problem, error.status, "application/problem+json")
    else:
        body = {"error": error.code, "error_description": error.description}
        response = json_response(body, error.status)
    response.headers.update(error.headers)
    return response
