"""Steps 5 and 6, from a logout request to a decision. Nothing is ended here, and nothing is answered.

A logout and `POST /{issuer_id}/logout/explain` both come through here, so that both decide alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..gateway import Gateway, Issuer
from ..protocol.client import Client
from ..protocol.decide import Case, Decision, client_to_look_up, decide
from ..protocol.hint import Hint, VerifiedHint
from ..protocol.policy import Policy
from ..protocol.request import LogoutRequest
from ..protocol.session import Sessions
from .find import find_sessions


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A decision, and what it was made from. `client` is the registered one that it names, by whatever means."""

    request: LogoutRequest
    hint: Hint
    client: Client | None
    sessions: Sessions
    decision: Decision

    @property
    def shown_client(self) -> Client | None:
        """The client, where the request has more of it than its `client_id`: a hint of it, or a URI that it registered.

        Anyone can send a `client_id`. A page that named the app for it would say which clients there are (T24).
        """
        shown = (
            isinstance(self.hint, VerifiedHint) or self.decision.redirect is not None or self.decision.link is not None
        )
        return self.client if shown else None


async def evaluate(
    gateway: Gateway, issuer: Issuer, policy: Policy, request: LogoutRequest, hint: Hint, cookies: Sequence[str]
) -> Evaluation:
    """Decide about `request`. `cookies` are the presented values of the provider's session cookie."""
    sessions = await find_sessions(gateway, issuer, hint, cookies)
    client_id = client_to_look_up(request, hint)
    client = await issuer.client(client_id) if client_id else None
    decision = decide(Case(request, policy, hint, client, sessions, gateway.clock()))
    return Evaluation(request, hint, client, sessions, decision)
