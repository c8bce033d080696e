"""Credentials for a provider's admin API: an access token by client credentials, kept until it expires; one that does
not change; or none.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import quote_plus, urlencode

from .http import Answer, GuardedClient
from .retry import retry_after

MARGIN = 0.1
"""Of its lifetime, the part before its end in which a token is not used any more: a request takes time as well."""
UNSAID = 60.0
"""Seconds for which a token is kept whose lifetime is not said (RFC 6749, section 5.1, leaves that open)."""
LONGEST = 3600.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,32768}")
_ERROR = re.compile(r"[a-z_]{1,40}")


class NoAccessToken(Exception):
    """The token endpoint gave none. The text says why, without anything that could be a secret."""

    def __init__(self, reason: str, status: int | None = None, after: float | None = None) -> None:
        """`after` is when to ask again, in seconds, if the endpoint said it."""
        super().__init__(reason)
        self.status, self.after = status, after


class Credentials(Protocol):
    """What goes into the Authorization header."""

    async def token(self, *, refused: str | None = None) -> str | None:
        """The bearer token, None for no header. `refused` was answered with 401: another one, where there is one.

        Raises NoAccessToken, and OSError when there is no answer.
        """
        ...


@dataclass(frozen=True)
class FixedToken:
    """A token that does not change, or none."""

    value: str | None = field(repr=False)

    async def token(self, *, refused: str | None = None) -> str | None:
        """See Credentials."""
        return self.value


@dataclass(frozen=True)
class TokenEndpoint:
    """Where a client gets access tokens, and how it says who it is (RFC 6749, sections 2.3.1 and 4.4)."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    client_authentication: Literal["basic", "post"] = "basic"


class AccessTokens:
    """Access tokens by client credentials. One request for a token is under way at a time; all wait for it."""

    def __init__(
        self, endpoint: TokenEndpoint, http: GuardedClient, clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        """`clock` reads the dates that the endpoint may send; `monotonic` says when a token expires."""
        self._endpoint, self._http, self._clock, self._monotonic = endpoint, http, clock, monotonic
        self._lock = asyncio.Lock()
        self._token, self._until = "", float("-inf")

    async def token(self, *, refused: str | None = None) -> str | None:
        """See Credentials."""
        async with self._lock:
            if self._token == refused or self._monotonic() >= self._until:
                self._until = float("-inf")
                self._token, lifetime = self._read(await self._ask())
                self._until = self._monotonic() + lifetime * (1 - MARGIN)
            return self._token

    async def _ask(self) -> Answer:
        endpoint = self._endpoint
        form = {"grant_type": "client_credentials"} | ({"scope": endpoint.scope} if endpoint.scope else {})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if endpoint.client_authentication == "basic":
            pair = f"{quote_plus(endpoint.client_id)}:{quote_plus(endpoint.client_secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": endpoint.client_id, "client_secret": endpoint.client_secret}
        return await self._http.send("POST", endpoint.url, urlencode(form).encode(), headers)

    def _read(self, answer: Answer) -> tuple[str, float]:
        """The token and its lifetime in seconds (RFC 6749, section 5.1)."""
        try:
            said = json.loads(answer.body)
        except (ValueError, RecursionError):
            said = None
        said = said if isinstance(said, dict) else {}
        if answer.status != 200:
            error = str(said.get("error", ""))
            named = f" ({error})" if _ERROR.fullmatch(error) else ""
            after = retry_after(answer.headers.get("retry-after"), self._clock())
            raise NoAccessToken(f"the token endpoint answered {answer.status}{named}", answer.status, after)
        token, kind, lifetime = said.get("access_token"), said.get("token_type"), said.get("expires_in")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise NoAccessToken("the token endpoint answered 200 without an access token that can be used", 200)
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise NoAccessToken("the token endpoint gave an access token that is not a bearer token", 200)
        seconds = float(lifetime) if isinstance(lifetime, int | float) and lifetime > 0 else UNSAID
        return token, min(seconds, LONGEST)
