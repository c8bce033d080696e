"""Parameters: repeated, empty, unknown, in two places, or not decodable."""

from __future__ import annotations

from ..check import CheckSkipped, Registry, expect, expect_status
from ..context import Context
from ..conventions import LOGOUT_TAG
from ..endpoint import HTML, Endpoint, asks, takes
from ..exchange import FORM
from ..target import Operation

check = Registry()

VALUES = {
    "id_token_hint": "contract.repeated.hint",
    "logout_hint": "contract-user",
    "client_id": "contract-client",
    "post_logout_redirect_uri": "https://contract-repeated.example/",
    "state": "contract-state",
    "ui_locales": "de",
}
"""A value for each standard parameter."""


def _decisive(endpoint: Endpoint) -> list[str]:
    """The parameters that an outcome may depend on: all but the languages of pages."""
    return [name for name in endpoint.takes if name != "ui_locales"]


@check("a repeated parameter is 400", "endpoint", "issuer")
def repeated(context: Context, endpoint: Endpoint) -> None:
    """Each parameter, twice with different values and twice with the same: two parsers could read different ones."""
    for name in _decisive(endpoint):
        for second in ("another", VALUES[name]):
            extra = [(endpoint.extension.vendor_name(name), second)]
            expect_status(endpoint.request(context.http, VALUES, extra=extra), 400)


@check(
    "a repeated parameter of a valid request is 400, and the session is kept",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint", "state"),
)
def repeated_with_a_hint(context: Context, endpoint: Endpoint) -> None:
    """Everything is checked before anything ends."""
    session = context.fixtures.session()
    for name in ("state", "id_token_hint"):
        sent = {"id_token_hint": context.fixtures.hint(session), "state": "one"}
        extra = [(endpoint.extension.vendor_name(name), sent[name])]
        response = endpoint.request(context.http, sent, extra=extra, cookie=session.cookie)
        expect_status(response, 400)
        context.expect_live(session, response)


@check(
    "a parameter in both query and form is 400",
    "endpoint",
    "issuer",
    where=lambda endpoint: endpoint.operation.method == "POST" and not endpoint.takes_query,
)
def in_both_places(context: Context, endpoint: Endpoint) -> None:
    """Another parser could read the other one."""
    for name in _decisive(endpoint):
        field = endpoint.extension.vendor_name(name)
        form = {field: VALUES[name], "x": "y"}
        expect_status(context.http.send("POST", endpoint.url_path, query={field: VALUES[name]}, form=form), 400)


@check("an empty parameter counts as absent", "endpoint", "issuer")
def empty(context: Context, endpoint: Endpoint) -> None:
    """A request without parameters and one whose parameters are all empty get the same response."""
    absent = endpoint.request(context.http, {})
    given = endpoint.request(context.http, dict.fromkeys(VALUES, ""))
    expect(absent.status == given.status, f"{given.status} to empty parameters, {absent.status} to none", given)
    expect(asks(absent) == asks(given), "a question to one of the two only", given)
    expect(absent.media_type == given.media_type, "another media type for empty parameters", given)


@check("an unknown parameter is ignored", "endpoint", "issuer")
def unknown(context: Context, endpoint: Endpoint) -> None:
    """A parameter that is not in the document changes nothing."""
    plain = endpoint.request(context.http, {})
    value = context.unique("value")
    more = endpoint.request(context.http, {}, extra=[(context.unique("name"), value)])
    expect(plain.status == more.status, f"{more.status} with an unknown parameter, {plain.status} without", more)
    expect(value not in more.text, "the response repeats an unknown parameter", more)


@check("unknown languages are ignored", "endpoint", "issuer", where=takes("ui_locales"))
def unknown_languages(context: Context, endpoint: Endpoint) -> None:
    """RP-Initiated Logout 1.0, section 2: they are not an error."""
    plain = endpoint.request(context.http, {})
    for languages in ("tlh-x-contract zz", "*", "---", "de_DE;q=x", "a" * 500):
        response = endpoint.request(context.http, {"ui_locales": languages})
        expect(response.status == plain.status, f"{response.status} to unknown languages", response)
    extra = [(endpoint.extension.vendor_name("ui_locales"), "en")]
    response = endpoint.request(context.http, {"ui_locales": "de"}, extra=extra)
    expect(response.status == plain.status, f"{response.status} to repeated languages", response)


MARKUP = "\"'><script>contract()</script><img src=x onerror=contract()>"


