"""How old a hint may be (knob `max_hint_age`), which depends on whether its session lives."""

from dataclasses import replace

import pytest

from endsession.protocol.policy import Policy
from endsession.protocol.session import Sessions

from .worlds import DAY, DEAD, URI, C, H, hint, outcome

YEAR = 365 * DAY
POLICY = Policy(on_invalid_hint="error")
NOBODY = Sessions("not_presented")


@pytest.mark.parametrize(
    ("sid", "sessions", "expected"),
    [
        ("C", Sessions("presented", C, named=C), "end C"),
        ("H", Sessions("presented", C, named=H), "ask stale_sid C"),
        ("H", Sessions("not_presented", named=H), "nothing"),
        (None, Sessions("presented", C), "end C"),
        (None, Sessions("not_presented", of_subject=(H,)), "nothing"),
    ],
)
def test_the_hint_of_a_live_session_may_be_of_any_age(sid: str | None, sessions: Sessions, expected: str) -> None:
    """Sessions outlive ID tokens, and their users have to get out (R4)."""
    assert outcome(POLICY, hint(sid, age=YEAR), sessions) == expected


@pytest.mark.parametrize(
    ("sid", "sessions"),
    [
        ("H", Sessions("not_presented", named=DEAD)),
        ("H", NOBODY),
        ("H", Sessions("not_configured")),
        (None, NOBODY),
        # The browser's session is not the hint's, whether the hint's has ended or forgotten already.
        ("H", Sessions("presented", C, named=DEAD)),
        ("H", Sessions("presented", C)),
        # Another user's session does not keep a hint alive.
        ("H", Sessions("not_presented", named=replace(H, sub="bob"))),
        (None, Sessions("presented", replace(C, sub="bob"))),
    ],
)
def test_the_hint_of_a_session_that_is_not_live_may_be_only_so_old(sid: str | None, sessions: Sessions) -> None:
    """A hint that leaked is not good forever (T4)."""
    assert outcome(POLICY, hint(sid, age=30 * DAY), sessions)[:3] != "401"
    assert outcome(POLICY, hint(sid, age=30 * DAY + 1), sessions) == "401 invalid_token"


def test_max_hint_age() -> None:
    """The limit is the policy's. The age is counted from `iat`, whatever `exp` says."""
    policy = replace(POLICY, max_hint_age=DAY)
    assert outcome(policy, hint("H", age=DAY, life=YEAR), NOBODY) == "nothing"
    assert outcome(policy, hint("H", age=DAY + 1, life=YEAR), NOBODY) == "401 invalid_token"


def test_too_old_is_as_good_as_refused() -> None:
    """An old hint is an invalid one: `on_invalid_hint` says what follows."""
    old = hint("H", age=YEAR)
    assert outcome(replace(POLICY, on_invalid_hint="prompt"), old, Sessions("presented", C)) == "ask invalid_hint C"
    assert outcome(replace(POLICY, on_invalid_hint="ignore"), old, Sessions("presented", C)) == "ask no_hint C"


def test_an_old_hint_lends_no_redirect() -> None:
    """Where the browser may go is said by `client_id`, and the old hint of another client cannot come with it."""
    policy = Policy()
    old = hint("H", age=YEAR)
    assert outcome(policy, old, post_logout_redirect_uri=URI) == "ask invalid_hint C"
    assert outcome(policy, old, client_id="web", post_logout_redirect_uri=URI) == "ask invalid_hint C, redirect"
    assert outcome(policy, old, client_id="other", post_logout_redirect_uri=URI) == "400 invalid_request"
    assert outcome(policy, old, NOBODY, post_logout_redirect_uri=URI) == "nothing"
    assert outcome(policy, old, NOBODY, client_id="web", post_logout_redirect_uri=URI) == "nothing, link"
    for reaction in ("prompt", "ignore"):
        open_one = replace(policy, on_invalid_hint=reaction, redirect_without_hint="when_no_session")
        open_one = replace(open_one, on_unregistered_redirect="ignore", default_redirect="first_registered")
        assert outcome(open_one, old, NOBODY, post_logout_redirect_uri=URI) == "nothing"
