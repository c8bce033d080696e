"""Why a logout request does what it does: every step up to the decision, and none after it (management operation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from difflib import SequenceMatcher

from starlette.responses import Response

from endsession.contract.document import Document
from endsession.contract.endpoint import LogoutEndpoint
from endsession.contract.rendering import json_response, without_none
from endsession.contract.request import Request
from endsession.flow.evaluate import evaluate
from endsession.flow.receive import read_hint
from endsession.gateway import Gateway, Issuer
from endsession.protocol.client import Client
from endsession.protocol.errors import InvalidRequest
from endsession.protocol.hint import RefusedHint
from endsession.protocol.request import STANDARD_PARAMETERS, read_request


async def explain_logout(request: Request, gateway: Gateway) -> Response:
    """What a given logout request would do, and why. Ends nothing."""
    issuer, asked = gateway.find_issuer(request), request.body
    endpoint, method = _endpoint(gateway, issuer, asked.get("endpoint")), asked.get("method", "GET")
    policy = issuer.policy_of(endpoint)
    parameters, not_taken = _parameters(gateway.document, endpoint, method, asked)
    logout, raw_hint = read_request(method, parameters, policy)
    hint = await read_hint(raw_hint, logout, policy, issuer)
    cookies = [asked["cookie"]] if issuer.cookie and asked.get("cookie") else []
    evaluation = await evaluate(gateway, issuer, policy, logout, hint, cookies)
    decision, client = evaluation.decision, evaluation.client
    return json_response(
        without_none(
            action=decision.action,
            sid=decision.session.sid if decision.session else None,
            redirect=decision.redirect,
            doubt=decision.doubt,
            status=decision.error.status if decision.error else None,
            error=decision.error.code if decision.error else None,
            hint=f"refused: {hint.reason}" if isinstance(hint, RefusedHint) else type(hint).__name__,
            nearest_redirect=_nearest(logout.post_logout_redirect_uri, client) if not decision.redirect else None,
            trace=[*(f"{name} is not read: this endpoint does not take it" for name in not_taken), *decision.trace],
            policy=asdict(policy),
        )
    )


def _endpoint(gateway: Gateway, issuer: Issuer, path: str | None) -> LogoutEndpoint:
    endpoints = gateway.document.endpoints
    if path is not None and path not in endpoints:
        raise InvalidRequest("The endpoint is not a logout endpoint of the document.")
    plain = (endpoint for endpoint in endpoints.values() if endpoint.name is None)
    endpoint = endpoints[path] if path is not None else next(plain)
    if not issuer.serves(endpoint):
        raise InvalidRequest("This issuer does not serve the endpoint.")
    return endpoint


def _parameters(
    document: Document, endpoint: LogoutEndpoint, method: str, asked: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The parameters that the endpoint takes, and the names of those that are no parameters there."""
    if method.lower() not in document.raw["paths"][endpoint.path]:
        raise InvalidRequest("The endpoint does not take this method.")
    taken = document.parameters(endpoint.path, method.lower())
    named = [name for name in STANDARD_PARAMETERS if name in asked]
    read = {name: asked[name] for name in named if endpoint.vendor_name(name) in taken}
    return read, [name for name in named if name not in read]


def _nearest(uri: str | None, client: Client | None) -> str | None:
    """The commonest support question, answered: which registered value was meant, and where it differs."""
    if uri is None or client is None or not client.post_logout_redirect_uris:
        return None
    nearest = max(
        client.post_logout_redirect_uris, key=lambda registered: SequenceMatcher(None, registered, uri).ratio()
    )
    if nearest == uri:
        return None
    same = next((i for i, (a, b) in enumerate(zip(nearest, uri, strict=False)) if a != b), min(len(nearest), len(uri)))
    return f"{nearest} (they differ from character {same + 1} on: {nearest[same : same + 20]!r} is registered)"
