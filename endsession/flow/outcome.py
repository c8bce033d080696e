"""What a logout request led to, as every way of answering it needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from ..protocol.client import Client
from ..protocol.decide import Decision
from ..protocol.redirect import RegisteredRedirect, with_state
from ..protocol.session import Session, Sessions
from ..store.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a logout request led to. `deliveries` are those that this request's ending wrote."""

    decision: Decision
    sessions: Sessions
    state: str | None
    client: Client | None
    deliveries: Sequence[Delivery]
    endpoint: str

    @property
    def ended(self) -> Session | None:
        """The session that has ended, if it is known which."""
        return self.decision.session or self.sessions.ended_here

    @property
    def own(self) -> bool:
        """Whether it was the session of this very browser, as its cookie proves."""
        browser = self.sessions.browser or self.sessions.ended_here
        return browser is not None and self.ended is not None and browser.sid == self.ended.sid

    @property
    def may_name_account(self) -> bool:
        """Whether account and apps may be shown: not to a sender whose cookie can be copied from a token (T24)."""
        return self.own and self.sessions.secret_cookie


def redirect_to(uri: RegisteredRedirect, state: str | None) -> Response:
    """Not RedirectResponse: that re-encodes, and the URI has to stay as it was registered."""
    return Response(status_code=303, headers={"Location": with_state(uri, state)})
