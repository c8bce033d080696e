"""One attempt at one delivery: the token is made at the moment of sending, posted, and the answer is judged.

The provider's admin API is called by `provider_call.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from ..protocol.client import Client
from ..protocol.session import names_user_alone
from ..store.deliveries import Delivery
from ..tokens.logout_token import CannotSign, LogoutTokens
from .http import Answer, GuardedClient
from .provider_call import AdminCall, ProviderEnding
from .retry import AttemptResult, judge

_REQUIRES = "the app requires sid in its logout tokens (backchannel_logout_session_required), and "
BY_SETTING = "this issuer's carry none (id_tokens_have_sid = false)"
BY_HINT = "the ID token of this session carries none"
BY_HINTS = "the ID tokens that it sends as hints carry none, although id_tokens_have_sid is true"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a delivery goes. `recipient` stands for the app in the token, or for the provider itself."""

    url: str
    recipient: Client
    tokens: LogoutTokens
    http: GuardedClient
    no_sid: str
    """Why its tokens carry no `sid`; empty when they do."""

    @property
    def host(self) -> str:
        """The host and port, by which breakers and bounds count."""
        return urlsplit(self.url).netloc


class Sender(Protocol):
    """Sends deliveries."""

    async def destination(self, delivery: Delivery) -> Destination | AdminCall | str:
        """Where a delivery goes now; a sentence when it can go nowhere, since a registration may have changed."""
        ...

    async def send(self, delivery: Delivery, destination: Destination | AdminCall) -> AttemptResult:
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
    lack_sid: Callable[[str], Awaitable[bool]]
    """Whether the hints of a client have been seen to carry no `sid`."""
    ending: ProviderEnding | None = None
    """How the provider's own session is ended by its admin API, if it is."""


class BackChannel:
    """Sends logout tokens (Back-Channel Logout 1.0, section 2.5), and has the admin API of a provider called."""

    def __init__(self, routes: Mapping[str, IssuerRoutes], clock: Callable[[], float]) -> None:
        self._routes, self._clock = routes, clock

    async def destination(self, delivery: Delivery) -> Destination | AdminCall | str:
        """See Sender."""
        routes = self._routes.get(delivery.issuer_id)
        if routes is None:
            return "its issuer is not configured any more"
        if delivery.channel == "op_admin":
            return routes.ending.prepared(delivery) if routes.ending else "the issuer has no provider ending any more"
        no_sid = await _why_no_sid(routes, delivery)
        if delivery.channel == "op":
            recipient = Client(client_id=routes.tokens.issuer)
            url = routes.op_backchannel_uri
        else:
            found = await routes.find_client(delivery.client_id)
            if found is None:
                return "the app is not registered any more"
            recipient, url = found, found.backchannel_logout_uri
            if found.backchannel_logout_session_required and no_sid:
                return _REQUIRES + no_sid
        if url is None:
            return "it has no back-channel URL any more"
        return Destination(url, recipient, routes.tokens, routes.http, no_sid)

    async def send(self, delivery: Delivery, destination: Destination | AdminCall) -> AttemptResult:
        """See Sender."""
        if isinstance(destination, AdminCall):
            return await destination.ending.send(destination.calls)
        sid = (delivery.rp_sid or delivery.sid) if not destination.no_sid else None
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
        judged = judge(result, self._clock())
        if judged.outcome == "delivered" and destination.no_sid not in ("", BY_SETTING):
            return replace(judged, reason=f"delivered, naming the user alone: {destination.no_sid}")
        return judged


async def _why_no_sid(routes: IssuerRoutes, delivery: Delivery) -> str:
    """Why a delivery's token carries no `sid`: an app that does not know it would end nothing. Empty when it does."""
    if not routes.with_sid:
        return BY_SETTING
    if names_user_alone(delivery.sid) and not delivery.rp_sid:
        return BY_HINT
    return BY_HINTS if await routes.lack_sid(delivery.client_id) else ""
