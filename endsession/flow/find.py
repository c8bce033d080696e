"""Step 5: which sessions a logout request is about."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace

from ..contract.request import Request
from ..gateway import Gateway, Issuer
from ..protocol.errors import InvalidRequest
from ..protocol.hint import Hint, VerifiedHint
from ..protocol.session import Session, Sessions, names_user_alone, sid_of_user
from ..store.finding import SessionQuery, search_sessions

log = logging.getLogger(__name__)

MAX_COOKIES = 50
"""Values of one cookie name that are looked up. A neighbour host can add to them, and must not hide the right one."""


def provider_cookies(request: Request, issuer: Issuer) -> list[str]:
    """The presented values of the provider's session cookie."""
    return request.cookies(issuer.cookie.name) if issuer.cookie else []


def warn_of_missing_cookie(gateway: Gateway, issuer: Issuer, sessions: Sessions) -> None:
    """Say once for each issuer that a live session stayed for want of a cookie: a wrong name looks just like this."""
    live = sessions.of_subject or (sessions.named is not None and sessions.named.live)
    if sessions.cookie != "not_presented" or not live or issuer.cookie is None or issuer.published is not None:
        return
    if issuer.id not in gateway.without_cookie:
        gateway.without_cookie.add(issuer.id)
        log.warning(
            "issuers.%s.cookie.name: a hint of a live session came without a cookie %s, so nothing ended; if this"
            " happens to every browser, write the name of the provider's session cookie, or let it reach this service",
            issuer.id,
            issuer.cookie.name,
        )


async def find_sessions(gateway: Gateway, issuer: Issuer, hint: Hint, cookies: Sequence[str]) -> Sessions:
    """The sessions of the provider's cookies, and the one that a verified hint names. Raises InvalidRequest."""
    verified = hint if isinstance(hint, VerifiedHint) else None
    values, is_sid = list(dict.fromkeys(cookies)), issuer.cookie is not None and issuer.cookie.is_sid
    if len(values) > MAX_COOKIES:
        # Nobody may be told that he is not signed in while there are values that nobody has looked at.
        raise InvalidRequest("There are too many cookies of this site. Delete them in your browser, and log out again.")
    query = SessionQuery(
        issuer_id=issuer.id,
        now=gateway.clock(),
        cookie="not_configured" if issuer.cookie is None else "presented" if values else "not_presented",
        cookies=tuple(values if is_sid else map(_digest, values)),
        cookie_is_sid=is_sid,
        # Behind a front, a browser whose cookie is unknown may be signed in: two of its first requests at once get two.
        registers=not issuer.stateless and issuer.published is None,
        client_id=verified.client_id if verified else None,
        sub=verified.sub if verified else None,
        sid=_sid(issuer, verified) if verified else None,
        by_secret=verified is not None and verified.by_secret,
    )
    sessions = await gateway.store.read(search_sessions(query))
    return _with_unregistered(sessions, query) if issuer.stateless else sessions


def _sid(issuer: Issuer, hint: VerifiedHint) -> str | None:
    """By what the hint's session is looked up: a hint without `sid` names its user's sessions where any are known."""
    if hint.sid is None and issuer.stateless:
        return sid_of_user(issuer.identifier, hint.sub, hint.iat)
    return hint.sid


def _with_unregistered(sessions: Sessions, query: SessionQuery) -> Sessions:
    """Nobody registers sessions here: what has not been ended yet is taken to be live (`participants = "all"`).

    Who takes part in a session is not known either, so a hint that its client can have made itself names none.
    """
    if query.sid is None or query.sub is None or query.by_secret:
        return sessions
    named = sessions.named or Session(sid=query.sid, sub=query.sub, live=True)
    sessions = replace(sessions, named=named)
    if sessions.cookie != "unmatchable" or not query.cookie_is_sid or names_user_alone(query.sid):
        return sessions
    if named.live and named.sid in query.cookies:
        return replace(sessions, cookie="presented", browser=named)
    return replace(sessions, cookie="another")


def unregistered_sub(issuer: Issuer, session: Session, hint: Hint) -> str | None:
    """The `sub` of a session that was never registered, at an issuer that registers none (`participants = "all"`)."""
    return session.sub if issuer.stateless and isinstance(hint, VerifiedHint) else None


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("latin-1")).hexdigest()
