"""Hooks of providers: what they tell when they issue tokens, in their own form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.protocol.errors import AccessDenied, UnknownClient
from endsession.store.learning import SignIn, of_sid_known

_REFRESH = "refresh_token"


async def hydra_token(request: Request, gateway: Gateway) -> Response:
    """Ory Hydra is about to issue tokens (`oauth2.token_hook`): 204 lets it go on, 403 refuses the token."""
    issuer, said = gateway.find_issuer(request), request.body
    asked = _table(said, "request") or _table(said, "requester")
    sign_in = _sign_in(issuer, said, asked)
    if sign_in is None:  # of no user, such as client_credentials
        return Response(status_code=204)
    if await issuer.client(sign_in.client_id) is None:
        raise UnknownClient
    grants = asked.get("grant_types")
    if isinstance(grants, list) and _REFRESH in grants and await _has_ended(gateway, issuer, sign_in):
        raise AccessDenied("The session of this refresh token has ended. The user has to sign in again.")
    await gateway.learners[issuer.id].learn(sign_in, gateway.trace(request))
    return Response(status_code=204)


def _sign_in(issuer: Issuer, said: Mapping[str, Any], asked: Mapping[str, Any]) -> SignIn | None:
    """What the hook says: the claims of the ID token that will be issued, and to whom."""
    session = _table(said, "session")
    id_token = _table(session, "id_token")
    claims = _table(id_token, "id_token_claims")
    more = _table(claims, "ext")
    client_id = _text(asked, "client_id") or _text(session, "client_id")
    sub = _text(claims, "sub") or _text(id_token, "subject")
    if client_id is None or sub is None or sub == client_id:
        return None
    auth_time = claims.get("auth_time")
    return SignIn(
        issuer_id=issuer.id,
        client_id=client_id,
        sub=sub,
        sid=_text(more, "sid") or _text(claims, "sid"),
        auth_time=float(auth_time) if isinstance(auth_time, int) and auth_time > 0 else None,
    )


async def _has_ended(gateway: Gateway, issuer: Issuer, sign_in: SignIn) -> bool:
    if sign_in.sid is None:
        return False
    known = await gateway.store.read(of_sid_known(issuer.id, sign_in.sid, gateway.clock()))
    return known is not None and not known.live


def _table(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(said: Mapping[str, Any], name: str) -> str | None:
    found = said.get(name)
    return found if isinstance(found, str) and 0 < len(found) <= 255 and found.isprintable() else None
