"""Logging out: the flow of a logout request, in the order in which it happens.

Every vendor's endpoint, by GET and by POST, runs `end_session`. What differs between them is data: the names of their
parameters, where the issuer comes from, and the policy. Each step is a module of `endsession.flow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from endsession.contract.request import Request
from endsession.delivery.endings import By
from endsession.flow.answer import after_logout, kept
from endsession.flow.ask import ask, check_still_asked, decision_after_yes, open_question, question_page
from endsession.flow.evaluate import evaluate
from endsession.flow.find import find_sessions, provider_cookies, unregistered_sub, warn_of_missing_cookie
from endsession.flow.frames import after_frames
from endsession.flow.handles import LIFETIME
from endsession.flow.outcome import Outcome
from endsession.flow.park import lacks_cookie, open_parked, park
from endsession.flow.receive import Received, read_hint, receive
from endsession.flow.status import status
from endsession.gateway import Gateway, Issuer
from endsession.protocol.client import Client
from endsession.protocol.errors import EndsessionError, NotFound
from endsession.protocol.hint import NoHint, VerifiedHint
from endsession.store.deliveries import Delivery, frames_of_session


async def end_session(request: Request, gateway: Gateway) -> Response:
    """A logout request (RP-Initiated Logout 1.0, section 2)."""
    # 1. Receive: the address has been counted, connexion has routed and validated. 2. Find the issuer.
    issuer = gateway.find_issuer(request)
    # 3. Rate limit of the issuer, before anything costs.
    await gateway.limiter.take_from_issuer(issuer.id)
    # 4. Read the hint. From here on the raw hint is gone.
    assert request.endpoint is not None
    policy = issuer.policy_of(request.endpoint)
    asked, raw_hint = receive(request, policy)
    hint = await read_hint(raw_hint, asked, policy, issuer)
    if isinstance(hint, VerifiedHint):
        await gateway.limiter.take_from_client(issuer.id, hint.client_id, hint.sub)
    # A form posted from another site comes without the provider's cookie: park it and come back by GET.
    received = Received(issuer.id, request.endpoint.path, asked, hint)
    if lacks_cookie(request, issuer):
        return park(request, gateway, issuer, received)
    return await _carry_on(request, gateway, issuer, received)


async def resume_logout(request: Request, gateway: Gateway) -> Response:
    """A parked logout request comes back, with the provider's cookie if there is one. It never parks again."""
    issuer = gateway.find_issuer(request)
    received = open_parked(request, gateway, issuer)
    request.endpoint = gateway.document.endpoints[received.endpoint]  # whose form its errors have
    if not issuer.serves(request.endpoint):
        raise NotFound("This issuer does not serve this endpoint.")
    return await _carry_on(request, gateway, issuer, received)


async def _carry_on(request: Request, gateway: Gateway, issuer: Issuer, received: Received) -> Response:
    """Steps 5 to 10, which a parked request reaches by way of a redirect."""
    policy = issuer.policy_of(gateway.document.endpoints[received.endpoint])
    # 5. Find the session. 6. Decide. Everything has been validated before anything ends.
    cookies = provider_cookies(request, issuer)
    evaluation = await evaluate(gateway, issuer, policy, received.request, received.hint, cookies)
    request.client_id = evaluation.client.client_id if evaluation.client else None
    decision, client = evaluation.decision, evaluation.shown_client
    if decision.error is not None:
        raise _with_trace(decision.error, decision.trace)
    if isinstance(received.hint, VerifiedHint) and gateway.clock() - received.hint.iat <= policy.max_hint_age:
        issuer.note_hint(received.hint)
    # 7. Ask.
    if decision.action == "ask":
        return ask(request, gateway, issuer, received, evaluation)
    if decision.action == "nothing":
        warn_of_missing_cookie(gateway, issuer, evaluation.sessions)
    # 8. End: durable when this returns. 9. Tell the apps, for as long as the issuer waits.
    deliveries = None
    if decision.action == "end" and decision.session is not None:
        by = _by(request, client, unregistered_sub(issuer, decision.session, received.hint))
        deliveries = await gateway.endings.end(issuer.notify_policy, decision.session.sid, by)
        await _end_others(gateway, issuer, [other.sid for other in decision.others], by)
    # 10. Answer.
    state, sessions = received.request.state, evaluation.sessions
    outcome = Outcome(decision, sessions, state, client, deliveries or [], received.endpoint)
    return await after_logout(request, gateway, issuer, outcome)


async def confirm_logout(request: Request, gateway: Gateway) -> Response:
    """The answer to the question: it counts once, from the browser that was asked (T3, T27).

    A user who sends it again, by a double click or out of impatience, gets the same response as the first time.
    """
    issuer = gateway.find_issuer(request)
    handle = request.form["handle"]
    question = open_question(request, gateway, issuer, handle)
    request.endpoint = gateway.document.endpoints[question.endpoint]  # whose form its errors have
    request.client_id = question.client_id
    client = await issuer.client(question.client_id) if question.client_id else None
    answer = request.form.get("decision")
    if answer is None:
        return question_page(gateway, issuer, question, handle, client)
    sessions = await find_sessions(gateway, issuer, NoHint(), provider_cookies(request, issuer))
    if answer == "yes":
        check_still_asked(question, sessions)
    by = _by(request, client, question.unregistered_sub)
    answered = await gateway.endings.answer(
        issuer.notify_policy,
        question.sid,
        by,
        handle=handle,
        answer="yes" if answer == "yes" else "no",
        expires_at=gateway.clock() + LIFETIME,
    )
    if answered.answer == "no":
        return kept(request, gateway, client)
    await _end_others(gateway, issuer, question.others, by)
    decision = decision_after_yes(gateway, issuer, question, client, sessions)
    deliveries: Sequence[Delivery] = answered.ended.deliveries if answered.ended else ()
    if not answered.first and question.sid is not None:
        deliveries = await gateway.store.read(frames_of_session(issuer.id, question.sid))
    outcome = Outcome(decision, sessions, question.state, client, deliveries, question.endpoint)
    return await after_logout(request, gateway, issuer, outcome)


def _by(request: Request, client: Client | None, unregistered: str | None) -> By:
    """A logout by the user, for an app or in the browser alone."""
    client_id = client.client_id if client else None
    return By("user", client_id or "browser", client_id, request.wants == "html", unregistered)


async def _end_others(gateway: Gateway, issuer: Issuer, sids: Sequence[str], by: By) -> None:
    """Live sessions of other cookies that the same browser presented. Nobody waits for their apps."""
    for sid in sids:
        await gateway.endings.end(issuer.notify_policy, sid, replace(by, in_browser=False), wait=0)


async def continue_logout(request: Request, gateway: Gateway) -> Response:
    """The frames have been shown: on to the registered URI, or to the signed-out page."""
    issuer = gateway.find_issuer(request)
    return await after_frames(request, gateway, issuer)


async def logout_status(request: Request, gateway: Gateway) -> Response:
    """What became of a logout, for a user who was given the URL."""
    issuer = gateway.find_issuer(request)
    return await status(request, gateway, issuer)


def _with_trace(error: EndsessionError, trace: tuple[str, ...]) -> EndsessionError:
    """The trace goes to the log, so that an operator sees which knob refused."""
    error.detail = "; ".join(trace)
    return error
