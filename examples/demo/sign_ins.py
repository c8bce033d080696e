"""The provider's sessions and the ID tokens in them. The gateway is told of both before anybody relies on them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from .management import Management
from .parties import USERS, App
from .tokens import SigningKey

TOKEN_LIFETIME = 300


@dataclass(frozen=True, slots=True)
class Session:
    """A person signed in to the provider in one browser. `sid` goes into ID tokens; the cookie's value does not."""

    sid: str
    sub: str
    auth_time: int


class SignIns:
    """Sessions live in this process; whether one has been ended is the gateway's to say."""

    def __init__(self, issuer: str, management: Management) -> None:
        self.key = SigningKey()
        self._issuer, self._management = issuer, management
        self._by_cookie: dict[str, Session] = {}

    async def begin(self, user: str, sid: str | None = None) -> tuple[str, Session]:
        """Somebody signed in. Returns the value for the provider's cookie, and the session."""
        session = Session(sid or secrets.token_urlsafe(16), user, int(time.time()))
        cookie = secrets.token_urlsafe(24)
        await self._management.session_began(session.sid, sub=user, label=USERS[user], cookie=cookie)
        self._by_cookie[cookie] = session
        return cookie, session

    async def of(self, cookie: str | None) -> Session | None:
        """The session of a cookie, unless the gateway has ended it."""
        session = self._by_cookie.get(cookie or "")
        if session is None or await self._management.is_live(session.sid):
            return session
        del self._by_cookie[cookie or ""]
        return None

    async def issue(self, session: Session, app: App, nonce: str | None = None) -> str:
        """An ID token. The app joins the session first, so that it cannot be forgotten at its end.

        Raises SessionOver.
        """
        await self._management.app_joined(session.sid, app.client_id)
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "sub": session.sub,
            "aud": app.client_id,
            "sid": session.sid,
            "name": USERS[session.sub],
            "iat": now,
            "exp": now + TOKEN_LIFETIME,
            "auth_time": session.auth_time,
        }
        return self.key.sign(claims | ({"nonce": nonce} if nonce else {}))

    async def what_the_gateway_knows(self, session: Session) -> dict[str, Any]:
        """The gateway's record of a session, with the apps in it."""
        return await self._management.session(session.sid)
