"""A provider on Authlib and Flask reports its sign-ins to endsession (docs/login-side.md).

`SignIn` is what Authlib's grants call the user. In `generate_user_info`, its `sid` goes into the ID token:
`UserInfo(sub=user.sub, sid=user.sid)`.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

import httpx2
from authlib.oauth2.rfc6749.errors import InvalidGrantError
from flask import abort

from examples.login_side.calls import LoginSide, SessionEnded


@dataclass(frozen=True)
class SignIn:
    """A person signed in. `at` is in seconds since 1970."""

    sub: str
    sid: str
    at: int


@dataclass(frozen=True)
class Reporting:
    """Where a provider on Authlib has to call endsession: three places. While that is unavailable, each is a 503."""

    login_side: LoginSide

    def begin(self, sub: str, cookie: str, label: str = "") -> SignIn:
        """In the login view, before the cookie is set."""
        sign_in = SignIn(sub, secrets.token_urlsafe(24), int(time.time()))
        try:
            self.login_side.began(sign_in.sid, sub=sub, label=label or sub, cookie=cookie)
        except httpx2.HTTPError:
            abort(503)  # a sign-in that is not reported could not be ended
        return sign_in

    def trusted(self, sign_in: SignIn | None) -> SignIn | None:
        """In the authorization endpoint: the sign-in of the cookie, unless endsession has ended it since."""
        try:
            return sign_in if sign_in and self.login_side.is_live(sign_in.sid) else None
        except httpx2.HTTPError:
            abort(503)

    def joins(self, sign_in: SignIn, client_id: str) -> SignIn:
        """In `authenticate_user` of each grant, that of refresh tokens as well: an app is about to get an ID token."""
        try:
            self.login_side.joins(sign_in.sid, client_id)
        except SessionEnded:
            raise InvalidGrantError("The session has ended.") from None
        except httpx2.HTTPError:
            abort(503)
        return sign_in
