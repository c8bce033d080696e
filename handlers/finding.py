"""Steps 4 and 5: what the hint of a logout request is worth, and which sessions the request is about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.protocol.hint import Hint, NoHint, VerifiedHint
from endsession.protocol.policy import Policy
from endsession.protocol.request import LogoutRequest
from endsession.protocol.session import Session, Sessions
from endsession.store.finding import Search, search_sessions

MAX_COOKIES = 4
"""Values of one cookie name that are looked up: a neighbour site can add to them, and must not hide the right one."""


async def read_hint(raw: str | None, asked: LogoutRequest, policy: Policy, issuer: Issuer) -> Hint:
    """Verify the raw hint, which nobody has after this."""
    if raw is None:
        return NoHint()
    needs_client = policy.encrypted_hint == "require_client_id"
    return await issuer.hints.read(raw, asked.client_id, encrypted_needs_client=needs_client)


async def find_sessions(request: Request, gateway: Gateway, issuer: Issuer, hint: Hint) -> Sessions:
    """The session of the provider's cookie, and the one that a verified hint names."""
    values = request.cookies(issuer.cookie.name)[:MAX_COOKIES] if issuer.cookie else []
    return await find_by_values(values, gateway, issuer, hint)


async def find_by_values(values: Sequence[str], gateway: Gateway, issuer: Issuer, hint: Hint) -> Sessions:
    """The same for given values of the provider's cookie."""
    verified = hint if isinstance(hint, VerifiedHint) else None
    found = await gateway.store.read(
        search_sessions(
            Search(
                issuer_id=issuer.id,
                now=gateway.clock(),
                cookies=tuple(values if issuer.cookie and issuer.cookie.is_sid else map(_digest, values)),
                cookie_is_sid=issuer.cookie is not None and issuer.cookie.is_sid,
                client_id=verified.client_id if verified else None,
                sub=verified.sub if verified else None,
                sid=verified.sid if verified else None,
            )
        )
    )
    named = found.by_sid
    if named is None and issuer.stateless and verified and verified.sid:
        # Nobody registers sessions here: what has not been ended yet is taken to be live.
        named = Session(sid=verified.sid, sub=verified.sub, live=True)
    by_cookie = found.by_cookie
    live = by_cookie if by_cookie and by_cookie.live else None
    return Sessions(
        cookie="not_configured" if issuer.cookie is None else "presented" if values else "not_presented",
        browser=live,
        ended_here=None if live else by_cookie,
        named=named,
        of_subject=found.of_subject,
    )


def unregistered_sub(issuer: Issuer, session: Session, hint: Hint) -> str | None:
    """The `sub` of a session that was never registered, at an issuer that registers none (`participants = "all"`)."""
    return session.sub if issuer.stateless and isinstance(hint, VerifiedHint) else None


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("latin-1")).hexdigest()
