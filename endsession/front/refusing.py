"""Refusing a request: an app whose redirect URI is registered learns of a failure, else the user gets a page."""

from __future__ import annotations

from starlette.responses import Response

from ..protocol.errors import EndsessionError, ServiceUnavailable
from ..protocol.exchange import parameters
from .endpoints import Endpoint
from .failures import failure, form_of, redirect_failure
from .incoming import Incoming
from .issuer_front import IssuerFront


async def refuse(
    front: IssuerFront, endpoint: Endpoint, incoming: Incoming, error: EndsessionError, request_id: str
) -> Response:
    """The response that says `error`, in the form that the endpoint's protocol has for it."""
    if endpoint.kind == "authorization" and incoming.method == "GET" and error.status >= 500:
        response = await _to_app(front, incoming, error)
        if response is not None:
            return response
    again = incoming.method == "GET"
    return failure(error, form_of(endpoint.kind), pages=front.pages, reference=request_id, again=again)


async def _to_app(front: IssuerFront, incoming: Incoming, error: EndsessionError) -> Response | None:
    """An authorization response (RFC 6749, section 4.1.2.1); None where the redirect URI is not registered here."""
    asked = parameters(incoming.target.partition(b"?")[2])
    client_id, redirect_uri = asked.get("client_id"), asked.get("redirect_uri")
    if not client_id or not redirect_uri:
        return None
    try:
        client = await front.learner.tokens.hints.find_client(client_id)
    except ServiceUnavailable:
        return None
    if client is None or redirect_uri not in client.redirect_uris:
        return None
    in_query = asked.get("response_type", "code") in ("code", "none")
    says_issuer = (front.provider.metadata.members or {}).get("authorization_response_iss_parameter_supported") is True
    return redirect_failure(
        error,
        redirect_uri,
        state=asked.get("state"),
        response_mode=asked.get("response_mode") or ("query" if in_query else "fragment"),
        issuer=front.identifier if says_issuer else None,
    )
