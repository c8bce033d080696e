"""Checks of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6), on PyJWT. For any framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt

EVENT = "http://schemas.openid.net/event/backchannel-logout"
CLOCK_SKEW = 60
"""Seconds by which the clocks of the provider and of the app may differ."""


class BadLogoutToken(ValueError):
    """The token is refused: answer 400. The message says why and repeats nothing of the token."""


class KeysUnavailable(Exception):
    """The provider's keys could not be fetched: answer 503, so that the token is sent again. 400 would be final."""


@dataclass(frozen=True)
class LogoutToken:
    """What a checked token says: the session `sid` has ended or, where that is None, every session of `sub`."""

    jti: str
    exp: int
    sid: str | None
    sub: str | None


class LogoutTokens:
    """Logout tokens of one issuer for one client. It may be used by several threads."""

    def __init__(self, issuer: str, client_id: str, jwks_uri: str, algorithms: Sequence[str] = ("RS256",)) -> None:
        """`issuer` is that of ID tokens, character by character; `algorithms` are those that the client registered."""
        self._issuer, self._client_id, self._algorithms = issuer, client_id, list(algorithms)
        self._keys = jwt.PyJWKClient(jwks_uri, timeout=5)  # caches for 5 minutes, and asks early for an unknown kid

    def verify(self, token: str) -> LogoutToken:
        """Raises BadLogoutToken or KeysUnavailable."""
        try:
            typ = jwt.get_unverified_header(token).get("typ", "logout+jwt")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token),
                algorithms=self._algorithms,
                issuer=self._issuer,
                audience=self._client_id,
                leeway=CLOCK_SKEW,
                options={"require": ["iss", "aud", "iat", "exp", "jti", "events"]},
            )
        except jwt.PyJWKClientConnectionError as problem:
            raise KeysUnavailable from problem
        except jwt.PyJWTError as problem:
            raise BadLogoutToken(type(problem).__name__) from None
        events, names = claims["events"], [claims[name] for name in ("sid", "sub") if name in claims]
        # An ID token or an access token of the same issuer is signed with the same keys: these tell them apart.
        if not isinstance(typ, str) or typ.lower().removeprefix("application/") != "logout+jwt":
            raise BadLogoutToken("its typ is not logout+jwt")
        if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
            raise BadLogoutToken("its events are not those of a logout token")
        if "nonce" in claims:
            raise BadLogoutToken("it has a nonce, as ID tokens have")
        if not names or not all(isinstance(name, str) and name for name in names):
            raise BadLogoutToken("it names no session and no user")
        return LogoutToken(claims["jti"], int(claims["exp"]), claims.get("sid"), claims.get("sub"))
