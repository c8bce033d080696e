"""The contract, as it is served here: for programs, and as a page for people."""

from __future__ import annotations

from starlette.responses import Response

from endsession.contract.rendering import page_response
from endsession.contract.request import Request
from endsession.gateway import Gateway
from endsession.protocol.errors import NotFound


async def get_document_json(request: Request, gateway: Gateway) -> Response:
    """The document as JSON."""
    return Response(gateway.served_document().as_json, media_type="application/json")


async def get_document_yaml(request: Request, gateway: Gateway) -> Response:
    """The document as YAML."""
    return Response(gateway.served_document().as_yaml, media_type="application/yaml")


async def get_reference(request: Request, gateway: Gateway) -> Response:
    """The document as a page, where `server.docs` is on. Raises NotFound."""
    if gateway.reference is None:
        raise NotFound("The reference page is switched off here.")
    return page_response(gateway.reference)
