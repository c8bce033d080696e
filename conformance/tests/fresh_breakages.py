"""Ten more ways to break a gateway, chosen from the documents alone, by somebody who had not seen the checks.

Each replaces a part of the real gateway by one with a regression in it, or wraps the application.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from endsession.contract import negotiation
from endsession.contract.request import Request
from endsession.flow.ask import Question, open_question
from endsession.flow.handles import LIFETIME
from endsession.flow.receive import Received
from endsession.gateway import Gateway, Issuer
from endsession.handlers import deliveries, logout, sessions
from endsession.pages import Page, Pages
from endsession.protocol import decide
from endsession.protocol.client import Client
from endsession.protocol.errors import NotFound
from endsession.store.deliveries import Delivery, deliveries_page
from endsession.store.ending import answer_question
from endsession.store.script import Script
from endsession.store.sessions import register_session

from .breakages import answering
from .deployment import Break

Regression = Callable[[pytest.MonkeyPatch], Break | None]
"""Replaces parts of the gateway before it starts; returns the wrapper, where it needs one."""


def clears_any_cookie(patch: pytest.MonkeyPatch) -> None:
    """Every response clears the provider's cookie, also when no session of that browser has ended."""
    carry_on = logout._carry_on

    async def broken(request: Request, gateway: Gateway, issuer: Issuer, received: Received) -> Response:
        response = await carry_on(request, gateway, issuer, received)
        if issuer.cookie and request.cookies(issuer.cookie.name):
            response.headers.append("Set-Cookie", issuer.cookie.clearing)
        return response

    patch.setattr(logout, "_carry_on", broken)


def language_spends_the_question(patch: pytest.MonkeyPatch) -> None:
    """Who reads the question in another language cannot answer it any more."""
    confirm = logout.confirm_logout

    async def broken(request: Request, gateway: Gateway) -> Response:
        response = await confirm(request, gateway)
        if "decision" not in request.form:
            await gateway.store.write(
                answer_question(request.form["handle"], "no", None, expires_at=gateway.clock() + LIFETIME)
            )
        return response

    patch.setattr(logout, "confirm_logout", broken)


def a_yes_loses_state(patch: pytest.MonkeyPatch) -> None:
    """After a question the redirect comes without `state`; without a question it is right."""

    def broken(request: Request, gateway: Gateway, issuer: Issuer, handle: str) -> Question:
        return replace(open_question(request, gateway, issuer, handle), state=None)

    patch.setattr(logout, "open_question", broken)


def serves_disabled_clients(patch: pytest.MonkeyPatch) -> None:
    """Neither the endpoints nor `explain` check whether the client is disabled."""
    judge_client = decide._judge_client

    def broken(case: decide.Case, hint: Any, trace: list[str]) -> Client | None:
        client = replace(case.client, disabled=False) if case.client else None
        return judge_client(replace(case, client=client), hint, trace)

    patch.setattr(decide, "_judge_client", broken)


def an_update_forgets_the_apps(patch: pytest.MonkeyPatch) -> None:
    """A session that is registered again, without its apps, loses them: they will not be notified."""

    def broken(issuer_id: str, sid: str, session: Any, **options: Any) -> Script[Any]:
        return register_session(issuer_id, sid, replace(session, participants=session.participants or ()), **options)

    patch.setattr(sessions, "register_session", broken)


def redelivers_nothing(patch: pytest.MonkeyPatch) -> None:
    """Asked to send again, it answers 200 with the delivery as it was, and sends nothing."""

    def broken(issuer_id: str, delivery_id: str, *, now: float, deadline: float) -> Script[Delivery]:
        known = yield from deliveries_page(issuer_id, state=None, client_id=None, after="", limit=100_000)
        found = [delivery for delivery in known if delivery.id == delivery_id and delivery.channel in ("back", "op")]
        if not found:
            raise NotFound("There is no such delivery that could be sent again.")
        return found[0]

    patch.setattr(deliveries, "make_due_again", broken)


def trusts_labels(patch: pytest.MonkeyPatch) -> None:
    """The account's name gets into the question as HTML (XSS)."""
    question = Pages.question

    def broken(self: Pages, **values: Any) -> Page:
        account = values.pop("account")
        return question(self, account=Markup(account) if account else account, **values)

    patch.setattr(Pages, "question", broken)


def shares_with_every_origin(patch: pytest.MonkeyPatch) -> Break:
    """A well-meant middleware lets the scripts of every site read answers, with the user's cookies."""

    def wrap(app: ASGIApp) -> ASGIApp:
        return CORSMiddleware(app, allow_origin_regex=".*", allow_credentials=True)

    return wrap


def believes_the_forwarded_host(patch: pytest.MonkeyPatch) -> Break:
    """The URLs in the metadata have the host of a proxy's header, which any client can send."""

    @answering
    def change(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
        host = Headers(scope=scope).get("x-forwarded-host")
        if host and status == 200 and scope["path"].endswith("/openid-configuration"):
            metadata = json.loads(body)
            for name in ("end_session_endpoint", "jwks_uri"):
                metadata[name] = metadata[name].replace("login.example", host)
            body = json.dumps(metadata).encode()
        return status, headers, body

    return change


def takes_browsers_for_programs(patch: pytest.MonkeyPatch) -> None:
    """Only `Accept: text/html` alone gets a page; what browsers really send, a list, gets JSON."""

    def broken(accept: str, media_types: tuple[str, ...]) -> float:
        return 1.0 if accept.strip().lower() in media_types else 0.0

    negotiation.read_accept.cache_clear()
    patch.setattr(negotiation, "_quality", broken)
