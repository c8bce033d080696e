"""A hint that acts alone: no session of this browser confirms it. It has an age, and who signed it counts (T4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endsession.protocol.hint import VerifiedHint
from endsession.protocol.policy import Policy
from endsession.protocol.session import CookieState, Session, Sessions
from endsession.settings.presets import AUTHPI

from .worlds import DAY, DEAD, URI, C, H, hint, outcome

YEAR = 365 * DAY
BY_HINT = Policy(hint_authority="hint", on_invalid_hint="error")
BY_COOKIE = Policy(on_invalid_hint="error")
BOB = Session("C", "bob", live=True)


@pytest.mark.parametrize("policy", [BY_HINT, AUTHPI], ids=["hint", "authpi"])
@pytest.mark.parametrize(
    ("sid", "sessions"),
    [
        ("H", Sessions("not_presented", named=H)),
        ("H", Sessions("not_configured", named=H)),
        ("H", Sessions("presented", ended_here=replace(C, live=False), named=H)),
        (None, Sessions("not_presented", of_subject=(H,))),
        (None, Sessions("not_configured", of_subject=(H,))),
    ],
)
def test_a_hint_alone_may_be_only_so_old(policy: Policy, sid: str | None, sessions: Sessions) -> None:
    """A leaked hint does not end a live session forever: `max_hint_age` counts wherever no cookie confirms it."""
    assert outcome(policy, hint(sid, age=30 * DAY), sessions) == "end H"
    assert outcome(policy, hint(sid, age=30 * DAY + 1, life=YEAR), sessions) == "401 invalid_token"
    assert outcome(replace(policy, max_hint_age=DAY), hint(sid, age=DAY + 1), sessions) == "401 invalid_token"


def test_without_a_cookie_an_old_hint_cannot_be_asked_about() -> None:
    """The click of anyone who brings the hint confirms nothing, so it is as old as a hint alone may be."""
    sessions = Sessions("not_configured", named=H)
    assert outcome(BY_COOKIE, hint("H", age=30 * DAY), sessions) == "ask unmatched H"
    assert outcome(BY_COOKIE, hint("H", age=30 * DAY + 1), sessions) == "401 invalid_token"
    assert outcome(Policy(), hint("H", age=30 * DAY + 1), sessions) == "ask invalid_hint"


@pytest.mark.parametrize("policy", [BY_HINT, AUTHPI, BY_COOKIE], ids=["hint", "authpi", "cookie"])
def test_a_hint_that_the_cookie_confirms_may_be_of_any_age(policy: Policy) -> None:
    """Sessions outlive ID tokens, and their users have to get out (R4)."""
    assert outcome(policy, hint("C", age=YEAR), Sessions("presented", C, named=C)) == "end C"
    assert outcome(policy, hint(None, age=YEAR), Sessions("presented", C)) == "end C"


@pytest.mark.parametrize("age", [60, YEAR])
def test_a_hint_alone_never_overrides_the_browsers_own_session(age: int) -> None:
    """The browser's live session is the one that counts: the hint of another is a mismatch."""
    assert outcome(AUTHPI, hint("H", age=age), Sessions("presented", C, named=H)) == "403 access_denied"
    assert outcome(BY_HINT, hint("H", age=age), Sessions("presented", C, named=H)) == "ask stale_sid C"
    assert outcome(BY_HINT, hint("H"), Sessions("presented", BOB, named=H)) == "ask foreign_hint C"


# Signed with the client's own secret, which makes the client the one that says it


def own(sid: str | None, *, age: int = 60) -> VerifiedHint:
    """A hint that its client can have made itself."""
    return replace(hint(sid, age=age), by_secret=True)


@pytest.mark.parametrize("policy", [BY_HINT, AUTHPI], ids=["hint", "authpi"])
@pytest.mark.parametrize("cookie", ["not_presented", "not_configured"])
def test_a_clients_own_hint_does_not_act_alone(policy: Policy, cookie: CookieState) -> None:
    """Anyone who knows the secret can make one for any session, so the cookie has to confirm it."""
    assert outcome(policy, own("H"), Sessions(cookie, named=H)) == "401 invalid_token"
    assert outcome(policy, own(None), Sessions(cookie, of_subject=(H,))) == "401 invalid_token"
    several = Sessions(cookie, of_subject=(H, replace(H, sid="H2")))
    assert outcome(policy, own(None), several) == "401 invalid_token"


def test_nor_does_it_lead_to_a_question_about_its_session() -> None:
    """Without a configured cookie a yes would end what the client named."""
    assert outcome(Policy(), own("H"), Sessions("not_configured", named=H)) == "ask invalid_hint"
    assert outcome(Policy(), own(None), Sessions("not_configured", of_subject=(H,))) == "ask invalid_hint"


@pytest.mark.parametrize("policy", [BY_COOKIE, BY_HINT, AUTHPI], ids=["cookie", "hint", "authpi"])
def test_with_a_cookie_it_is_as_good_as_any(policy: Policy) -> None:
    """Of the browser's own session, in which the client takes part."""
    assert outcome(policy, own("C"), Sessions("presented", C, named=C)) == "end C"
    assert outcome(policy, own(None), Sessions("presented", C)) == "end C"
    assert outcome(policy, own("C", age=YEAR), Sessions("presented", C, named=C)) == "end C"


@pytest.mark.parametrize("policy", [BY_COOKIE, BY_HINT, AUTHPI], ids=["cookie", "hint", "authpi"])
@pytest.mark.parametrize("sid", ["C", None])
def test_not_of_a_session_in_which_its_client_takes_no_part(policy: Policy, sid: str | None) -> None:
    """An app that the user never signed in to has nothing to say about the session, whatever it knows of it."""
    stranger = replace(C, client_takes_part=False)
    named = stranger if sid else None
    assert outcome(policy, own(sid), Sessions("presented", stranger, named=named)) == "401 invalid_token"


def test_where_nothing_can_end_it_leads_back_to_its_app() -> None:
    """A user whose session has ended, or who is not signed in in this browser, gets back to the app all the same."""
    for sessions, expected in (
        (Sessions("not_presented", named=DEAD), "nothing over, redirect"),
        (Sessions("not_presented"), "nothing, redirect"),
    ):
        for policy in (BY_COOKIE, BY_HINT, AUTHPI):
            assert outcome(policy, own("H"), sessions, post_logout_redirect_uri=URI) == expected
    live = Sessions("not_presented", named=H)
    assert outcome(BY_COOKIE, own("H"), live, post_logout_redirect_uri=URI) == "nothing, redirect"
