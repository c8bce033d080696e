"""The people, sessions, clients and hints that these tests decide about, and decisions in a few words."""

from __future__ import annotations

from typing import Any

from endsession.protocol.client import Client
from endsession.protocol.decide import Case, Decision, decide
from endsession.protocol.hint import Hint, NoHint, RefusedHint, VerifiedHint
from endsession.protocol.policy import Policy
from endsession.protocol.request import read_request
from endsession.protocol.session import Session, Sessions

NOW = 1_800_000_000
DAY = 86_400
URI = "https://app.example/signed-out"
WEB = Client(client_id="web", post_logout_redirect_uris=(URI, "https://app.example/bye?x=1"))

C = Session("C", "alice", live=True, user_label="alice@example.com")
"""The live session of the browser's cookie."""
H = Session("H", "alice", live=True)
"""Another live session of the same user."""
DEAD = Session("H", "alice", live=False)
NO_HINT = NoHint()
MALFORMED = RefusedHint("malformed", "it has neither 3 nor 5 segments")
INVALID = RefusedHint("invalid", "its signature does not verify")


def hint(sid: str | None = "C", sub: str = "alice", *, age: int = 60, life: int = 3600) -> VerifiedHint:
    """A verified hint of the client web, issued `age` seconds ago."""
    return VerifiedHint("web", sub, sid, NOW - age, NOW - age + life)


def case(
    policy: Policy,
    said: Hint = NO_HINT,
    sessions: Sessions | None = None,
    *,
    client: Client | None = WEB,
    now: float = NOW,
    **request: Any,
) -> Case:
    """A request of the client web, from a browser that is signed in to C unless `sessions` says otherwise."""
    if sessions is None:
        named = C if isinstance(said, VerifiedHint) and said.sid == "C" else None
        sessions = Sessions("presented", browser=C, named=named)
    asked, _ = read_request(request.pop("method", "GET"), request, policy)
    return Case(asked, policy, said, client, sessions, now)


def outcome(*arguments: Any, **named: Any) -> str:
    """Decide, and tell the decision as the tables write it."""
    return told(decide(case(*arguments, **named)))


def told(decision: Decision) -> str:
    """`end C, redirect` · `ask no_hint C` · `nothing over` · `nothing, link` · `403 access_denied`."""
    if decision.error is not None:
        return f"{decision.error.status} {decision.error.code}"
    words = [decision.action, decision.doubt, "over" if decision.over else None]
    words.append(decision.session.sid if decision.session else None)
    text = " ".join(word for word in words if word)
    return text + (", redirect" if decision.redirect else "") + (", link" if decision.link else "")
