"""The whole space of what `decide` can be given, for properties that hold everywhere."""

from __future__ import annotations

from math import prod
from typing import Any, Literal, get_args, get_type_hints

from hypothesis import strategies as st

from endsession.protocol.client import Client
from endsession.protocol.decide import Case
from endsession.protocol.hint import Hint, NoHint, RefusedHint, VerifiedHint
from endsession.protocol.policy import Policy
from endsession.protocol.request import read_request
from endsession.protocol.session import CookieState, Session, Sessions

from .worlds import DAY, NOW, URI

REGISTERED = (URI, "https://app.example/bye?x=1", "http://127.0.0.1/done", "https://*.apps.example/done")
URIS = st.sampled_from(
    [
        *REGISTERED,
        "http://127.0.0.1:4711/done",
        "https://one.apps.example/done",
        "https://one.two.apps.example/done",
        "https://evil.example/",
        "//evil.example",
        "https://app.example@evil.example/signed-out",
        "javascript:alert(1)",
    ]
) | st.text(max_size=60)
NAMES = st.sampled_from(["alice", "bob", "C", "H", "web", "other"]) | st.text(max_size=5)


VALUES: dict[str, Any] = {
    knob: {int: (0, 3600, DAY, 30 * DAY), bool: (False, True)}.get(kind) or get_args(kind)
    for knob, kind in get_type_hints(Policy).items()
}


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any combination of knobs, contradictory ones included."""
    number = draw(st.integers(0, prod(map(len, VALUES.values())) - 1))
    knobs = {}
    for knob, values in VALUES.items():
        number, index = divmod(number, len(values))
        knobs[knob] = values[index]
    return Policy(**knobs)


@st.composite
def hints(draw: st.DrawFn) -> Hint:
    """Any hint."""
    ages, lives = st.sampled_from([-30, 60, 7200, 2 * DAY, 60 * DAY]), st.sampled_from([0, 3600, 90 * DAY])
    issued = NOW - draw(ages)
    sid = draw(st.sampled_from([None, "C", "H"]))
    sub, by_secret = draw(st.sampled_from(["alice", "bob"])), draw(st.sampled_from([False, False, True]))
    verified = VerifiedHint("web", sub, sid, issued, issued + draw(lives), by_secret)
    kinds: list[Literal["malformed", "invalid"]] = ["malformed", "invalid"]
    refused = RefusedHint(draw(st.sampled_from(kinds)), "a reason")
    found: list[Hint] = [NoHint(), refused, verified, verified]
    return draw(st.sampled_from(found))


@st.composite
def sessions_of(draw: st.DrawFn, hint: Hint) -> Sessions:
    """Any sessions that the look-up can find for this hint (see `Sessions`)."""

    by_secret = isinstance(hint, VerifiedHint) and hint.by_secret

    def session(sid: str, live: bool) -> Session:
        subs, label = draw(st.sampled_from([(), ("bob",), ("p-42",)])), draw(st.sampled_from([None, "label"]))
        takes_part = not by_secret or draw(st.booleans())
        return Session(sid, draw(st.sampled_from(["alice", "bob"])), live, label, subs, takes_part)

    states: list[CookieState] = ["not_configured", "not_presented", "presented"]
    cookie = draw(st.sampled_from(states))
    own = session("C", live=draw(st.booleans())) if cookie == "presented" and draw(st.booleans()) else None
    browser, ended_here = (own, None) if own and own.live else (None, own)
    named: Session | None = None
    of_subject: tuple[Session, ...] = ()
    if isinstance(hint, VerifiedHint) and hint.sid is not None and draw(st.booleans()):
        named = own if own and own.sid == hint.sid else session(hint.sid, live=draw(st.booleans()))
        named = named if named.client_takes_part else None
    elif isinstance(hint, VerifiedHint) and hint.sid is None and browser is None:
        several = (Session("H1", hint.sub, live=True), Session("H2", hint.sub, live=True))
        of_subject = several[: draw(st.integers(0, 2))]
    return Sessions(cookie, browser, ended_here, named, of_subject)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any case."""
    hint = draw(hints())
    policy = draw(policies())
    parameters = {
        "client_id": draw(NAMES),
        "post_logout_redirect_uri": draw(st.just("") | URIS),
        "state": draw(st.text(max_size=10)),
        "logout_hint": draw(NAMES),
        "ui_locales": draw(st.text(max_size=10)),
    }
    kept = draw(st.sets(st.sampled_from(sorted(parameters))))
    method: Literal["GET", "POST"] = draw(st.sampled_from(["GET", "POST"]))
    request, _ = read_request(method, {name: parameters[name] for name in kept}, policy)
    client = Client(
        client_id="web",
        application_type=draw(st.sampled_from(["web", "native"])),
        post_logout_redirect_uris=REGISTERED[: draw(st.integers(0, len(REGISTERED)))],
        disabled=draw(st.integers(0, 9)) == 0,
    )
    known = draw(st.sampled_from([client, client, client, None]))
    return Case(request, policy, hint, known, draw(sessions_of(hint)), NOW)
