"""What holds for every request, policy, hint, session and client: the promises that no knob can break."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given

from endsession.protocol.decide import Case, Decision, decide
from endsession.protocol.hint import NoHint, VerifiedHint
from endsession.protocol.policy import contradictions
from endsession.protocol.redirect import match, unusable
from tests.kit.properties import tried

from .strategies import cases

anything = tried(500)


def makes_sense(case: Case) -> bool:
    """Whether settings would allow this policy."""
    return not list(contradictions(case.policy, has_cookie=case.sessions.cookie != "not_configured"))


def believed(case: Case, decision: Decision) -> bool:
    """Whether the decision believed a hint."""
    return "hint verified" in decision.trace


@anything
@given(cases())
def test_the_same_input_gives_the_same_decision(case: Case) -> None:
    """Nothing is raised and nothing is remembered."""
    first, second = decide(case), decide(case)
    assert str(first.error) == str(second.error)
    assert (first.action, first.session, first.redirect, first.link, first.over, first.doubt, first.trace) == (
        second.action, second.session, second.redirect, second.link, second.over, second.doubt, second.trace
    )  # fmt: skip


@anything
@given(cases())
def test_nobody_is_sent_to_what_is_not_registered(case: Case) -> None:
    """A redirect or a link is a usable URI that the client of the request registered (R11, T1, T2)."""
    decision = decide(case)
    for uri in filter(None, (decision.redirect, decision.link)):
        assert case.client is not None
        assert unusable(uri) is None
        asked_for = case.request.post_logout_redirect_uri
        assert uri == asked_for or (asked_for is None and case.policy.default_redirect == "first_registered")
        if case.policy.redirect_match == "exact":
            assert uri in case.client.post_logout_redirect_uris
        else:
            native = case.client.native
            assert match(uri, case.client.post_logout_redirect_uris, case.policy.redirect_match, native=native)


@anything
@given(cases())
def test_no_redirect_without_a_verified_hint_unless_somebody_agreed(case: Case) -> None:
    """The user is asked, or the policy counts something as agreement (R12)."""
    decision = decide(case)
    if believed(case, decision):
        return
    if case.policy.redirect_without_hint == "never":
        assert decision.redirect is None
        assert decision.link is None
    if decision.redirect is not None and decision.action != "ask":
        nobody_here = case.sessions.browser is None and case.sessions.cookie != "not_configured"
        when_no_session = case.policy.redirect_without_hint == "when_no_session" and nobody_here
        posted = case.policy.bare_post_is_consent and case.request.method == "POST"
        unasked = case.policy.on_no_hint == "done" and not case.request.names_nothing
        assert when_no_session or posted or unasked


@anything
@given(cases())
def test_only_the_browsers_or_the_hints_session_ends(case: Case) -> None:
    """And the hint's only where policy gives the hint that authority, or a user says yes (T4, T30)."""
    decision, sessions = decide(case), case.sessions
    if decision.session is None:
        return
    assert decision.session.live
    if decision.session is sessions.browser:
        return
    assert believed(case, decision)
    assert decision.session is sessions.named or decision.session in sessions.of_subject
    assert isinstance(case.hint, VerifiedHint)
    assert decision.session.is_user(case.hint.sub) or case.policy.sid_beats_sub
    if decision.action == "end":
        assert case.policy.hint_authority == "hint"
    else:
        assert case.policy.hint_authority == "hint" or sessions.cookie == "not_configured"


@anything
@given(cases())
def test_a_hint_that_acts_alone_is_young(case: Case) -> None:
    """By one older than `max_hint_age` only the browser's own session ends, or is asked about (T4)."""
    decision = decide(case)
    if decision.session not in (None, case.sessions.browser):
        assert isinstance(case.hint, VerifiedHint)
        assert case.now - case.hint.iat <= case.policy.max_hint_age


@anything
@given(cases())
def test_a_clients_own_hint_is_worth_the_browsers_session_at_most(case: Case) -> None:
    """And only where the client takes part in it (T4)."""
    decision = decide(case)
    if isinstance(case.hint, VerifiedHint) and case.hint.by_secret and decision.session is not None:
        assert decision.session is case.sessions.browser
        assert decision.session.client_takes_part or not believed(case, decision)


