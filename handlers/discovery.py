"""What a relying party may read about an issuer's logout (OpenID Connect Discovery 1.0, RP-Initiated Logout 2.1)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.protocol.errors import NotFound
from endsession.provider.metadata import with_logout


async def get_configuration(request: Request, gateway: Gateway) -> Response:
    """The issuer's metadata: the provider's own with ours in it, or what concerns logout alone.

    The latter is served only where the issuer's identifier is a prefix of this URL (Discovery 1.0, section 4.3).
    """
    issuer = gateway.find_issuer(request)
    if issuer.published is not None:
        return json_response(await issuer.published.metadata())
    if issuer.metadata is not None:
        base = await issuer.metadata.read()
        keys = _jwks_uri(gateway, issuer) if issuer.publishes_op_keys else {}
        return json_response(with_logout(base, {**issuer.logout_metadata, **keys}, with_sid=issuer.with_sid))
    if issuer.identifier != f"{gateway.public_url}/{issuer.id}":
        raise NotFound("This issuer publishes its metadata elsewhere.")
    return json_response(
        {
            "issuer": issuer.identifier,
            **_jwks_uri(gateway, issuer),
            **issuer.logout_metadata,
            "claims_supported": ["iss", "sub", "aud", "iat", "exp", *(["sid"] if issuer.with_sid else [])],
            "ui_locales_supported": ["en"],
        }
    )


def _jwks_uri(gateway: Gateway, issuer: Issuer) -> dict[str, Any]:
    return {"jwks_uri": gateway.link(issuer, "jwks.json")}


async def get_keys(request: Request, gateway: Gateway) -> Response:
    """The issuer's public keys."""
    return json_response({"keys": gateway.find_issuer(request).public_keys()})
