"""What to do about a logout request: the table of `docs/policy.md`, as one pure function.

Everything is checked before anything ends: whoever gets a refusal still has the session. A decision carries the trace
of the steps that led to it, which `endsession explain` prints.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .client import Client
from .errors import (
    AccessDenied,
    EndsessionError,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidToken,
    LoginRequired,
    SessionExpired,
    UnknownClient,
)
from .hint import Hint, NoHint, RefusedHint, VerifiedHint
from .policy import Policy
from .redirect import RegisteredRedirect, match, unusable
from .request import LogoutRequest
from .session import Session, Sessions

Doubt = Literal["no_hint", "invalid_hint", "foreign_hint", "stale_sid", "unmatched", "always"]
"""Why the user is asked. The question page says it in a sentence."""

CLOCK_SKEW = 60
"""Seconds by which the clocks of a provider and this service may differ."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a decision depends on. `now` is seconds since 1970.

    `client` is the registered client that the request is for: the verified hint's, else that of `client_id`. A hint
    that turns out to be too old still names its client, as `client_id` would, and nothing more.
    """

    request: LogoutRequest
    policy: Policy
    hint: Hint
    client: Client | None
    sessions: Sessions
    now: float


@dataclass(frozen=True, slots=True)
class Decision:
    """One of: end (and redirect, or show that it is done), ask, nothing to end, refuse.

    `session` is what ends, now or after a yes. `redirect` is where the browser goes then. `link` is a registered URI
    that the page may offer, but that the browser is not sent to. `over` says that the session meant had ended before.
    """

    action: Literal["end", "ask", "nothing", "refuse"]
    session: Session | None = None
    redirect: RegisteredRedirect | None = None
    link: RegisteredRedirect | None = None
    over: bool = False
    doubt: Doubt | None = None
    error: EndsessionError | None = None
    trace: tuple[str, ...] = ()


def client_to_look_up(request: LogoutRequest, hint: Hint, policy: Policy) -> str | None:
    """Whose registration the decision needs: the verified hint's client before that of `client_id`."""
    if isinstance(hint, VerifiedHint):
        return hint.client_id
    return request.client_id if policy.client_id_param == "accept" else None


def decide(case: Case) -> Decision:
    """Decide `case`. Never raises: a refusal is a decision with an `error`."""
    trace: list[str] = []
    try:
        hint = _judge_hint(case, trace)
        _check_client(case, hint, trace)
        redirect = _judge_redirect(case, hint, trace)
        decision = _match_session(case, hint, redirect, trace)
    except EndsessionError as error:
        trace.append(f"refuse: {error.status} {error.code}")
        decision = Decision("refuse", error=error)
    return replace(decision, trace=tuple(trace))


# Step 1: is the hint good enough to be believed?


def _judge_hint(case: Case, trace: list[str]) -> Hint:
    """Apply the knobs on absent, invalid, expired and old hints (RP-Initiated Logout 1.0, sections 2 and 4)."""
    policy, hint = case.policy, case.hint
    if case.policy.client_id_param == "reject" and case.request.client_id:
        raise InvalidRequest("This endpoint does not take client_id.")
    if isinstance(hint, VerifiedHint):
        # Before its age is judged: an old hint of one client may not stand beside the client_id of another.
        if policy.client_id_param == "accept" and case.request.client_id not in (None, hint.client_id):
            raise InvalidRequest("The id_token_hint was not issued to the client_id of the request.")
        if problem := _age_problem(case, hint):
            hint = RefusedHint("invalid", problem)
    if isinstance(hint, RefusedHint):
        trace.append(f"hint refused: {hint.reason}; on_invalid_hint = {policy.on_invalid_hint}")
        if policy.on_invalid_hint == "error":
            if hint.kind == "malformed":
                raise InvalidRequest("The id_token_hint is not a JWT.", detail=hint.reason)
            raise InvalidToken(detail=hint.reason)
        if policy.on_invalid_hint == "ignore":
            hint = NoHint()
    elif isinstance(hint, VerifiedHint):
        trace.append("hint verified")
    if isinstance(hint, NoHint):
        trace.append(f"no hint; id_token_hint = {policy.id_token_hint}")
        if policy.id_token_hint == "required":
            raise InvalidRequest("The parameter id_token_hint is missing.")
        if case.request.names_nothing and policy.on_no_params == "error":
            raise InvalidRequest("The request needs id_token_hint, client_id or post_logout_redirect_uri.")
    return hint


def _age_problem(case: Case, hint: VerifiedHint) -> str | None:
    """A hint of a live session may be of any age; one of a session that is over may be only so old."""
    if hint.exp + CLOCK_SKEW < case.now and not case.policy.accept_expired_hint:
        return "it has expired and accept_expired_hint is false"
    if not _is_of_live_session(case, hint) and case.now - hint.iat > case.policy.max_hint_age:
        return f"its session is not live and its iat is older than max_hint_age ({case.policy.max_hint_age} s)"
    return None


