"""The token endpoint: what is issued is learnt before it reaches the app, and what has ended is not refreshed."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from starlette.types import Send

from ..protocol.exchange import TokenRequest, evidence, parameters, token_key, token_request
from ..protocol.front_errors import InvalidGrant
from ..store.audit import Trace
from ..store.front_tokens import FoundToken, IssuedToken, find_token
from ..store.learning import Learnt, SignIn
from ..tokens.claims import Refused
from ..tokens.compact import Malformed, parse_jws, segments
from ..tokens.issued import Encrypted
from .forms import form
from .incoming import Incoming, WhileConnected
from .issuer_front import IssuerFront
from .passing import outgoing, pass_on

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_REQUEST = 128 * 1024
"""Bytes of a token request: an assertion or two."""
MAX_ANSWER = 1024 * 1024
"""Bytes of a token response that is read."""
OFFLINE_FOR = 400 * 86_400.0
"""Seconds for which a refresh token of `offline_access` is remembered."""
_REFRESH = "refresh_token"


def trace_of(front: IssuerFront) -> Trace:
    """What the audit says of sessions that are learnt from what passes."""
    return Trace("front", "", front.clock())


async def exchange_token(front: IssuerFront, incoming: Incoming, send: Send) -> tuple[int, str | None]:
    """Pass a token request on. Returns the status that was sent, and the client.

    Raises InvalidGrant for a refresh token of an ended session, and what `authorize` raises.
    """
    body, encoded = await form(incoming, MAX_REQUEST)
    request = _with_assertion(token_request(encoded, _authorization(incoming)), encoded)
    refreshed = token_key(request.refresh_token) if request.grant_type == _REFRESH and request.refresh_token else None
    learns = True
    if refreshed is not None and front.settings.refuse_refresh:
        learns = await _refuse_ended(front, refreshed)
    out = outgoing(incoming, body, without_cookie=front.own_cookies, identity=True, scheme=front.scheme)
    async with WhileConnected(incoming), front.upstream.send(out) as response:
        if response.status != 200:
            await pass_on(response, send)
            return response.status, request.client_id
        answer = await response.read(MAX_ANSWER)
        client_id = await _learn(front, request, refreshed, answer) if learns else request.client_id
        await pass_on(response, send, body=answer)
        return response.status, client_id or request.client_id


async def _refuse_ended(front: IssuerFront, refreshed: str) -> bool:
    """Raises InvalidGrant. Returns whether the storage is there: a request waits once for one that is not."""
    found = await front.unless_away(_all_of(front.store.read(find_token(front.issuer_id, refreshed, front.clock()))))
    if found and found[0] is not None and is_refused(front, found[0]):
        raise InvalidGrant
    return found is not None


async def _all_of(work: Awaitable[T]) -> tuple[T]:
    """Its result, which may be None, told apart from a storage that is unavailable."""
    return (await work,)


def is_refused(front: IssuerFront, found: FoundToken) -> bool:
    """Whether a token's session has ended, and the token with it (Back-Channel Logout 1.0, section 2.7)."""
    return found.ended and (front.settings.end_offline or not found.offline)


async def _learn(front: IssuerFront, request: TokenRequest, refreshed: str | None, answer: bytes) -> str | None:
    """Learn from a token response; when this returns, its session is durable. Returns the client."""
    try:
        members = json.loads(answer)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        await _not_learnt(front, request.client_id, "it is not a JSON object")
        return None
    found = await front.unless_away(_all_of(_sign_in(front, request, refreshed, members)))
    if found is None or found[0] is None:
        return None
    sign_in = found[0]
    learnt = await front.unless_away(front.learner.learn(sign_in, trace_of(front)))
    if learnt is None:
        return sign_in.client_id
    if learnt.refused and front.settings.refuse_refresh:
        raise InvalidGrant  # it ended meanwhile: what has been issued is nobody's
    await _count(front, sign_in, learnt)
    return sign_in.client_id


async def _sign_in(
    front: IssuerFront, request: TokenRequest, refreshed: str | None, members: Mapping[str, Any]
) -> SignIn | None:
    """What a token response says of a sign-in; None for one that is of no user, such as client_credentials."""
    raw, client_id = members.get("id_token"), request.client_id
    sub, sid, auth_time, nonce = None, None, None, None
    if isinstance(raw, str):
        try:
            token = await front.learner.tokens.read(raw, client_id, from_provider=True)
            client_id, sub, sid = token.client_id, token.sub, token.sid
            auth_time, nonce = token.auth_time, token.nonce
        except Encrypted:
            pass
        except Refused as problem:
            await _not_learnt(front, client_id, str(problem))
            return None
    elif refreshed is None:
        return None
    if client_id is None:
        await _not_learnt(front, None, "it is not known which app it is for")
        return None
    return SignIn(
        issuer_id=front.issuer_id,
        client_id=client_id,
        sub=sub,
        sid=sid,
        auth_time=auth_time,
        keys=evidence(request, client_id, nonce),
        refreshed=refreshed,
        tokens=_issued_tokens(front, members),
    )


def _issued_tokens(front: IssuerFront, members: Mapping[str, Any]) -> list[IssuedToken]:
    now = front.clock()
    scope = members.get("scope")
    # Left out where it is what was asked for (RFC 6749, section 5.1), which the browser's request said.
    offline = "offline_access" in scope.split() if isinstance(scope, str) else None
    found = []
    if isinstance(refresh := members.get("refresh_token"), str) and front.settings.refuse_refresh:
        keep = front.session_lifetime if offline is False else OFFLINE_FOR
        found.append(IssuedToken(token_key(refresh), offline, now + keep))
    access = members.get("access_token")
    if isinstance(access, str) and {"introspection", "userinfo"} & set(front.settings.learn):
        lives = members.get("expires_in")
        seconds = float(lives) if isinstance(lives, int | float) and 0 < lives < OFFLINE_FOR else 86_400.0
        found.append(IssuedToken(token_key(access), offline, now + seconds))
    return found


async def _count(front: IssuerFront, sign_in: SignIn, learnt: Learnt) -> None:
    if learnt.sid is None:
        await _not_learnt(
            front, sign_in.client_id, "it has no ID token that could be read, and its browser is not known"
        )
        return
    front.counts.add(front.issuer_id, "learnt", sign_in.client_id)
    if learnt.did_not_stick:
        front.counts.add(front.issuer_id, "did_not_stick", sign_in.client_id)
        log.warning("a logout at %s did not stick: %s got an ID token without a new sign-in",
                    front.issuer_id, sign_in.client_id)  # fmt: skip
    if learnt.new and learnt.browser is None:
        front.counts.add(front.issuer_id, "no_browser", sign_in.client_id)


async def _not_learnt(front: IssuerFront, client_id: str | None, why: str) -> None:
    client_id = await front.registered(client_id)
    front.counts.add(front.issuer_id, "not_learnt", client_id)
    log.warning("a token response of %s for %s was not learnt: %s", front.issuer_id, client_id or "an app", why)


def _authorization(incoming: Incoming) -> str:
    return next(iter(incoming.all(b"authorization")), b"").decode("latin-1")


def _with_assertion(request: TokenRequest, body: bytes) -> TokenRequest:
    """The client that a client assertion names (RFC 7523, section 3), where nothing else does."""
    if request.client_id is not None or b"client_assertion=" not in body:
        return request
    try:
        parts = segments(parameters(body).get("client_assertion", ""))
        sub = parse_jws(parts).claims.get("sub") if len(parts) == 3 else None
    except Malformed:
        sub = None
    return replace(request, client_id=sub if isinstance(sub, str) else None)
