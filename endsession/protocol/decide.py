"""What to do about a logout request: the table of `docs/policy.md`, as one pure function.

Everything is checked before anything ends: a user who is refused still has the session. A decision carries the trace
of the steps that led to it: `POST /{issuer_id}/logout/explain` shows it, and the log has it of each refusal.
"""

from __future__ import annotations

from dataclasses import replace

from .client import Client
from .decision import CLOCK_SKEW, Case, Decision, Doubt
from .errors import AccessDenied, EndsessionError, InvalidRedirectUri, InvalidRequest, InvalidToken
from .hint import Hint, NoHint, RefusedHint, VerifiedHint
from .redirect import RegisteredRedirect, match, unusable
from .request import LogoutRequest
from .session_matrix import match_session

__all__ = ["CLOCK_SKEW", "Case", "Decision", "Doubt", "client_to_look_up", "decide"]


def client_to_look_up(request: LogoutRequest, hint: Hint) -> str | None:
    """Whose registration the decision needs: the verified hint's client before that of `client_id`."""
    if isinstance(hint, VerifiedHint):
        return hint.client_id
    return request.client_id


def decide(case: Case) -> Decision:
    """Decide `case`. Never raises: a refusal is a decision with an `error`."""
    trace: list[str] = []
    try:
        hint = _judge_hint(case, trace)
        if case.hint is not hint and case.request.client_id is None:
            case = replace(case, client=None)  # a hint that is too old does not speak for its client
        client = _judge_client(case, hint, trace)
        redirect = _judge_redirect(case, client, hint, trace)
        decision = _with_others(case, match_session(case, hint, redirect, trace))
    except EndsessionError as error:
        trace.append(f"refuse: {error.status} {error.code}")
        decision = Decision("refuse", error=error)
    return replace(decision, trace=tuple(trace))


def _with_others(case: Case, decision: Decision) -> Decision:
    """A user who logs out of this browser must not stay signed in by another cookie of the same name.

    Without a question, another user's session stays: a neighbour host can plant the cookie of its own session, and its
    hint must not end anybody else's (T3). A yes is about all of them.
    """
    session, others = decision.session, case.sessions.others
    if session is None or session is not case.sessions.browser:
        return decision
    own = tuple(other for other in others if other.sub == session.sub)
    return replace(decision, others=own if decision.action == "end" else others)


# Step 1: is the hint good enough to be believed?


def _judge_hint(case: Case, trace: list[str]) -> Hint:
    """Apply the knobs on absent, invalid, expired and old hints (RP-Initiated Logout 1.0, sections 2 and 4)."""
    policy, hint = case.policy, case.hint
    if policy.client_id_param == "reject" and case.request.client_id:
        raise InvalidRequest("This endpoint does not take client_id.")
    if isinstance(hint, VerifiedHint):
        # Before its age is judged: an old hint of one client may not come with the client_id of another.
        if case.request.client_id not in (None, hint.client_id):
            raise InvalidRequest("The id_token_hint was not issued to the client_id of the request.")
        if problem := _age_problem(case, hint) or _signer_problem(case, hint):
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
    """A hint of a live session may be of any age, unless it acts alone; any other may be only so old.

    Alone it ends a session from any machine, so a hint that leaked must not be good for as long as the session lives.
    """
    if hint.exp + CLOCK_SKEW < case.now and not case.policy.accept_expired_hint:
        return "it has expired and accept_expired_hint is false"
    if case.now - hint.iat <= case.policy.max_hint_age:
        return None
    if not _is_of_live_session(case, hint):
        return f"its session is not live and its iat is older than max_hint_age ({case.policy.max_hint_age} s)"
    if _acts_alone(case):
        return f"no cookie confirms it and its iat is older than max_hint_age ({case.policy.max_hint_age} s)"
    return None


