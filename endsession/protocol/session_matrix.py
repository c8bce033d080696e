"""Which session a logout request is about, and whether there is any doubt that it should end.

This is the session matrix of `docs/policy.md`: what the browser's cookie says against what the hint says.
"""

from __future__ import annotations

from typing import Literal

from .decision import Case, Decision, Doubt
from .errors import AccessDenied, LoginRequired, SessionExpired
from .hint import Hint, NoHint, RefusedHint, VerifiedHint
from .policy import Policy
from .redirect import RegisteredRedirect
from .session import Session


def match_session(case: Case, hint: Hint, redirect: RegisteredRedirect | None, trace: list[str]) -> Decision:
    """Decide what to do with the judged `hint` and `redirect` of `case`. Raises the error of a refusal."""
    if case.policy.require_authenticated_user and case.sessions.browser is None:
        raise LoginRequired
    if not isinstance(hint, VerifiedHint):
        return _without_hint(case, hint, redirect, trace)
    if case.sessions.browser is not None:
        return _with_both(case, hint, case.sessions.browser, redirect, trace)
    return _without_browser_session(case, hint, redirect, trace)


def _without_hint(case: Case, hint: Hint, redirect: RegisteredRedirect | None, trace: list[str]) -> Decision:
    """No believable hint: the user is asked, since any site can send such a request (section 6)."""
    policy, request, browser = case.policy, case.request, case.sessions.browser
    after_yes = redirect if policy.redirect_without_hint != "never" else None
    if browser is None and case.sessions.matchable:
        trace.append("nobody is signed in here: nothing to end")
        over = case.sessions.ended_here is not None
        if policy.redirect_without_hint == "when_no_session" and isinstance(hint, NoHint):
            return Decision("nothing", redirect=redirect, over=over)
        return Decision("nothing", link=after_yes, over=over)
    if browser and _means_another(request.logout_hint, browser):
        trace.append("logout_hint names another user")
        if policy.on_foreign_hint == "error":
            raise AccessDenied("The logout_hint does not name the user of this session.", detail="foreign_hint")
        return Decision("ask", browser, after_yes, doubt="foreign_hint")
    if policy.bare_post_is_consent and request.method == "POST":
        trace.append("bare_post_is_consent: the POST counts as the user's yes")
        return _end_if_any(browser, after_yes)
    if request.names_nothing and isinstance(hint, NoHint) and policy.on_no_params == "done":
        trace.append("on_no_params = done: ends without asking")
        return _end_if_any(browser, None)
    if not request.names_nothing and isinstance(hint, NoHint) and policy.on_no_hint == "done":
        trace.append("on_no_hint = done: ends without asking")
        return _end_if_any(browser, after_yes)
    doubt: Doubt = "invalid_hint" if isinstance(hint, RefusedHint) else "no_hint"
    trace.append(f"ask: {doubt}")
    if policy.prompt == "never":
        raise AccessDenied("This endpoint asks no questions, and the request does not show whose session to end.")
    return Decision("ask", browser, after_yes, doubt=doubt)


def _end_if_any(browser: Session | None, redirect: RegisteredRedirect | None) -> Decision:
    """Where no session can be matched, nothing ends, and no page may say that something did."""
    return Decision("nothing" if browser is None else "end", browser, redirect)


def _means_another(logout_hint: str | None, browser: Session) -> bool:
    """A logout_hint may be a subject, a sid, or how the user is known; it is opaque otherwise (section 2)."""
    if logout_hint is None or logout_hint in (browser.sid, browser.user_label):
        return False
    return not browser.is_user(logout_hint)


def _with_both(
    case: Case, hint: VerifiedHint, browser: Session, redirect: RegisteredRedirect | None, trace: list[str]
) -> Decision:
    """A live session in this browser and a verified hint: are they the same?"""
    policy = case.policy
    named_here = case.sessions.named is not None and case.sessions.named.sid == browser.sid
    if browser.is_user(hint.sub):
        if hint.sid is None or named_here:
            trace.append("the hint is of the browser's session")
            return _end(policy, browser, redirect)
        trace.append(f"the hint is of another session of the same user; on_stale_sid = {policy.on_stale_sid}")
        return _mismatch(policy.on_stale_sid, "stale_sid", browser, redirect)
    if named_here and policy.sid_beats_sub:
        trace.append("same sid, other sub; sid_beats_sub = true")
        return _end(policy, browser, redirect)
    trace.append(f"the hint is another user's; on_foreign_hint = {policy.on_foreign_hint}")
    return _mismatch(policy.on_foreign_hint, "foreign_hint", browser, redirect)


def _without_browser_session(
    case: Case, hint: VerifiedHint, redirect: RegisteredRedirect | None, trace: list[str]
) -> Decision:
    """A verified hint from a browser that is not known to be signed in."""
    policy, sessions = case.policy, case.sessions
    named = sessions.named
    if hint.sid is None and len(sessions.of_subject) == 1:
        named = sessions.of_subject[0]
    several = hint.sid is None and len(sessions.of_subject) > 1
    by_cookie = policy.hint_authority == "cookie"
    if named is not None and not named.is_user(hint.sub) and not policy.sid_beats_sub:
        trace.append(f"sid of another user; on_foreign_hint = {policy.on_foreign_hint}")
        return _mismatch(policy.on_foreign_hint, "foreign_hint", None, redirect)
    if by_cookie and not sessions.matchable and hint.sid is None and named is None:
        trace.append("no cookie can be matched and the hint has no sid: ask")
        return _unmatched(policy, None, redirect)
    if (named is None or not named.live) and not several:
        trace.append(f"the session has ended or is unknown; on_dead_session = {policy.on_dead_session}")
        if policy.on_dead_session == "error":
            raise SessionExpired
        # Of a session that nobody knows it cannot be said that it has ended.
        return Decision("nothing", redirect=redirect, over=named is not None)
    if sessions.cookie == "another":
        trace.append("the browser's cookie is of another session than the hint, which nobody registered: ask")
        return _unmatched(policy, named, redirect)
    if not by_cookie:
        if several:
            raise AccessDenied("The id_token_hint has no sid and its user has several sessions.")
        trace.append("hint_authority = hint: the hint names the session")
        return _end(policy, named, redirect)
    if sessions.matchable:
        what = "no cookie of the name that is configured (cookie.name)"
        what = what if sessions.cookie == "not_presented" else "no live session"
        trace.append(f"hint_authority = cookie, and this browser presents {what}: nothing ends")
        return Decision("nothing", redirect=redirect)
    trace.append("no cookie can be matched, so it is not known whether the session is this browser's: ask")
    return _unmatched(policy, named, redirect)


def _unmatched(policy: Policy, session: Session | None, redirect: RegisteredRedirect | None) -> Decision:
    """It cannot be known whether the hint is of this browser's session."""
    if policy.prompt == "never":
        raise AccessDenied("This endpoint asks no questions, and the request does not show whose session to end.")
    return Decision("ask", session, redirect, doubt="unmatched")


def _end(policy: Policy, session: Session | None, redirect: RegisteredRedirect | None) -> Decision:
    if policy.prompt == "always":
        return Decision("ask", session, redirect, doubt="always")
    return Decision("end", session, redirect)


def _mismatch(
    knob: Literal["prompt", "error"],
    doubt: Doubt,
    session: Session | None,
    redirect: RegisteredRedirect | None,
) -> Decision:
    """A mismatch is refused or asked about; what a yes ends is the browser's own session, never the hint's."""
    if knob == "error":
        raise AccessDenied(detail=doubt)
    return Decision("ask", session, redirect, doubt=doubt)