@anything
@given(cases())
def test_an_ending_ends_something(case: Case) -> None:
    """`end` has a session, so that no page says "signed out" of nothing; `nothing` has none."""
    decision = decide(case)
    if decision.action == "end":
        assert decision.session is not None
    if decision.action == "nothing":
        assert decision.session is None


@anything
@given(cases())
def test_a_refusal_leaves_everything_as_it_is(case: Case) -> None:
    """Everything is validated before anything ends: a refusal has neither session nor redirect (R16)."""
    decision = decide(case)
    assert (decision.action == "refuse") == (decision.error is not None)
    if decision.action == "refuse":
        assert (decision.session, decision.redirect, decision.link, decision.doubt) == (None, None, None, None)
        assert not decision.over


@anything
@given(cases())
def test_without_a_verified_hint_nothing_ends_unasked(case: Case) -> None:
    """Unless the policy says in so many words that it may (R7, R18, T3)."""
    decision = decide(case)
    if decision.action == "end" and not believed(case, decision):
        posted = case.policy.bare_post_is_consent and case.request.method == "POST"
        knob = case.policy.on_no_params if case.request.names_nothing else case.policy.on_no_hint
        assert posted or knob == "done"


@anything
@given(cases())
def test_every_question_says_why(case: Case) -> None:
    """The question page says why it asks."""
    decision = decide(case)
    assert (decision.action == "ask") == (decision.doubt is not None)


@anything
@given(cases())
def test_never_is_never_and_always_is_always(case: Case) -> None:
    """With `prompt = never` nobody is asked, with `prompt = always` nothing ends unasked."""
    assume(makes_sense(case))
    decision = decide(case)
    if case.policy.prompt == "never":
        assert decision.action != "ask"
    if case.policy.prompt == "always":
        assert decision.action != "end"


@anything
@given(cases())
def test_a_disabled_client_is_refused(case: Case) -> None:
    """Whatever else is right, where a hint shows that the request is its own."""
    young = isinstance(case.hint, VerifiedHint) and "hint verified" in decide(case).trace
    if case.client is not None and case.client.disabled and young:
        assert decide(case).action == "refuse"


@anything
@given(cases())
def test_a_client_id_alone_tells_nothing(case: Case) -> None:
    """T24: known, unknown and disabled lead to the same, unless the URI is one that the client registered."""
    if case.client is None or case.request.client_id is None or isinstance(case.hint, VerifiedHint):
        return
    uri = case.request.post_logout_redirect_uri
    mode, registered = case.policy.redirect_match, case.client.post_logout_redirect_uris
    if uri is not None and match(uri, registered, mode, native=case.client.native):
        return
    known, unknown = decide(case), decide(replace(case, client=None))
    disabled = decide(replace(case, client=replace(case.client, disabled=not case.client.disabled)))
    for other in (unknown, disabled):
        assert replace(known, trace=(), error=None) == replace(other, trace=(), error=None)
        assert (known.error is None) == (other.error is None)
        if known.error and other.error:
            assert type(known.error) is type(other.error)
            assert known.error.description == other.error.description


@anything
@given(cases())
def test_two_clients_in_one_request_are_refused(case: Case) -> None:
    """`client_id` with a hint names the hint's client, however old the hint is (R6)."""
    mismatch = isinstance(case.hint, VerifiedHint) and case.request.client_id not in (None, case.hint.client_id)
    if mismatch:
        error = decide(case).error
        assert error is not None
        assert error.status == 400


@anything
@given(cases())
def test_a_required_hint_is_required(case: Case) -> None:
    """Without one the answer is 400."""
    if case.policy.id_token_hint == "required" and isinstance(case.hint, NoHint):
        error = decide(case).error
        assert error is not None
        assert error.status == 400


@anything
@given(cases())
def test_the_trace_repeats_nothing_that_was_sent(case: Case) -> None:
    """It goes into the log (T15, T23)."""
    text = " ".join(decide(case).trace)
    sent = (case.request.state, case.request.logout_hint, case.request.post_logout_redirect_uri)
    assert not [value for value in sent if value and len(value) > 8 and value in text]
