"""Knobs about which session is meant, value by value: what it does, and how it differs from its neighbours."""

from __future__ import annotations

from dataclasses import replace

from endsession.protocol.policy import Policy
from endsession.protocol.session import Sessions

from .worlds import DAY, DEAD, URI, C, H, hint, outcome

NOBODY = Sessions("not_presented")
NO_COOKIE = Sessions("not_configured", named=H)
STALE = Sessions("presented", C, named=H)
FOREIGN = Sessions("presented", replace(C, sub="bob"))


def test_prompt_auto() -> None:
    """Where there is doubt."""
    policy = Policy(prompt="auto")
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy) == "ask no_hint C"


def test_prompt_always() -> None:
    """Also where a hint matches; where nothing would end, there is nothing to ask."""
    policy = Policy(prompt="always")
    assert outcome(policy, hint()) == "ask always C"
    assert outcome(policy, hint(), NOBODY) == "nothing"
    by_hint = replace(policy, hint_authority="hint")
    assert outcome(by_hint, hint("H"), NO_COOKIE) == "ask always H"


def test_prompt_never() -> None:
    """Each doubt is an error."""
    policy = Policy(prompt="never")
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy, client_id="web") == "403 access_denied"
    assert outcome(replace(policy, on_no_params="done")) == "end C"


def test_hint_authority_cookie() -> None:
    """A hint from a browser without the session ends nothing by itself."""
    policy = Policy(hint_authority="cookie")
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "nothing"
    assert outcome(policy, hint("H"), NO_COOKIE) == "ask unmatched H"


def test_hint_authority_hint() -> None:
    """A valid hint alone ends its session."""
    policy = Policy(hint_authority="hint")
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "end H"
    assert outcome(policy, hint("H"), NO_COOKIE) == "end H"


def test_on_foreign_hint_prompt() -> None:
    """The user is asked about the browser's own session."""
    policy = Policy(on_foreign_hint="prompt")
    assert outcome(policy, hint(), FOREIGN, post_logout_redirect_uri=URI) == "ask foreign_hint C, redirect"


def test_on_foreign_hint_error() -> None:
    """403."""
    policy = Policy(on_foreign_hint="error")
    assert outcome(policy, hint(), FOREIGN) == "403 access_denied"


def test_on_stale_sid_prompt() -> None:
    """The user is asked about the present session."""
    policy = Policy(on_stale_sid="prompt")
    assert outcome(policy, hint("H"), STALE) == "ask stale_sid C"


def test_on_stale_sid_error() -> None:
    """403."""
    policy = Policy(on_stale_sid="error")
    assert outcome(policy, hint("H"), STALE) == "403 access_denied"


def test_accept_expired_hint_true() -> None:
    """A hint past its exp is a hint, of a live session and of one that has ended."""
    policy = Policy(accept_expired_hint=True)
    assert outcome(policy, hint(age=3 * DAY)) == "end C"
    assert outcome(policy, hint("H", age=3 * DAY), Sessions("not_presented", named=DEAD)) == "nothing over"


def test_accept_expired_hint_false() -> None:
    """A hint past its exp is invalid, clock skew aside."""
    policy = Policy(accept_expired_hint=False)
    assert outcome(policy, hint(age=3 * DAY)) == "ask invalid_hint C"
    assert outcome(policy, hint(age=3600 + 60)) == "end C"
    assert outcome(policy, hint(age=3600 + 61)) == "ask invalid_hint C"


def test_on_dead_session_success() -> None:
    """No error, redirect and all; of a session that nobody knows it is not said that it has ended."""
    policy = Policy(on_dead_session="success")
    assert outcome(policy, hint("H"), NOBODY, post_logout_redirect_uri=URI) == "nothing, redirect"
    assert outcome(policy, hint("H"), Sessions("not_presented", named=DEAD)) == "nothing over"


def test_on_dead_session_error() -> None:
    """401; where another session is live in this browser, that is the question."""
    policy = Policy(on_dead_session="error")
    assert outcome(policy, hint("H"), NOBODY, post_logout_redirect_uri=URI) == "401 session_expired"
    assert outcome(policy, hint("H"), Sessions("presented", C, named=DEAD)) == "ask stale_sid C"


def test_bare_post_is_consent_false() -> None:
    """A POST without a hint is asked about."""
    policy = Policy(bare_post_is_consent=False)
    assert outcome(policy, method="POST") == "ask no_hint C"


def test_bare_post_is_consent_true() -> None:
    """A POST ends the browser's session, unless it means another user; a GET does not."""
    policy = Policy(bare_post_is_consent=True)
    assert outcome(policy, method="POST", post_logout_redirect_uri=URI) == "end C, redirect"
    assert outcome(policy, method="GET") == "ask no_hint C"
    assert outcome(policy, method="POST", logout_hint="bob") == "ask foreign_hint C"
    # Nothing is known to be signed in, so nothing ends and nothing may say that it did.
    assert outcome(policy, sessions=Sessions("not_configured"), method="POST") == "nothing"


def test_sid_beats_sub_false() -> None:
    """The same sid with another sub is another user's hint."""
    policy = Policy(sid_beats_sub=False)
    other = replace(C, sub="bob")
    assert outcome(policy, hint("C"), Sessions("presented", other, named=other)) == "ask foreign_hint C"
    by_hint = replace(policy, hint_authority="hint")
    assert outcome(by_hint, hint("H"), Sessions("not_presented", named=replace(H, sub="bob"))) == "ask foreign_hint"


def test_sid_beats_sub_true() -> None:
    """The same sid is the session's hint, whatever its sub."""
    policy = Policy(sid_beats_sub=True)
    other = replace(C, sub="bob")
    assert outcome(policy, hint("C"), Sessions("presented", other, named=other)) == "end C"
    assert outcome(policy, hint("H"), Sessions("presented", other, named=H)) == "ask foreign_hint C"
    by_hint = replace(policy, hint_authority="hint")
    assert outcome(by_hint, hint("H"), Sessions("not_presented", named=replace(H, sub="bob"))) == "end H"
    # The session is live, so the hint may be of any age.
    assert outcome(policy, hint("C", age=99 * DAY), Sessions("presented", other, named=other)) == "end C"


def test_require_authenticated_user_false() -> None:
    """A browser that is not signed in may ask."""
    policy = Policy(require_authenticated_user=False)
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "nothing"


def test_require_authenticated_user_true() -> None:
    """A browser that is not signed in gets 401."""
    policy = Policy(require_authenticated_user=True)
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "401 login_required"
    assert outcome(policy, sessions=NOBODY) == "401 login_required"
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy) == "ask no_hint C"
