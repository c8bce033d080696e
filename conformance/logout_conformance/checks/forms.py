"""What real clients send: long hints, forms with a charset, redirects to native apps; and explanations beforehand."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..check import CheckSkipped, Registry, expect, expect_redirect, expect_status
from ..context import Context
from ..endpoint import HTML, Endpoint, asks, takes
from .confirmation import ask
from .ending import requires_no_question

check = Registry()


def _is_form(endpoint: Endpoint) -> bool:
    return endpoint.operation.method == "POST" and not endpoint.takes_query and "id_token_hint" in endpoint.takes


@check("a hint that is too long for a URI fits into a form", "endpoint", "issuer", "key", "token", where=_is_form)
def long_hint(context: Context, endpoint: Endpoint) -> None:
    """ID tokens with many claims have 5 to 18 KB."""
    requires_no_question(context, endpoint)
    session = context.fixtures.session()
    hint = context.fixtures.hint(session, groups=["contract-group"] * 1000)
    context.expect_ended(session, endpoint.request(context.http, {"id_token_hint": hint}, cookie=session.cookie))


@check("the media type of a form is accepted in any spelling", "endpoint", "issuer", "key", "token", where=_is_form)
def media_type_spellings(context: Context, endpoint: Endpoint) -> None:
    """Case does not matter, and a charset may follow (RFC 9110, section 8.3.1)."""
    requires_no_question(context, endpoint)
    for spelling in ("Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"):
        session = context.fixtures.session()
        sent = {"id_token_hint": context.fixtures.hint(session)}
        headers = {"Content-Type": spelling}
        response = endpoint.request(context.http, sent, cookie=session.cookie, headers=headers)
        context.expect_ended(session, response)


@check(
    "a redirect to a native app's own scheme is followed where it is registered",
    "deployment",
    "issuer",
    "key",
    "clients",
    "cookie",
)
def native(context: Context) -> None:
    """RP-Initiated Logout 1.0, section 2, allows it."""
    uri = "com.example.contract:/signed-out"
    app = context.fixtures.register("native", application_type="native", post_logout_redirect_uris=[uri])
    context.target.known_redirects.add(uri)
    for endpoint in filter(takes("id_token_hint", "post_logout_redirect_uri", "state"), context.endpoints):
        requires_no_question(context, endpoint)
        session = context.fixtures.session(client=app)
        sent = {
            "id_token_hint": context.fixtures.hint(session, client=app),
            "post_logout_redirect_uri": uri,
            "state": "contract-state",
        }
        expect_redirect(endpoint.request(context.http, sent, cookie=session.cookie), uri, "contract-state")
        return
    raise CheckSkipped("no endpoint takes a hint, a redirect URI and state")


@check("the question's form-action allows the redirect after a yes", "deployment", "issuer", "redirect", "cookie")
def form_action(context: Context) -> None:
    """Browsers apply `form-action` to a redirect that follows a form as well, so it must list the URI's origin."""
    question = ask(context, redirect=True)
    assert context.fixtures.app is not None
    parts = urlsplit(context.fixtures.app.redirect_uris[0])
    sources = question.page.header("content-security-policy").partition("form-action")[2].partition(";")[0].split()
    expect(f"{parts.scheme}://{parts.netloc}" in sources, "form-action lacks the origin of the URI", question.page)


@check("the question names the account to the session's browser", "endpoint", "issuer", "cookie")
def account(context: Context, endpoint: Endpoint) -> None:
    """So that a user with several accounts knows which of them is meant."""
    label = context.unique("label")
    session = context.fixtures.session(user_label=label)
    page = endpoint.request(context.http, {}, cookie=session.cookie, accept=HTML)
    if not asks(page):
        raise CheckSkipped("this endpoint does not ask after a request without parameters")
    expect(label in page.text, "the account is not named", page)


@check(
    "an explanation is what then happens",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=takes("id_token_hint", "post_logout_redirect_uri"),
)
def explained(context: Context, endpoint: Endpoint) -> None:
    """For a valid request, and for one with an unregistered URI: action, status and redirect."""
    operation, app = context.target.operation_named("explainLogout"), context.fixtures.app
    if operation is None or app is None or not app.redirect_uris:
        raise CheckSkipped("the document has no explainLogout, or there is no registered URI")
    for uri in (app.redirect_uris[0], f"https://{context.unique('evil')}.example/"):
        session = context.fixtures.session()
        sent: dict[str, str | None] = {"id_token_hint": context.fixtures.hint(session), "post_logout_redirect_uri": uri}
        body = {**sent, "endpoint": endpoint.operation.path, "method": endpoint.operation.method}
        body["cookie"] = session.cookie.partition("=")[2]
        explanation = context.http.send("POST", context.path(operation), json=body, token=context.options.token or "")
        if explanation.status == 403:
            raise CheckSkipped("the token lacks the scope sessions:read")
        expect_status(explanation, 200)
        response = endpoint.request(context.http, sent, cookie=session.cookie)
        expected = explanation.json()
        if expected.get("status"):
            expect_status(response, int(expected["status"]))
            context.expect_live(session, response)
        elif expected.get("action") == "end":
            expect_status(response, 303 if expected.get("redirect") else 200)
            expect(expected.get("sid") == session.sid, "another session is explained", explanation)
            context.expect_ended(session, response)
        elif expected.get("action") == "ask":
            expect(asks(response), f"{response.status} instead of a question", response)


@check("each response has a request id that the service chose", "deployment")
def request_ids(context: Context) -> None:
    """`X-Request-Id` finds a request in the operator's log. A caller cannot choose it."""
    path = context.endpoints[0].url_path if context.endpoints else "/healthz"
    chosen = context.unique("reference")
    responses = [context.http.send("GET", path, headers={"X-Request-Id": chosen}) for _ in range(2)]
    found = [response.header("x-request-id") for response in responses]
    expect(all(found), "there is no X-Request-Id", responses[0])
    expect(found[0] != found[1] and chosen not in found, "two requests have one id, or the caller's", responses[1])
