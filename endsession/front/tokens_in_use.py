"""Endpoints at which tokens are asked about: pushed requests, introspection, userinfo, revocation."""

from __future__ import annotations

import json
from typing import Any

from starlette.types import Send

from ..protocol.exchange import basic_client, parameters, pushed_key, token_key
from ..protocol.front_errors import AccessTokenEnded
from ..store.front import push
from ..store.front_tokens import find_token, forget_token
from .authorization import asked_by
from .forms import form
from .incoming import Incoming, WhileConnected
from .issuer_front import IssuerFront
from .passing import outgoing, pass_on
from .token import MAX_ANSWER, MAX_REQUEST, is_refused
from .upstream import Outgoing

_INACTIVE = b'{"active":false}'


async def push_request(front: IssuerFront, incoming: Incoming, send: Send) -> int:
    """A pushed authorization request (RFC 9126): its keys are kept until a browser comes with its `request_uri`."""
    body, encoded = await form(incoming, MAX_REQUEST)
    found = parameters(encoded)
    authorization = next(iter(incoming.all(b"authorization")), b"").decode("latin-1")
    client_id = found.get("client_id") or basic_client(authorization) or ""
    asked = asked_by({"client_id": client_id, **found})
    async with WhileConnected(incoming), front.upstream.send(_request(front, incoming, body)) as response:
        if response.status not in (200, 201):
            await pass_on(response, send)
            return response.status
        answer = await response.read(MAX_ANSWER)
        members = _members(answer)
        request_uri, lives = members.get("request_uri"), members.get("expires_in")
        if isinstance(request_uri, str) and asked.keys:
            seconds = float(lives) if isinstance(lives, int | float) and 0 < lives < 86_400 else 600.0
            key = pushed_key(asked.client_id, request_uri)
            expires_at = front.clock() + seconds
            script = push(front.issuer_id, key, asked.keys, offline=asked.offline, expires_at=expires_at)
            await front.unless_away(front.store.write(script))
        await pass_on(response, send, body=answer)
        return response.status


async def introspect(front: IssuerFront, incoming: Incoming, send: Send) -> int:
    """Introspection (RFC 7662): a token of an ended session is not active, whatever the provider says."""
    body, encoded = await form(incoming, MAX_REQUEST)
    token = parameters(encoded).get("token", "")
    async with WhileConnected(incoming), front.upstream.send(_request(front, incoming, body)) as response:
        if response.status != 200:
            await pass_on(response, send)
            return response.status
        answer = await response.read(MAX_ANSWER)
        if _members(answer).get("active") is True and await _has_ended(front, token):
            answer = _INACTIVE
        await pass_on(response, send, body=answer)
        return response.status


async def userinfo(front: IssuerFront, incoming: Incoming, send: Send) -> int:
    """UserInfo (Core 1.0, section 5.3). Raises AccessTokenEnded for an access token of an ended session."""
    body, encoded = await form(incoming, MAX_REQUEST)
    authorization = next(iter(incoming.all(b"authorization")), b"").decode("latin-1")
    scheme, _, token = authorization.partition(" ")
    # Which of them counts, the provider decides (RFC 6750, section 2: one of them, in one of three places).
    shown = [token.strip()] if scheme.lower() in ("bearer", "dpop") else []
    for token in [*shown, parameters(encoded).get("access_token", "")]:
        if await _has_ended(front, token):
            raise AccessTokenEnded
    request = outgoing(incoming, body, without_cookie=front.own_cookies, scheme=front.scheme)
    async with WhileConnected(incoming), front.upstream.send(request) as response:
        await pass_on(response, send)
        return response.status


async def revoke(front: IssuerFront, incoming: Incoming, send: Send) -> int:
    """Revocation (RFC 7009): what the provider has revoked need not be remembered."""
    body, encoded = await form(incoming, MAX_REQUEST)
    token = parameters(encoded).get("token", "")
    request = outgoing(incoming, body, without_cookie=front.own_cookies, scheme=front.scheme)
    async with WhileConnected(incoming), front.upstream.send(request) as response:
        if response.status == 200 and token:
            await front.unless_away(front.store.write(forget_token(front.issuer_id, token_key(token))))
        await pass_on(response, send)
        return response.status


async def _has_ended(front: IssuerFront, token: str) -> bool:
    if not token:
        return False
    found = await front.unless_away(front.store.read(find_token(front.issuer_id, token_key(token), front.clock())))
    return found is not None and is_refused(front, found)


def _request(front: IssuerFront, incoming: Incoming, body: bytes) -> Outgoing:
    return outgoing(incoming, body, without_cookie=front.own_cookies, identity=True, scheme=front.scheme)


def _members(answer: bytes) -> dict[str, Any]:
    try:
        members = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}
