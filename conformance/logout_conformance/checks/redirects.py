"""Redirects: to the registered URI, unchanged, with `state`; and to nothing that only resembles one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ..check import CheckSkipped, Registry, expect, expect_redirect, expect_status
from ..context import Context
from ..endpoint import Endpoint, asks, takes
from ..exchange import Exchange

check = Registry()

STATES = (
    "contract-state",
    "a b+c&d=e#f?g/h%20i",
    "</script><b>\"'",
    "\u00e9\u4e2d\U0001f642",
    "s" * 2048,
    "state=x&post_logout_redirect_uri=y",
)
"""Values with every character that has to be escaped somewhere, and the longest one."""


def _expect_not_followed(exchange: Exchange, uri: str, what: str) -> None:
    """Neither by a redirect nor by a link, form or refresh of a page."""
    for location in exchange.all("location"):
        expect(not location.startswith(uri), f"a redirect to {what}", exchange)
    expect(uri not in exchange.text, f"a page that leads to {what}", exchange)
    expect(exchange.status not in (301, 302, 307, 308), f"{exchange.status} with {what}", exchange)


def _requires_success_without_session(endpoint: Endpoint) -> None:
    """Raises CheckSkipped unless a valid hint of no live session is redirected without a question."""
    if endpoint.knob("on_dead_session") == "error":
        raise CheckSkipped("a hint of no live session is an error here (on_dead_session)")
    if endpoint.knob("prompt") == "always":
        raise CheckSkipped("this endpoint always asks (prompt = always)")


@check(
    "a URI without proof of its client is not followed", "endpoint", "issuer", where=takes("post_logout_redirect_uri")
)
def without_proof(context: Context, endpoint: Endpoint) -> None:
    """Neither alone, nor with an unknown client or hint (open redirect)."""
    uri = f"https://{context.unique('evil')}.example/"
    for proof in ({}, {"client_id": "contract-nobody"}, {"id_token_hint": "a.b.c"}):
        sent = {"post_logout_redirect_uri": uri, "state": "contract-state", **proof}
        for accept in ("*/*", "text/html"):
            response = endpoint.request(context.http, sent, accept=accept)
            _expect_not_followed(response, uri, "an unregistered URI")
            left = response.status == 303 and not context.target.is_internal(response.header("location"))
            expect(not left, "a redirect to another host", response)


@check(
    "a registered URI is followed with state, character by character",
    "endpoint",
    "issuer",
    "key",
    "redirect",
    where=takes("id_token_hint", "post_logout_redirect_uri"),
)
def with_state(context: Context, endpoint: Endpoint) -> None:
    """For an unknown session, which is a success, and with every kind of `state`."""
    _requires_success_without_session(endpoint)
    app = context.fixtures.app
    assert app is not None
    for uri in app.redirect_uris:
        for state in (None, "", *STATES) if "state" in endpoint.takes else (None,):
            hint = context.fixtures.hint(context.fixtures.unregistered())
            sent = {"id_token_hint": hint, "post_logout_redirect_uri": uri, "state": state}
            expect_redirect(endpoint.request(context.http, sent), uri, state or None)


@check(
    "a registered URI is followed whatever Accept says",
    "endpoint",
    "issuer",
    "key",
    "redirect",
    where=takes("id_token_hint", "post_logout_redirect_uri"),
)
def any_accept(context: Context, endpoint: Endpoint) -> None:
    """303 for pages and JSON alike. A browser without the cookie may be redirected within the service first."""
    _requires_success_without_session(endpoint)
    assert context.fixtures.app is not None
    uri = context.fixtures.app.redirect_uris[0]
    for accept in ("text/html", "application/json", "image/png", ""):
        hint = context.fixtures.hint(context.fixtures.unregistered())
        sent = {"id_token_hint": hint, "post_logout_redirect_uri": uri}
        expect_status(endpoint.request(context.http, sent, accept=accept), 303)


def _lookalikes(uri: str) -> Iterator[tuple[str, str]]:
    """URIs that resemble a registered one, with what is different about each."""
    parts = urlsplit(uri)
    host = parts.netloc
    rest = uri.partition(host)[2]
    yield "another host", "https://contract-evil.example/"
    yield "a host that begins like the registered one", f"{parts.scheme}://{host}.contract-evil.example{rest}"
    yield "a host that ends like the registered one", f"{parts.scheme}://contract-evil.{host}{rest}"
    yield "user information", f"{parts.scheme}://{host}@contract-evil.example{rest}"
    yield "a backslash", f"{parts.scheme}://contract-evil.example\\@{host}{rest}"
    yield "another port", f"{parts.scheme}://{parts.hostname}:4443{rest}"
    yield "another scheme", f"{'http' if parts.scheme == 'https' else 'https'}://{host}{rest}"
    yield "a longer path", f"{uri.partition('?')[0]}/contract"
    yield "dots in the path", f"{parts.scheme}://{host}/contract/..{parts.path}"
    yield "an encoded path", f"{parts.scheme}://{host}/%2e{parts.path}"
    yield "an added parameter", f"{uri}{'&' if parts.query else '?'}contract=1"
    yield "an added fragment", f"{uri}#contract"
    yield "a host in capitals", uri.replace(host, host.upper(), 1)
    yield "a path in capitals", uri.replace(parts.path, parts.path.upper(), 1)
    yield "a space at the end", f"{uri} "
    yield "no scheme", f"//{host}{rest}"
    yield "no host", parts.path
    yield "a script", "javascript:alert(1)//contract"
    yield "data", "data:text/html,contract"


@check(
    "an unregistered URI is refused, and the session is kept",
    "endpoint",
    "issuer",
    "key",
    "redirect",
    "token",
    where=takes("id_token_hint", "post_logout_redirect_uri"),
)
def unregistered(context: Context, endpoint: Endpoint) -> None:
    """Whatever it resembles: 422 before anything ends, or ignored if the policy says so."""
    if endpoint.knob("redirect_match") == "wildcard":
        raise CheckSkipped("a wildcard may allow a similar URI here (redirect_match)")
    assert context.fixtures.app is not None
    known = set(context.fixtures.app.redirect_uris)
    session = context.fixtures.session()
    for what, uri in _lookalikes(context.fixtures.app.redirect_uris[0]):
        if uri in known:
            continue
        sent = {"id_token_hint": context.fixtures.hint(session), "post_logout_redirect_uri": uri}
        response = endpoint.request(context.http, sent, cookie=session.cookie)
        _expect_not_followed(response, uri, f"a URI with {what}")
        expect(response.status != 303, f"a redirect for a URI with {what}", response)
        if endpoint.knob("on_unregistered_redirect") == "error":
            expect(response.status == 422, f"{response.status} instead of 422 for a URI with {what}", response)
        if response.status >= 400:
            context.expect_live(session, response)
        else:
            session = context.fixtures.session()


@check(
    "a URI of another client is not followed",
    "endpoint",
    "issuer",
    "key",
    "clients",
    "token",
    where=takes("id_token_hint", "post_logout_redirect_uri"),
)
def of_another_client(context: Context, endpoint: Endpoint) -> None:
    """The URI must be registered for the client of the hint."""
    assert context.fixtures.other is not None
    uri = context.fixtures.other.redirect_uris[0]
    session = context.fixtures.session()
    sent = {"id_token_hint": context.fixtures.hint(session), "post_logout_redirect_uri": uri}
    response = endpoint.request(context.http, sent, cookie=session.cookie)
    _expect_not_followed(response, uri, "a URI of another client")
    expect(response.status != 303, "a redirect for a URI of another client", response)
    if endpoint.knob("on_unregistered_redirect") == "error":
        expect_status(response, 422)
    if response.status >= 400:
        context.expect_live(session, response)


@check(
    "an unknown client_id is 422, without a redirect",
    "endpoint",
    "issuer",
    "token",
    where=takes("client_id", "post_logout_redirect_uri"),
)
def unknown_client(context: Context, endpoint: Endpoint) -> None:
    """Unless the policy ignores what is not registered."""
    uri = f"https://{context.unique('evil')}.example/"
    sent = {"client_id": context.unique("nobody"), "post_logout_redirect_uri": uri}
    response = endpoint.request(context.http, sent)
    _expect_not_followed(response, uri, "an unregistered URI")
    knobs = ("on_unregistered_redirect", "client_id_param", "id_token_hint")
    if [endpoint.knob(knob) for knob in knobs] == ["error", "accept", "optional"]:
        expect_status(response, 422)


@check(
    "a client_id alone does not redirect the browser before a yes",
    "endpoint",
    "issuer",
    "redirect",
    "cookie",
    where=takes("client_id", "post_logout_redirect_uri"),
)
def client_without_hint(context: Context, endpoint: Endpoint) -> None:
    """With a live session in the browser. Any site can send such a request, so nothing ends and nothing redirects."""
    if endpoint.knob("on_no_hint") == "done" or endpoint.knob("bare_post_is_consent"):
        raise CheckSkipped("such a request ends the session here (on_no_hint, bare_post_is_consent)")
    app = context.fixtures.app
    assert app is not None
    session = context.fixtures.session()
    sent = {"client_id": app.client_id, "post_logout_redirect_uri": app.redirect_uris[0]}
    response = endpoint.request(context.http, sent, cookie=session.cookie)
    expect(response.status != 303, "a redirect without a hint and without a question", response)
    expect(asks(response) or response.status in (400, 403), f"{response.status} instead of a question", response)
    context.expect_live(session, response)
