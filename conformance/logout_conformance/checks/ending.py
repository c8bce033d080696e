"""Ending: a valid request ends its session, once and for all. Anything less keeps it live."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qsl, urlsplit

from ..check import CheckSkipped, Registry, expect, expect_redirect, expect_status
from ..context import Context
from ..endpoint import HTML, JSON, Endpoint, asks, cookies_set, status_of, takes
from ..exchange import Exchange
from ..responses.cookies import clears

check = Registry()


def requires_no_question(context: Context, endpoint: Endpoint) -> None:
    """Raises CheckSkipped unless a valid hint ends a session here without a question."""
    if endpoint.knob("prompt") == "always":
        raise CheckSkipped("this endpoint always asks (prompt = always)")
    if endpoint.knob("hint_authority") != "hint" and "cookie" not in context.fixtures.available:
        raise CheckSkipped("needs --cookie NAME: without the provider's cookie this endpoint asks")


def requires_cookie_authority(endpoint: Endpoint) -> None:
    """Raises CheckSkipped unless the cookie decides which session ends."""
    if endpoint.knob("hint_authority") != "cookie":
        raise CheckSkipped("the hint decides here, or it is not known what does (hint_authority)")


@check(
    "a valid request ends the session and redirects to the registered URI",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint"),
)
def ends(context: Context, endpoint: Endpoint) -> None:
    """A second request like it gets the same response and changes nothing."""
    requires_no_question(context, endpoint)
    session = context.fixtures.session()
    app = context.fixtures.app
    assert app is not None
    uri = app.redirect_uris[0] if app.redirect_uris and "post_logout_redirect_uri" in endpoint.takes else None
    state = "contract-state" if uri and "state" in endpoint.takes else None
    sent = {"id_token_hint": context.fixtures.hint(session), "post_logout_redirect_uri": uri, "state": state}
    for _ in range(2):
        response = endpoint.request(context.http, sent, cookie=session.cookie)
        context.expect_ended(session, response)
        if uri:
            expect_redirect(response, uri, state)
        else:
            expect_status(response, 200)
    record = context.fixtures.manage("GET", f"sessions/{session.sid}")
    body = record.json()
    body = body if isinstance(body, dict) else {}
    expect(body.get("end_reason") == "user", "the session's end is not recorded as the user's", record)
    expect(body.get("ended_at"), "the time of the session's end is not recorded", record)


@check(
    "a valid request ends its session and no other", "endpoint", "issuer", "key", "token", where=takes("id_token_hint")
)
def only_its_session(context: Context, endpoint: Endpoint) -> None:
    """Another session of the same user is kept, and so is another user's."""
    requires_no_question(context, endpoint)
    session = context.fixtures.session()
    same_user, other_user = context.fixtures.session(session.sub), context.fixtures.session()
    sent = {"id_token_hint": context.fixtures.hint(session)}
    response = endpoint.request(context.http, sent, cookie=session.cookie)
    context.expect_ended(session, response)
    context.expect_live(same_user, response)
    context.expect_live(other_user, response)


@check(
    "the provider's cookie is cleared when its session ends, and only then",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=takes("id_token_hint"),
)
def cookie_cleared(context: Context, endpoint: Endpoint) -> None:
    """A request from another site must not sign the user out, and an error clears nothing."""
    requires_no_question(context, endpoint)
    if context.target.document.fronted_urls("authorization", str(context.options.issuer), context.target.public_url):
        raise CheckSkipped("behind a front, the provider's cookies are deleted when the browser signs in again")
    name = context.options.cookie or ""
    session = context.fixtures.session()
    invalid, valid = {"id_token_hint": "a.b.c"}, {"id_token_hint": context.fixtures.hint(session)}
    for what, cookie in (("no cookie", ""), ("an unknown cookie", f"{name}=contract-unknown-cookie")):
        response = endpoint.request(context.http, invalid, cookie=cookie)
        expect(not clears(response, name), f"the response to a request with {what} clears the cookie", response)
    response = endpoint.request(context.http, invalid, cookie=session.cookie)
    context.expect_live(session, response)
    expect(not clears(response, name), "the cookie of a live session is cleared", response)
    response = endpoint.request(context.http, valid, cookie=session.cookie)
    context.expect_ended(session, response)
    expect(clears(response, name), "the session has ended, and its cookie is not cleared", response)


@check(
    "HEAD ends nothing",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=lambda endpoint: endpoint.operation.method == "GET" and "id_token_hint" in endpoint.takes,
)
def head(context: Context, endpoint: Endpoint) -> None:
    """200, empty, without any effect: link checkers and previews send it."""
    session = context.fixtures.session()
    query = endpoint.named({"id_token_hint": context.fixtures.hint(session)})
    response = context.http.send("HEAD", endpoint.url_path, query=query, cookie=session.cookie)
    context.expect_live(session, response)
    expect_status(response, 200)


@check(
    "a leaked hint ends nothing from another browser",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=takes("id_token_hint"),
)
def from_another_browser(context: Context, endpoint: Endpoint) -> None:
    """Where the cookie decides (hint_authority = cookie), a valid hint without the cookie ends nothing."""
    requires_cookie_authority(endpoint)
    session, other = context.fixtures.session(), context.fixtures.session()
    sent = {"id_token_hint": context.fixtures.hint(session)}
    for cookie in ("", f"{context.options.cookie}=contract-unknown-cookie", other.cookie):
        for accept in ("*/*", HTML, JSON):
            response = endpoint.request(context.http, sent, cookie=cookie, accept=accept)
            context.expect_live(session, response)
            context.expect_live(other, response)


