"""Step 7: asking the user.

Nothing is stored for a question: what the answer needs travels in a sealed handle, bound to the session that was asked
about and, by our own cookie, to the browser that was asked. Only its use is stored, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from starlette.responses import Response

from ..contract.rendering import json_response, page_response
from ..contract.request import Request
from ..gateway import Gateway, Issuer
from ..protocol.client import Client
from ..protocol.decide import Decision, Doubt
from ..protocol.errors import InvalidRequest
from ..protocol.session import Session, Sessions
from .browser import browser_secret, check_browser, check_origin
from .evaluate import Evaluation
from .find import unregistered_sub
from .handles import open_handle, still_registered
from .park import resume_url
from .receive import Received


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and what a yes leads to: the end of `sid`, and of `others` of the same browser.

    `endpoint` is the path of the endpoint that was called.
    """

    issuer_id: str
    endpoint: str
    sid: str | None
    others: Sequence[str]
    unregistered_sub: str | None
    account: str | None
    client_id: str | None
    redirect: str | None
    state: str | None
    doubt: Doubt


def ask(request: Request, gateway: Gateway, issuer: Issuer, received: Received, evaluation: Evaluation) -> Response:
    """The question page; for a caller that wants JSON, the URL at which a browser can be asked."""
    if request.wants == "json":
        url = resume_url(gateway, issuer, received)
        return json_response({"status": "confirmation_required", "confirm_url": url})
    decision, client = evaluation.decision, evaluation.shown_client
    assert decision.doubt is not None
    session = decision.session
    question = Question(
        issuer_id=issuer.id,
        endpoint=received.endpoint,
        sid=session.sid if session else None,
        others=[other.sid for other in decision.others],
        unregistered_sub=unregistered_sub(issuer, session, received.hint) if session else None,
        account=session.user_label if session and _may_name_account(evaluation) else None,
        client_id=client.client_id if client else None,
        redirect=decision.redirect,
        state=received.request.state,
        doubt=decision.doubt,
    )
    digest, cookie = browser_secret(request, gateway)
    handle = gateway.sealer.seal("question", asdict(question) | {"issuer": issuer.id, "browser": digest})
    response = question_page(gateway, issuer, question, handle, client)
    response.headers.append("Set-Cookie", cookie)
    return response


def question_page(gateway: Gateway, issuer: Issuer, question: Question, handle: str, client: Client | None) -> Response:
    """The question with its handle; an answer without a decision gets the same one again, and loses nothing."""
    return page_response(
        gateway.pages.question(
            action=gateway.link(issuer, "logout/confirm"),
            handle=handle,
            doubt=question.doubt,
            app=client.name if client else None,
            account=question.account,
            redirect=question.redirect,
        )
    )


def open_question(request: Request, gateway: Gateway, issuer: Issuer, handle: str) -> Question:
    """The question that an answer is for. Raises InvalidRequest, or AccessDenied for another site's form."""
    check_origin(request, gateway)
    content = open_handle(gateway, issuer, "question", handle)
    check_browser(request, gateway, content.pop("browser"))
    content.pop("issuer")
    return Question(**content)


def _may_name_account(evaluation: Evaluation) -> bool:
    """Whether the cookie proves that this is the account's browser, and there is but one account."""
    decision = evaluation.decision
    return decision.doubt != "unmatched" and not decision.others and evaluation.sessions.secret_cookie


def check_still_asked(question: Question, sessions: Sessions) -> None:
    """The question was about the session of this browser; a sign-in since then was not asked about (T27)."""
    asked_about = {question.sid, *question.others}
    live = [session for session in (sessions.browser, *sessions.others) if session is not None]
    if any(session.sid not in asked_about for session in live):
        raise InvalidRequest("This browser has signed in again since the question was asked.")


def decision_after_yes(
    gateway: Gateway, issuer: Issuer, question: Question, client: Client | None, sessions: Sessions
) -> Decision:
    """What the yes decided."""
    redirect = still_registered(gateway, issuer, question.endpoint, client, question.redirect)
    if question.sid is None:
        return Decision("nothing", redirect=redirect)
    session = sessions.browser or Session(question.sid, "", live=False)
    return Decision("end", session, redirect)
