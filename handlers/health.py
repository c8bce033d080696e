"""For load balancers and process supervisors."""

from __future__ import annotations

from starlette.responses import Response

from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.gateway import Gateway


async def get_health(request: Request, gateway: Gateway) -> Response:
    """The process runs."""
    return json_response({"status": "ok"})


async def get_readiness(request: Request, gateway: Gateway) -> Response:
    """Storage takes writes. Raises ServiceUnavailable when it does not."""
    await gateway.readiness.check()
    return json_response({"status": "ok"})
