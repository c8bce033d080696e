"""Knobs about which session is meant, value by value: what it does, and how it differs from its neighbours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endsession.protocol.policy import Policy
from endsession.protocol.session import Sessions

from .knobs import Cases
from .worlds import DAY, DEAD, URI, C, H, hint, outcome

NOBODY = Sessions("not_presented")
NO_COOKIE = Sessions("not_configured", named=H)
STALE = Sessions("presented", C, named=H)
FOREIGN = Sessions("presented", replace(C, sub="bob"))
shows = Cases()


@pytest.mark.parametrize("case", shows.cases, ids=str)
def test_knob(case: tuple[str, object]) -> None:
    """The value does what its case says."""
    shows.run(case)


@shows("prompt", "auto")
def _(policy: Policy) -> None:
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy) == "ask no_hint C"


@shows("prompt", "always")
def _(policy: Policy) -> None:
    assert outcome(policy, hint()) == "ask always C"
    assert outcome(policy, hint(), NOBODY) == "nothing"
    by_hint = replace(policy, hint_authority="hint")
    assert outcome(by_hint, hint("H"), NO_COOKIE) == "ask always H"


@shows("prompt", "never")
def _(policy: Policy) -> None:
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy, client_id="web") == "403 access_denied"
    assert outcome(replace(policy, on_no_params="done")) == "end C"


@shows("hint_authority", "cookie")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "nothing"
    assert outcome(policy, hint("H"), NO_COOKIE) == "ask unmatched H"


@shows("hint_authority", "hint")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "end H"
    assert outcome(policy, hint("H"), NO_COOKIE) == "end H"


@shows("on_foreign_hint", "prompt")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), FOREIGN, post_logout_redirect_uri=URI) == "ask foreign_hint C, redirect"


@shows("on_foreign_hint", "error")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), FOREIGN) == "403 access_denied"


@shows("on_stale_sid", "prompt")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), STALE) == "ask stale_sid C"


@shows("on_stale_sid", "error")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), STALE) == "403 access_denied"


@shows("accept_expired_hint", True)
def _(policy: Policy) -> None:
    assert outcome(policy, hint(age=3 * DAY)) == "end C"
    assert outcome(policy, hint("H", age=3 * DAY), Sessions("not_presented", named=DEAD)) == "nothing over"


@shows("accept_expired_hint", False)
def _(policy: Policy) -> None:
    assert outcome(policy, hint(age=3 * DAY)) == "ask invalid_hint C"
    assert outcome(policy, hint(age=3600 + 60)) == "end C"
    assert outcome(policy, hint(age=3600 + 61)) == "ask invalid_hint C"


@shows("on_dead_session", "success")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), NOBODY, post_logout_redirect_uri=URI) == "nothing, redirect"


@shows("on_dead_session", "error")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), NOBODY, post_logout_redirect_uri=URI) == "401 session_expired"
    assert outcome(policy, hint("H"), Sessions("presented", C, named=DEAD)) == "ask stale_sid C"


@shows("bare_post_is_consent", False)
def _(policy: Policy) -> None:
    assert outcome(policy, method="POST") == "ask no_hint C"


@shows("bare_post_is_consent", True)
def _(policy: Policy) -> None:
    assert outcome(policy, method="POST", post_logout_redirect_uri=URI) == "end C, redirect"
    assert outcome(policy, method="GET") == "ask no_hint C"
    assert outcome(policy, method="POST", logout_hint="bob") == "ask foreign_hint C"
    # Nothing is known to be signed in, so nothing ends and nothing may say that it did.
    assert outcome(policy, sessions=Sessions("not_configured"), method="POST") == "nothing"


@shows("sid_beats_sub", False)
def _(policy: Policy) -> None:
    other = replace(C, sub="bob")
    assert outcome(policy, hint("C"), Sessions("presented", other, named=other)) == "ask foreign_hint C"
    by_hint = replace(policy, hint_authority="hint")
    assert outcome(by_hint, hint("H"), Sessions("not_presented", named=replace(H, sub="bob"))) == "ask foreign_hint"


@shows("sid_beats_sub", True)
def _(policy: Policy) -> None:
    other = replace(C, sub="bob")
    assert outcome(policy, hint("C"), Sessions("presented", other, named=other)) == "end C"
    assert outcome(policy, hint("H"), Sessions("presented", other, named=H)) == "ask foreign_hint C"
    by_hint = replace(policy, hint_authority="hint")
    assert outcome(by_hint, hint("H"), Sessions("not_presented", named=replace(H, sub="bob"))) == "end H"
    # The session is live, so the hint may be of any age.
    assert outcome(policy, hint("C", age=99 * DAY), Sessions("presented", other, named=other)) == "end C"


@shows("require_authenticated_user", False)
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "nothing"


@shows("require_authenticated_user", True)
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "401 login_required"
    assert outcome(policy, sessions=NOBODY) == "401 login_required"
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy) == "ask no_hint C"
