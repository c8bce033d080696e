"""Responses: JSON, pages and errors. It has no access to the request, so no error can echo input."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import HTMLResponse, Response

from ..pages import Page
from ..pages.headers import PAGE_HEADERS
from ..protocol.errors import EndsessionError
from .negotiation import Wants
from .request import ErrorForm, Service

SLICE = 0.005
"""Seconds of work on a long response after which other requests get their turn."""


def json_response(content: object, status: int = 200, media_type: str = "application/json") -> Response:
    """A JSON body, compact and in ASCII."""
    return Response(_as_text(content), status, media_type=media_type)


async def json_in_slices(members: Mapping[str, object], status: int = 200) -> Response:
    """A JSON object as `json_response` makes it. Members that are iterators become arrays, item by item.

    Other requests get their turn in between, so what is large should be made by the iterator.
    """
    parts = [f"{_as_text(name)}:{await _as_array(value)}" for name, value in members.items()]
    return Response(f"{{{','.join(parts)}}}", status, media_type="application/json")


async def _as_array(value: object) -> str:
    if not isinstance(value, Iterator):
        return _as_text(value)
    items, until = [], time.perf_counter() + SLICE
    for item in value:
        items.append(_as_text(item))
        if time.perf_counter() > until:
            await asyncio.sleep(0)
            until = time.perf_counter() + SLICE
    return f"[{','.join(items)}]"


def _as_text(content: object) -> str:
    return json.dumps(content, separators=(",", ":"))


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
