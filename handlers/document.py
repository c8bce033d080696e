"""The contract, as it is served here."""

from __future__ import annotations

import yaml
from starlette.responses import Response

from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.gateway import Gateway


async def get_document_json(request: Request, gateway: Gateway) -> Response:
    """The document as JSON."""
    return json_response(gateway.document.raw)


async def get_document_yaml(request: Request, gateway: Gateway) -> Response:
    """The document as YAML."""
    text = yaml.safe_dump(dict(gateway.document.raw), sort_keys=False, allow_unicode=True)
    return Response(text, media_type="application/yaml")
