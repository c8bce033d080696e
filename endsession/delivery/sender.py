"""One attempt at one delivery: the token is made at the moment of sending, posted, and the answer is judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from ..protocol.client import Client
from ..store.deliveries import Delivery
from ..tokens.logout_token import CannotSign, LogoutTokens
from .http import Answer, GuardedClient
from .retry import AttemptResult, judge

_NO_SID = (
    "the app requires sid in its logout tokens (backchannel_logout_session_required),"
    " and this issuer's carry none (id_tokens_have_sid = false)"
)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a delivery goes. `recipient` stands for the app in the token, or for the provider itself."""

    url: str
    recipient: Client
    tokens: LogoutTokens
    http: GuardedClient
    with_sid: bool

    @property
    def host(self) -> str:
        """The host and port, by which breakers and bounds count."""
        return urlsplit(self.url).netloc


class Sender(Protocol):
    """Sends deliveries."""

    async def destination(self, delivery: Delivery) -> Destination | str:
        """Where a delivery goes now; a sentence when it can go nowhere, since a registration may have changed."""
        ...

    async def send(self, delivery: Delivery, destination: Destination) -> AttemptResult:
        """Make one attempt. Never raises for what the other side does."""
        ...


@dataclass(frozen=True, slots=True)
class IssuerRoutes:
    """What sending for one issuer needs."""

    tokens: LogoutTokens
    http: GuardedClient
    find_client: Callable[[str], Awaitable[Client | None]]
    op_backchannel_uri: str | None
    with_sid: bool


class BackChannel:
    """Sends logout tokens (Back-Channel Logout 1.0, section 2.5)."""

    def __init__(self, routes: Mapping[str, IssuerRoutes], clock: Callable[[], float]) -> None:
        self._routes, self._clock = routes, clock

    async def destination(self, delivery: Delivery) -> Destination | str:
        """See Sender."""
        routes = self._routes.get(delivery.issuer_id)
        if routes is None:
            return "its issuer is not configured any more"
        if delivery.channel == "op":
            recipient = Client(client_id=routes.tokens.issuer)
            url = routes.op_backchannel_uri
        else:
            found = await routes.find_client(delivery.client_id)
            if found is None:
                return "the app is not registered any more"
            recipient, url = found, found.backchannel_logout_uri
            if found.backchannel_logout_session_required and not routes.with_sid:
                return _NO_SID
        if url is None:
            return "it has no back-channel URL any more"
        return Destination(url, recipient, routes.tokens, routes.http, routes.with_sid)

    async def send(self, delivery: Delivery, destination: Destination) -> AttemptResult:
        """See Sender."""
        sid = (delivery.rp_sid or delivery.sid) if destination.with_sid else None
        now = self._clock()
        try:
            token = destination.tokens.make(destination.recipient, sub=delivery.sub, sid=sid, now=now)
        except CannotSign as problem:
            return AttemptResult("failed", None, str(problem))
        result: Answer | Exception
        try:
            result = await destination.http.post_form(destination.url, urlencode({"logout_token": token}).encode())
        except OSError as error:
            result = error
        return judge(result, self._clock())