def _is_of_live_session(case: Case, hint: VerifiedHint) -> bool:
    """Whether a live session is the hint's: the one of its `sid`, or, without a `sid`, any of its user's."""
    named = case.sessions.named
    if hint.sid is not None:
        return named is not None and named.live and (named.is_user(hint.sub) or case.policy.sid_beats_sub)
    candidates = (case.sessions.browser, *case.sessions.of_subject)
    return any(session is not None and session.live and session.is_user(hint.sub) for session in candidates)


# Step 2: is there a client, and may it ask?


def _check_client(case: Case, hint: Hint, trace: list[str]) -> None:
    """Unknown clients are refused where unregistered redirects are; a disabled client may not ask."""
    accepted = case.request.client_id if case.policy.client_id_param == "accept" else None
    if case.client is None:
        trace.append("client unknown" if accepted or isinstance(hint, VerifiedHint) else "no client named")
        if accepted and case.policy.on_unregistered_redirect == "error":
            raise UnknownClient
    else:
        trace.append("client known")
        if case.client.disabled:
            raise AccessDenied("The client of this request is disabled.", detail="client is disabled")


# Step 3: where may the browser go afterwards?


def _judge_redirect(case: Case, hint: Hint, trace: list[str]) -> RegisteredRedirect | None:
    """Match the requested URI against the client's (RP-Initiated Logout 1.0, section 3)."""
    uri, policy, client = case.request.post_logout_redirect_uri, case.policy, case.client
    if uri is None:
        return _default_redirect(case, hint)
    ignore = policy.on_unregistered_redirect == "ignore"
    if client is None:
        trace.append("redirect dropped: no client to register it")
        if not ignore and isinstance(hint, NoHint):
            raise InvalidRequest("post_logout_redirect_uri needs client_id or id_token_hint beside it.")
        return None
    if redirect := match(uri, client.post_logout_redirect_uris, policy.redirect_match, native=client.native):
        trace.append(f"redirect registered; redirect_match = {policy.redirect_match}")
        return redirect
    why = unusable(uri) or "it is not among the client's post_logout_redirect_uris"
    trace.append(f"redirect refused: {why}; on_unregistered_redirect = {policy.on_unregistered_redirect}")
    if ignore:
        return None
    if unusable(uri):
        raise InvalidRedirectUri(
            "The post_logout_redirect_uri is not an absolute URI that a browser may be sent to.", detail=why
        )
    raise InvalidRedirectUri(detail=why)


def _default_redirect(case: Case, hint: Hint) -> RegisteredRedirect | None:
    if case.policy.default_redirect == "none" or case.client is None or not isinstance(hint, VerifiedHint):
        return None
    registered = [uri for uri in case.client.post_logout_redirect_uris if "*" not in uri]
    return match(registered[0], registered, "exact", native=case.client.native) if registered else None


# Step 4: which session, and is there any doubt that it should end?


def _match_session(case: Case, hint: Hint, redirect: RegisteredRedirect | None, trace: list[str]) -> Decision:
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
    if browser is None and case.sessions.cookie != "not_configured":
        trace.append("nobody is signed in here: nothing to end")
        over = case.sessions.ended_here is not None
        if policy.redirect_without_hint == "when_no_session" and isinstance(hint, NoHint):
            return Decision("nothing", redirect=redirect, over=over)
        return Decision("nothing", link=after_yes, over=over)
    if browser and policy.logout_hint == "use" and _means_another(request.logout_hint, browser):
        trace.append("logout_hint names another user")
        return _mismatch(policy.on_foreign_hint, "foreign_hint", browser, after_yes)
    if policy.bare_post_is_consent and request.method == "POST":
        trace.append("bare_post_is_consent: the POST counts as the user's yes")
        return _end_if_any(browser, after_yes)
    if request.names_nothing and isinstance(hint, NoHint) and policy.on_no_params == "done":
        trace.append("on_no_params = done: ends without asking")
        return _end_if_any(browser, None)
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
    if by_cookie and sessions.cookie == "not_configured" and hint.sid is None:
        trace.append("no cookie is configured and the hint has no sid: ask")
        return Decision("ask", named, redirect, doubt="unmatched")
    if (named is None or not named.live) and not several:
        trace.append(f"the session is over or unknown; on_dead_session = {policy.on_dead_session}")
        if policy.on_dead_session == "error":
            raise SessionExpired
        return Decision("nothing", redirect=redirect, over=True)
    if not by_cookie:
        if several:
            raise AccessDenied("The id_token_hint has no sid and its user has several sessions.")
        trace.append("hint_authority = hint: the hint names the session")
        return _end(policy, named, redirect)
    if sessions.cookie != "not_configured":
        trace.append("hint_authority = cookie, and this browser presents no live session: nothing ends")
        return Decision("nothing", redirect=redirect)
    trace.append("no cookie is configured, so the session cannot be matched to this browser: ask")
    return Decision("ask", named, redirect, doubt="unmatched")


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