def _signer_problem(case: Case, hint: VerifiedHint) -> str | None:
    """What a client can have signed itself names no session but the browser's own, in which the client takes part.

    The secret is the client's own, so it must not be worth what the provider's key is.
    """
    if not hint.by_secret:
        return None
    if case.sessions.browser is not None and case.sessions.secret_cookie:
        takes_part = case.sessions.browser.client_takes_part
        return None if takes_part else "its client's secret signed it, and the client takes no part in the session"
    if _acts_alone(case) and _is_of_live_session(case, hint):
        return "its client's secret signed it, and no cookie confirms it"
    return None


def _acts_alone(case: Case) -> bool:
    """Whether the hint would say by itself which session ends, now or after a yes of anyone who brings it.

    A cookie whose value is the `sid` confirms nothing: it can be copied from the token.
    """
    sessions = case.sessions
    if not sessions.secret_cookie:
        return True
    return sessions.browser is None and (case.policy.hint_authority == "hint" or not sessions.matchable)


def _is_of_live_session(case: Case, hint: VerifiedHint) -> bool:
    """Whether a live session is the hint's: the one of its `sid`, or, without a `sid`, any of its user's."""
    named = case.sessions.named
    if hint.sid is not None:
        return named is not None and named.live and (named.is_user(hint.sub) or case.policy.sid_beats_sub)
    candidates = (case.sessions.browser, *case.sessions.of_subject)
    return any(session is not None and session.live and session.is_user(hint.sub) for session in candidates)


# Step 2: is there a client, and may it ask?


def _judge_client(case: Case, hint: Hint, trace: list[str]) -> Client | None:
    """The client that the request is for; a disabled one may not ask.

    Anyone can send a `client_id`. Where the request has nothing more of the client, a disabled one is taken for
    unknown, and an unknown one is no error: otherwise a stranger could find out which clients there are (T24).
    """
    client, uri = case.client, case.request.post_logout_redirect_uri
    if client is None:
        trace.append(
            "client unknown" if case.request.client_id or isinstance(hint, VerifiedHint) else "no client named"
        )
        return None
    if not client.disabled:
        trace.append("client known")
        return client
    if isinstance(hint, VerifiedHint) or (uri is not None and _registered(uri, client, case)):
        raise AccessDenied("The client of this request is disabled.", detail="client is disabled")
    trace.append("client disabled, so taken for unknown")
    return None


def _registered(uri: str, client: Client, case: Case) -> RegisteredRedirect | None:
    return match(uri, client.post_logout_redirect_uris, case.policy.redirect_match, native=client.native)


def _unregistered(uri: str, client: Client | None) -> str:
    """For the log; the commonest slips are named."""
    why = "it is not among the client's post_logout_redirect_uris"
    for registered in client.post_logout_redirect_uris if client else ():
        if uri.rstrip("/") == registered.rstrip("/"):
            return f"{why}, one of which differs from it by a slash at the end"
        if uri.partition(":")[2] == registered.partition(":")[2]:
            return f"{why}, one of which differs from it by its scheme (http, https)"
    return why


# Step 3: where may the browser go afterwards?


def _judge_redirect(case: Case, client: Client | None, hint: Hint, trace: list[str]) -> RegisteredRedirect | None:
    """Match the requested URI against the client's (RP-Initiated Logout 1.0, section 3)."""
    uri, policy = case.request.post_logout_redirect_uri, case.policy
    if uri is None:
        return _default_redirect(case, hint)
    ignore = policy.on_unregistered_redirect == "ignore"
    if client is None and case.request.client_id is None:
        trace.append("redirect dropped: no client to register it")
        if not ignore and isinstance(hint, NoHint):
            raise InvalidRequest("post_logout_redirect_uri needs client_id or id_token_hint with it.")
        return None
    if client and (
        redirect := match(uri, client.post_logout_redirect_uris, policy.redirect_match, native=client.native)
    ):
        trace.append(f"redirect registered; redirect_match = {policy.redirect_match}")
        return redirect
    # The same answer for a client that is not known as for one that has not registered the URI.
    why = unusable(uri) or _unregistered(uri, client)
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