@check("markup in a parameter is never part of a page", "endpoint", "issuer")
def markup(context: Context, endpoint: Endpoint) -> None:
    """In each parameter, on a page for a browser with and without a session (XSS)."""
    session = context.fixtures.session() if "cookie" in context.fixtures.available else None
    app = context.fixtures.app
    for name in sorted(endpoint.takes):
        sent = {"client_id": app.client_id if app else None, name: MARKUP}
        if name == "state" and app and app.redirect_uris:
            sent["post_logout_redirect_uri"] = app.redirect_uris[0]
        for cookie in ("", session.cookie if session else ""):
            extra = [("contract", MARKUP)]
            response = endpoint.request(context.http, sent, extra=extra, accept=HTML, cookie=cookie)
            expect("<script>contract" not in response.text, "a page contains a script of the request", response)
            expect("<img src=x" not in response.text, "a page contains markup of the request", response)


@check("control characters and undecodable bytes are 400", "endpoint", "issuer", where=takes("state"))
def control_characters(context: Context, endpoint: Endpoint) -> None:
    """Line ends in `state` would split the headers of a response. Bytes that are not UTF-8 are not guessed."""
    name, method = endpoint.extension.vendor_name("state"), endpoint.operation.method
    for value in ("a%0d%0aX-Contract:%20b", "a%00b", "a%7Fb", "%ff%fe", "%c0%af"):
        text = f"{name}={value}"
        if endpoint.takes_query:
            response = context.http.send(method, endpoint.url_path, query=text)
        else:
            headers = {"Content-Type": FORM}
            response = context.http.send(method, endpoint.url_path, body=text.encode(), headers=headers)
        expect(not response.all("x-contract"), "a parameter becomes a header of the response", response)
        expect_status(response, 400)


@check("a parameter that is too long is 400", "endpoint", "issuer", where=takes("state"))
def too_long(context: Context, endpoint: Endpoint) -> None:
    """`state` has at most 2048 characters."""
    expect_status(endpoint.request(context.http, {"state": "s" * 2049}), 400)


def _takes_form_only(endpoint: Endpoint) -> bool:
    parameters = endpoint.operation.definition.get("parameters", ())
    in_query = any(
        parameter.get("in") == "query" or "IdTokenHint" in parameter.get("$ref", "") for parameter in parameters
    )
    return endpoint.operation.method == "POST" and "id_token_hint" in endpoint.takes and not in_query


@check("a hint in the query of a form is ignored", "endpoint", "issuer", "key", "token", where=_takes_form_only)
def hint_in_query(context: Context, endpoint: Endpoint) -> None:
    """A POST that takes a form reads no hint from its query, where logs and histories would keep it."""
    if "done" in (endpoint.knob("on_no_params"), endpoint.knob("on_no_hint")):
        raise CheckSkipped("a request without a hint ends the session here (on_no_params, on_no_hint)")
    if endpoint.knob("bare_post_is_consent"):
        raise CheckSkipped("a POST without parameters ends the session here (bare_post_is_consent)")
    if endpoint.knob("post_params") in ("query", "form_or_query"):
        raise CheckSkipped("a POST may have parameters in its query here (post_params)")
    session = context.fixtures.session()
    query = {endpoint.extension.vendor_name("id_token_hint"): context.fixtures.hint(session)}
    response = context.http.send("POST", endpoint.url_path, query=query, form={}, cookie=session.cookie)
    expect(response.status != 303, "a redirect for a hint in the query", response)
    context.expect_live(session, response)


@check(
    "a repeated query parameter of an operation is 400",
    "operation",
    "issuer",
    where=lambda operation: operation.tag != LOGOUT_TAG and 400 in operation.statuses,
)
def repeated_elsewhere(context: Context, operation: Operation) -> None:
    """At management operations as well."""
    document = context.target.document
    parameters = [document.resolved(parameter) for parameter in operation.definition.get("parameters", ())]
    names = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
    if not names:
        raise CheckSkipped("it takes no query parameters")
    if not context.options.token:
        raise CheckSkipped("needs --token-file FILE")
    for name in names:
        value = {"limit": "10", "state": "ended"}.get(name, context.fixtures.run_id)
        query = [(name, value), (name, value)]
        response = context.http.send(
            operation.method, context.path(operation), query=query, token=context.options.token
        )
        expect_status(response, 400, 415, 403)
