"""The session matrix of docs/policy.md, row by row, under both authorities."""

from dataclasses import replace

import pytest

from endsession.protocol.policy import Policy
from endsession.protocol.session import Session, Sessions

from .worlds import DEAD, URI, C, H, hint, outcome

BY_COOKIE = Policy(hint_authority="cookie", on_foreign_hint="error", on_stale_sid="prompt")
BY_HINT = replace(BY_COOKIE, hint_authority="hint")

BOB = Session("C", "bob", live=True)
OF_H = hint("H")
WITHOUT_SID = hint(None)
H2 = replace(H, sid="H2")

# What is shown of the sessions, the hint, and the outcome: under cookie authority, under hint authority.
MATRIX = {
    "C and H are the same": (Sessions("presented", C, named=C), hint("C"), "end C", "end C"),
    "C is another user's": (Sessions("presented", BOB, named=H), OF_H, "403 access_denied", "403 access_denied"),
    "C is another user's, H unknown": (Sessions("presented", BOB), OF_H, "403 access_denied", "403 access_denied"),
    "C is another user's, no sid": (Sessions("presented", BOB), WITHOUT_SID, "403 access_denied", "403 access_denied"),
    "C is the same user's, H lives": (Sessions("presented", C, named=H), OF_H, "ask stale_sid C", "ask stale_sid C"),
    "C is the same user's, H has ended": (
        Sessions("presented", C, named=DEAD), OF_H, "ask stale_sid C", "ask stale_sid C"
    ),
    "C is the same user's, H unknown": (Sessions("presented", C), OF_H, "ask stale_sid C", "ask stale_sid C"),
    "no sid, sub is C's": (Sessions("presented", C), WITHOUT_SID, "end C", "end C"),
    "no cookie presented": (Sessions("not_presented", named=H), OF_H, "nothing", "end H"),
    "an unknown cookie counts as none": (Sessions("presented", named=H), OF_H, "nothing", "end H"),
    "a cookie of an ended session counts as none": (
        Sessions("presented", ended_here=replace(C, live=False), named=H), OF_H, "nothing", "end H"
    ),
    "no cookie configured": (Sessions("not_configured", named=H), OF_H, "ask unmatched H", "end H"),
    "H has ended, no cookie presented": (
        Sessions("not_presented", named=DEAD), OF_H, "nothing over", "nothing over"
    ),
    "H is unknown, no cookie presented": (Sessions("not_presented"), OF_H, "nothing", "nothing"),
    "H has ended, no cookie configured": (
        Sessions("not_configured", named=DEAD), OF_H, "nothing over", "nothing over"
    ),
    "H is unknown, no cookie configured": (Sessions("not_configured"), OF_H, "nothing", "nothing"),
    "no sid, one session, no cookie presented": (
        Sessions("not_presented", of_subject=(H,)), WITHOUT_SID, "nothing", "end H"
    ),
    "no sid, several sessions, no cookie presented": (
        Sessions("not_presented", of_subject=(H, H2)), WITHOUT_SID, "nothing", "403 access_denied"
    ),
    "no sid, no session, no cookie presented": (
        Sessions("not_presented"), WITHOUT_SID, "nothing", "nothing"
    ),
    "no sid, one session, no cookie configured": (
        Sessions("not_configured", of_subject=(H,)), WITHOUT_SID, "ask unmatched H", "end H"
    ),
    "no sid, several sessions, no cookie configured": (
        Sessions("not_configured", of_subject=(H, H2)), WITHOUT_SID, "ask unmatched", "403 access_denied"
    ),
    "no sid, no session, no cookie configured": (
        Sessions("not_configured"), WITHOUT_SID, "ask unmatched", "nothing"
    ),
    "H is another user's than the hint says": (
        Sessions("not_presented", named=replace(H, sub="bob")), OF_H, "403 access_denied", "403 access_denied"
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", MATRIX)
def test_matrix(row: str) -> None:
    """Each row has the outcome that the table gives, and a registered URI goes with every outcome but a refusal."""
    sessions, said, by_cookie, by_hint = MATRIX[row]
    for policy, expected in ((BY_COOKIE, by_cookie), (BY_HINT, by_hint)):
        assert outcome(policy, said, sessions) == expected
        redirect = "" if expected.startswith("4") else ", redirect"
        assert outcome(policy, said, sessions, post_logout_redirect_uri=URI) == expected + redirect


def test_a_pairwise_subject_is_the_same_user() -> None:
    """The subject under which the client knows the user is as good as the provider's (Core 1.0, section 8.1)."""
    known = replace(C, client_subs=("p-42",))
    assert outcome(BY_COOKIE, hint("C", "p-42"), Sessions("presented", known, named=known)) == "end C"
    assert outcome(BY_COOKIE, hint("C", "p-43"), Sessions("presented", known, named=known)) == "403 access_denied"


def test_what_a_yes_ends_is_never_the_hints_session() -> None:
    """After a mismatch the question is about the browser's own session, no matter who sent the hint."""
    foreign = replace(BY_HINT, on_foreign_hint="prompt")
    assert outcome(foreign, OF_H, Sessions("presented", BOB, named=H)) == "ask foreign_hint C"
    stranger = replace(H, sub="bob")
    assert outcome(foreign, OF_H, Sessions("not_configured", named=stranger)) == "ask foreign_hint"


def test_without_a_hint_the_browsers_session_is_asked_about() -> None:
    """No hint: ask where somebody is, or may be, signed in; where nobody is, there is nothing to ask (R7)."""
    assert outcome(BY_COOKIE) == "ask no_hint C"
    assert outcome(BY_COOKIE, sessions=Sessions("not_configured")) == "ask no_hint"
    assert outcome(BY_COOKIE, sessions=Sessions("not_presented")) == "nothing"
    assert outcome(BY_COOKIE, sessions=Sessions("presented")) == "nothing"
    assert outcome(BY_COOKIE, sessions=Sessions("presented", ended_here=DEAD)) == "nothing over"
