"""Logging out: the flow of a logout request, in the order in which it happens.

Every vendor's endpoint, by GET and by POST, runs `end_session`. What differs between them is the endpoint (names of
parameters, where the issuer comes from) and the policy; both are data.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from endsession.contract.negotiation import prefers
from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.protocol.decide import Case, Decision, client_to_look_up, decide
from endsession.protocol.errors import EndsessionError, InvalidRequest
from endsession.protocol.hint import NoHint, VerifiedHint
from endsession.protocol.policy import Policy
from endsession.protocol.request import LogoutRequest, merge_places
from endsession.protocol.session import Sessions
from endsession.store.ending import spend_handle

from . import answers, questions
from .answers import Outcome
from .finding import find_sessions, read_hint, unregistered_sub
from .questions import Parked, Question


async def end_session(request: Request, gateway: Gateway) -> Response:
    """A logout request (RP-Initiated Logout 1.0, section 2)."""
    # 1. Receive: connexion has routed and validated. 2. Find the issuer.
    issuer = gateway.find_issuer(request)
    # 3. Rate limit, before anything costs.
    await gateway.limiter.take_from_address(request.client_address)
    await gateway.limiter.take_from_issuer(issuer.id)
    # 4. Read the hint. From here on the raw hint is gone.
    assert request.endpoint is not None
    policy = issuer.policy_of(request.endpoint)
    asked, raw_hint = _receive(request, policy)
    hint = await read_hint(raw_hint, asked, policy, issuer)
    if isinstance(hint, VerifiedHint):
        await gateway.limiter.take_from_client(issuer.id, hint.client_id)
    # A form posted from another site comes without the provider's cookie: park it and come back by GET.
    parked = Parked(issuer.id, request.endpoint.path, asked, hint)
    if _lacks_cookie(request, issuer, policy):
        return questions.park(request, gateway, issuer, parked)
    return await _carry_on(request, gateway, issuer, parked)


async def resume_logout(request: Request, gateway: Gateway) -> Response:
    """A parked logout request comes back, with the provider's cookie if there is one. It never parks again."""
    issuer = gateway.find_issuer(request)
    await gateway.limiter.take_from_address(request.client_address)
    parked = questions.open_parked(request, gateway, issuer)
    return await _carry_on(request, gateway, issuer, parked)


async def _carry_on(request: Request, gateway: Gateway, issuer: Issuer, parked: Parked) -> Response:
    """Steps 5 to 10, which a parked request reaches by way of a redirect."""
    asked, hint = parked.asked, parked.hint
    policy = issuer.policy_of(gateway.document.endpoints[parked.endpoint])
    # 5. Find the session.
    sessions = await find_sessions(request, gateway, issuer, hint)
    # 6. Decide. Everything has been validated before anything ends.
    client_id = client_to_look_up(asked, hint, policy)
    client = await issuer.client(client_id) if client_id else None
    decision = decide(Case(asked, policy, hint, client, sessions, gateway.clock()))
    if decision.error is not None:
        raise _with_reason(decision.error, decision)
    # 7. Ask.
    if decision.action == "ask":
        return questions.ask(request, gateway, issuer, parked, decision, client)
    # 8. End: durable when this returns. 9. Tell the apps, for as long as the issuer waits.
    deliveries = None
    if decision.action == "end" and decision.session is not None:
        deliveries = await gateway.endings.end(
            issuer.notify_policy,
            decision.session.sid,
            reason="user",
            actor=client.client_id if client else "browser",
            initiator=client.client_id if client else None,
            in_browser=answers.is_browser(request),
            unregistered_sub=unregistered_sub(issuer, decision.session, hint),
        )
    # 10. Answer.
    outcome = Outcome(decision, sessions, asked.state, client, deliveries or [], parked.endpoint)
    return await answers.after_logout(request, gateway, issuer, outcome)


async def confirm_logout(request: Request, gateway: Gateway) -> Response:
    """The answer to the question: it is believed once, from the browser that was asked (T3, T27)."""
    issuer = gateway.find_issuer(request)
    await gateway.limiter.take_from_address(request.client_address)
    handle = request.form["handle"]
    question = questions.open_question(request, gateway, issuer, handle)
    client = await issuer.client(question.client_id) if question.client_id else None
    answer = request.form.get("decision")
    if answer is None:
        return questions.ask_again(request, gateway, issuer, question, handle, client)
    expires_at = gateway.clock() + questions.LIFETIME
    if answer == "no":
        await gateway.store.write(spend_handle(handle, expires_at=expires_at))
        return answers.kept(request, gateway, client)
    sessions = await find_sessions(request, gateway, issuer, NoHint())
    _check_still_asked(question, sessions)
    deliveries = None
    if question.sid is None:
        await gateway.store.write(spend_handle(handle, expires_at=expires_at))
    else:
        deliveries = await gateway.endings.end(
            issuer.notify_policy,
            question.sid,
            reason="user",
            actor=question.client_id or "browser",
            initiator=question.client_id,
            in_browser=answers.is_browser(request),
            unregistered_sub=question.unregistered_sub,
            handle=(handle, expires_at),
        )
    decision = questions.decision_after_yes(gateway, issuer, question, client, sessions)
    outcome = Outcome(decision, sessions, question.state, client, deliveries or [], question.endpoint)
    return await answers.after_logout(request, gateway, issuer, outcome)


async def continue_logout(request: Request, gateway: Gateway) -> Response:
    """The frames have been shown: on to the registered URI, or to the signed-out page."""
    issuer = gateway.find_issuer(request)
    await gateway.limiter.take_from_address(request.client_address)
    return await answers.after_frames(request, gateway, issuer)


async def logout_status(request: Request, gateway: Gateway) -> Response:
    """What became of a logout, for whoever was given the address."""
    issuer = gateway.find_issuer(request)
    await gateway.limiter.take_from_address(request.client_address)
    return await answers.status(request, gateway, issuer)


def _receive(request: Request, policy: Policy) -> tuple[LogoutRequest, str | None]:
    """The request in the standard's terms, and the raw hint apart from it."""
    assert request.endpoint is not None
    sent = merge_places(request.method, request.query, request.form, policy)
    name = request.endpoint.vendor_name
    asked = LogoutRequest(
        method="POST" if request.method == "POST" else "GET",
        client_id=sent.get(name("client_id")),
        post_logout_redirect_uri=sent.get(name("post_logout_redirect_uri")),
        state=sent.get(name("state")),
        logout_hint=sent.get(name("logout_hint")),
        ui_locales=sent.get(name("ui_locales")) if policy.ui_locales == "use" else None,
    )
    if asked.client_id and policy.client_id_param == "ignore":
        asked = replace(asked, client_id=None)
    return asked, sent.get(name("id_token_hint"))


def _lacks_cookie(request: Request, issuer: Issuer, policy: Policy) -> bool:
    """Whether a browser posted this from elsewhere, so that SameSite=Lax kept the provider's cookie back."""
    return (
        request.method == "POST"
        and policy.hint_authority == "cookie"
        and issuer.cookie is not None
        and not request.cookies(issuer.cookie.name)
        and prefers(request.headers.get("accept", "")) == "html"
    )


def _check_still_asked(question: Question, sessions: Sessions) -> None:
    """The question was about the session of this browser; a sign-in since then was not asked about (T27)."""
    if sessions.browser is not None and sessions.browser.sid != question.sid:
        raise InvalidRequest("This browser has signed in again since the question was asked.")


def _with_reason(error: EndsessionError, decision: Decision) -> EndsessionError:
    """The trace goes to the log, so that an operator sees which knob refused."""
    error.detail = "; ".join(decision.trace)
    return error
