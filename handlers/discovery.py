"""What a relying party may read about an issuer's logout (OpenID Connect Discovery 1.0, RP-Initiated Logout 2.1)."""

from __future__ import annotations

from starlette.responses import Response

from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.gateway import Gateway
from endsession.protocol.errors import NotFound


async def get_configuration(request: Request, gateway: Gateway) -> Response:
    """The issuer's logout metadata, where its identifier is a prefix of this address (Discovery 1.0, 4.3)."""
    issuer = gateway.find_issuer(request)
    if issuer.identifier != f"{gateway.public_url}/{issuer.id}":
        raise NotFound("This issuer publishes its metadata elsewhere.")
    return json_response(
        {
            "issuer": issuer.identifier,
            "jwks_uri": gateway.link(issuer, "jwks.json"),
            "end_session_endpoint": gateway.public_url + issuer.announce.address(issuer.id),
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": issuer.with_sid,
            "frontchannel_logout_supported": True,
            "frontchannel_logout_session_supported": issuer.with_sid,
            "claims_supported": ["iss", "sub", "aud", "iat", "exp", "sid"],
            "ui_locales_supported": ["en"],
        }
    )


async def get_keys(request: Request, gateway: Gateway) -> Response:
    """The issuer's public keys."""
    return json_response({"keys": gateway.find_issuer(request).public_keys()})