@check(
    "the hint alone ends its session where the hint decides",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint"),
)
def by_hint(context: Context, endpoint: Endpoint) -> None:
    """hint_authority = hint: the ID token represents the session."""
    if endpoint.knob("hint_authority") != "hint" or endpoint.knob("prompt") == "always":
        raise CheckSkipped("the cookie decides here, or it is not known what does (hint_authority)")
    session = context.fixtures.session()
    response = endpoint.request(context.http, {"id_token_hint": context.fixtures.hint(session)})
    context.expect_ended(session, response)


@check("a request without a valid hint ends nothing without a question", "endpoint", "issuer", "cookie")
def without_hint(context: Context, endpoint: Endpoint) -> None:
    """Any site can send one, as an image or a form (CSRF); unless a vendor documents it."""
    done = (endpoint.knob("on_no_params"), endpoint.knob("on_no_hint"))
    if "done" in done or endpoint.knob("bare_post_is_consent"):
        raise CheckSkipped("such a request ends the session here, as documented (on_no_params, on_no_hint)")
    session = context.fixtures.session()
    client = context.fixtures.app.client_id if context.fixtures.app else None
    for accept in ("*/*", HTML, JSON):
        for sent in ({}, {"client_id": client}, {"logout_hint": session.sub}, {"id_token_hint": "a.b.c"}):
            response = endpoint.request(context.http, sent, cookie=session.cookie, accept=accept)
            context.expect_live(session, response)
            _expect_not_signed_out(response)


def _expect_not_signed_out(response: Exchange) -> None:
    expect(status_of(response) != "signed_out", "signed_out, although the session is live", response)
    expect(
        response.status != 200
        or not response.json()
        or asks(response)
        or status_of(response) in ("nothing_to_end", "kept"),
        "neither a question nor a refusal",
        response,
    )


@check(
    "a form from another site is parked until the browser sends its cookie, and is parked once",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=lambda endpoint: endpoint.operation.method == "POST" and "id_token_hint" in endpoint.takes,
)
def parked(context: Context, endpoint: Endpoint) -> None:
    """A cross-site POST lacks the SameSite=Lax cookie. A 303 to the service itself brings it, and the session ends."""
    requires_cookie_authority(endpoint)
    requires_no_question(context, endpoint)
    session = context.fixtures.session()
    app = context.fixtures.app
    uri = app.redirect_uris[0] if app and app.redirect_uris else None
    hint = context.fixtures.hint(session)
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": uri, "state": "contract-state"}
    response = endpoint.request(context.http, sent, accept=HTML)
    expect_status(response, 303)
    context.expect_live(session, response)
    location = response.header("location")
    expect(context.target.is_internal(location), "the request is not parked at the service", response)
    _expect_no_hint_in(location, hint, response)
    expect(not cookies_set(response), "parking replaces a cookie that an open question may need", response)
    other = context.fixtures.session()
    for cookie in ("", other.cookie):  # a browser without a session, and one with somebody else's
        elsewhere = context.http.follow(location, cookie=cookie, accept=HTML)
        parked_again = elsewhere.status == 303 and context.target.is_internal(elsewhere.header("location"))
        expect(not parked_again, "it is parked again", elsewhere)
        context.expect_live(session, elsewhere)
        context.expect_live(other, elsewhere)
    back = context.http.follow(location, cookie=session.cookie, accept=HTML)
    context.expect_ended(session, back)
    if uri:
        expect_redirect(back, uri, "contract-state")
    else:
        expect_status(back, 200)


def _expect_no_hint_in(location: str, hint: str, response: Exchange) -> None:
    """Neither as it is nor encoded: handles end up in browser histories and logs."""
    payload = base64.urlsafe_b64decode(hint.split(".")[1] + "==")
    for _, value in parse_qsl(urlsplit(location).query):
        plain = base64.urlsafe_b64decode(re.sub(r"[^A-Za-z0-9_-]", "", value) + "==")
        expect(hint.encode() not in plain and payload not in plain, "the handle contains the hint", response)


@check(
    "a session that has already ended is a success, and its end is recorded once",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint"),
)
def already_ended(context: Context, endpoint: Endpoint) -> None:
    """After an administrator has ended it; unless on_dead_session = error."""
    manage, session = context.fixtures.manage, context.fixtures.session()
    manage("DELETE", f"sessions/{session.sid}")
    before = manage("GET", f"sessions/{session.sid}").json()
    sent = {"id_token_hint": context.fixtures.hint(session)}
    response = endpoint.request(context.http, sent, cookie=session.cookie, accept=JSON)
    refused = endpoint.knob("on_dead_session") == "error" or endpoint.knob("require_authenticated_user")
    expect_status(response, 401 if refused else 200)
    after = manage("GET", f"sessions/{session.sid}").json()
    for member in ("ended_at", "end_reason"):
        expect(before.get(member) == after.get(member), f"{member} of the session changes", response)
