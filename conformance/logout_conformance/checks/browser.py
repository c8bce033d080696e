"""What a browser and a JSON client are shown: a page or JSON, the result of a logout, the page with frames."""

from __future__ import annotations

import html
import re

from ..check import CheckSkipped, Registry, expect, expect_redirect, expect_status
from ..context import Context
from ..endpoint import HTML, JSON, Endpoint, asks, status_of, takes
from .ending import requires_no_question

check = Registry()


@check("Accept decides between a page and JSON", "endpoint", "issuer")
def accept_header(context: Context, endpoint: Endpoint) -> None:
    """As real browsers and clients send it. A policy may fix the form of errors."""
    client = context.fixtures.app.client_id if context.fixtures.app else None
    for accept, expected in (
        (HTML, "text/html"),
        (JSON, "application/json"),
        ("text/html;q=0.1, application/json", JSON),
    ):
        response = endpoint.request(context.http, {"client_id": client}, accept=accept)
        fixed = endpoint.knob("error_format") in (None, "oauth_json", "html", "problem")
        if response.status == 303 or (response.status >= 400 and fixed):
            continue
        expect(
            response.media_type in (expected, "application/problem+json"),
            f"{response.media_type} for Accept: {accept}",
            response,
        )


@check(
    "a JSON client gets the result of its logout, and only the session's browser gets the apps",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint"),
)
def result(context: Context, endpoint: Endpoint) -> None:
    """`status_url` cannot be guessed, and shows the result of the logout."""
    requires_no_question(context, endpoint)
    session = context.fixtures.session(user_label="contract-label")
    sent = {"id_token_hint": context.fixtures.hint(session)}
    response = endpoint.request(context.http, sent, cookie=session.cookie, accept=JSON)
    expect_status(response, 200)
    expect(status_of(response) == "signed_out", "the result does not say signed_out", response)
    body = response.json()
    if not session.cookie:
        expect("apps" not in body, "apps are named without the cookie of the session", response)
        expect("contract-label" not in response.text, "the account is named without the cookie", response)
    url = body.get("status_url", "")
    expect(context.target.is_internal(url), "status_url is missing, or not a URL of this service", response)
    status = context.http.follow(url, accept=JSON)
    expect_status(status, 200)
    expect(status_of(status) == "signed_out", "the status of the logout is not signed_out", status)
    expect_status(context.http.follow(url, accept=HTML), 200)
    changed = url[:-6] + ("AAAAAA" if not url.endswith("AAAAAA") else "BBBBBB")
    expect_status(context.http.follow(changed, accept=JSON), 400)


@check(
    "a hint alone reveals neither apps nor account",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint"),
)
def nothing_private(context: Context, endpoint: Endpoint) -> None:
    """Names are for the browser of the session. Hints leak, and do not prove to be that browser."""
    session = context.fixtures.session(user_label="contract-private-label")
    for accept in (JSON, HTML):
        response = endpoint.request(context.http, {"id_token_hint": context.fixtures.hint(session)}, accept=accept)
        body = response.json()
        expect("apps" not in (body if isinstance(body, dict) else {}), "apps are named without the cookie", response)
        expect("contract-private-label" not in response.text, "the account is named without the cookie", response)


@check(
    "frames notify the apps, frame-src lists exactly them, and the page redirects to the registered URI",
    "endpoint",
    "issuer",
    "key",
    "clients",
    "cookie",
    where=takes("id_token_hint", "state"),
)
def frames(context: Context, endpoint: Endpoint) -> None:
    """Front-Channel Logout 1.0, section 3: both `iss` and `sid`. `frame-src` allows the app's origin and no other."""
    requires_no_question(context, endpoint)
    origin = f"https://frames-{context.fixtures.run_id}.example"
    uri = f"{origin}/signed-out"
    app = context.fixtures.register(
        "frames",
        redirect_uris=[f"{origin}/callback"],
        post_logout_redirect_uris=[uri],
        frontchannel_logout_uri=f"{origin}/frontchannel?a=b",
        frontchannel_logout_session_required=True,
    )
    context.target.known_redirects.add(uri)
    session = context.fixtures.session(client=app)
    sent = {
        "id_token_hint": context.fixtures.hint(session, client=app),
        "post_logout_redirect_uri": uri,
        "state": "contract-state",
    }
    response = endpoint.request(context.http, sent, cookie=session.cookie, accept=HTML)
    expect_status(response, 200)
    context.expect_ended(session, response)
    shown = [html.unescape(src) for src in re.findall(r"<iframe[^>]*\bsrc=\"([^\"]+)\"", response.text)]
    only = len(shown) == 1 and shown[0].startswith(f"{origin}/frontchannel?a=b&")
    expect(only, "the app's frame is not shown", response)
    expect("iss=" in shown[0] and f"sid={session.sid}" in shown[0], "the frame lacks iss or sid", response)
    sources = re.search(r"frame-src ([^;]*)", response.header("content-security-policy"))
    expect(sources and sources[1].split() == [origin], "frame-src is not exactly the app's origin", response)
    refresh = re.search(r"http-equiv=\"refresh\"[^>]*url=([^\"]+)\"", response.text)
    expect(refresh, "the page does not go on by itself", response)
    expect_redirect(context.http.follow(html.unescape(refresh[1]) if refresh else ""), uri, "contract-state")


@check("pages show registered names as text, never as markup", "endpoint", "issuer", "key", "clients", "cookie")
def names_are_text(context: Context, endpoint: Endpoint) -> None:
    """The account's and the app's, on the question and after it: users often choose such names themselves (XSS)."""
    markup = '<b title="contract-markup">'
    app = context.fixtures.register("markup", client_name=f"{markup}app")
    session = context.fixtures.session(client=app, user_label=f"{markup}account")
    hint = context.fixtures.hint(session, client=app)
    for sent in ({"client_id": app.client_id}, {"id_token_hint": hint}):
        response = endpoint.request(context.http, sent, cookie=session.cookie, accept=HTML)
        expect(markup not in response.text, "a registered name is markup on the page", response)


@check("a JSON client gets the URL at which the user can be asked", "endpoint", "issuer", "cookie")
def question_as_json(context: Context, endpoint: Endpoint) -> None:
    """`confirm_url` opens the question in the user's browser."""
    session = context.fixtures.session()
    response = endpoint.request(context.http, {}, cookie=session.cookie, accept=JSON)
    if not asks(response):
        raise CheckSkipped("this endpoint does not ask")
    expect(status_of(response) == "confirmation_required", "the response to a JSON client is a page", response)
    url = response.json().get("confirm_url", "")
    expect(context.target.is_internal(url), "confirm_url is missing, or not a URL of this service", response)
    shown = context.http.follow(url, cookie=session.cookie, accept=HTML)
    expect_status(shown, 200)
    expect(asks(shown), "confirm_url does not ask", shown)
    context.expect_live(session, shown)
