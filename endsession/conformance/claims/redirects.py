"""Redirects: to the registered URI, unchanged, with `state`; and to nothing that merely resembles one (T1, T2)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ..claim import Register, Scene, expect, expect_status
from ..endpoint import Endpoint, asks
from ..exchange import Exchange
from ..redirects import state_problems

claims = Register()

STATES = (
    "contract-state",
    "a b+c&d=e#f?g/h%20i",
    "</script><b>\"'",
    "\u00e9\u4e2d\U0001f642",
    "s" * 2048,
    "state=x&post_logout_redirect_uri=y",
)


def _takes_redirects(endpoint: Endpoint) -> bool:
    return {"id_token_hint", "post_logout_redirect_uri"} <= endpoint.takes


def _never_followed(exchange: Exchange, uri: str, what: str) -> None:
    """Neither a redirect nor a link, form or refresh leads there."""
    for location in exchange.all("location"):
        expect(not location.startswith(uri), f"a redirect to {what}", exchange)
    expect(uri not in exchange.text, f"a page that leads to {what}", exchange)
    expect(exchange.status not in (301, 302, 307, 308), f"{exchange.status} with {what}", exchange)


@claims(
    "a URI without proof is not followed",
    "endpoint",
    "issuer",
    where=lambda endpoint: "post_logout_redirect_uri" in endpoint.takes,
)
def without_proof(scene: Scene, endpoint: Endpoint) -> None:
    """Neither alone, nor beside a client or a hint that is not known."""
    uri = f"https://{scene.junk('evil')}.example/"
    for beside in ({}, {"client_id": "contract-nobody"}, {"id_token_hint": "a.b.c"}):
        sent = {"post_logout_redirect_uri": uri, "state": "contract-state", **beside}
        for accept in ("*/*", "text/html"):
            answer = endpoint.ask(scene.wire, sent, accept=accept)
            _never_followed(answer, uri, "a URI that nobody registered")
            expect(answer.status != 303 or scene.target.is_ours(answer.header("location")), "a redirect away", answer)


@claims(
    "a registered URI of a client is followed with state, character by character",
    "endpoint",
    "issuer",
    "key",
    "redirect",
    where=_takes_redirects,
)
def with_state(scene: Scene, endpoint: Endpoint) -> None:
    """For a session that is over or unknown, which is a success; `state` in every kind of writing."""
    if endpoint.knob("on_dead_session") == "error" or endpoint.knob("prompt") == "always":
        return
    app = scene.parties.app
    assert app is not None
    for uri in app.redirect_uris:
        for state in (None, "", *STATES) if "state" in endpoint.takes else (None,):
            sent = {
                "id_token_hint": scene.parties.hint(scene.parties.unregistered()),
                "post_logout_redirect_uri": uri,
                "state": state,
            }
            answer = endpoint.ask(scene.wire, sent)
            expect_status(answer, 303)
            for problem in state_problems(answer.header("location"), uri, state or None):
                expect(False, problem, answer)


@claims(
    "a registered URI is followed whatever Accept says", "endpoint", "issuer", "key", "redirect", where=_takes_redirects
)
def whatever_accept(scene: Scene, endpoint: Endpoint) -> None:
    """303 for pages and for JSON alike; a browser without the cookie may be sent on within the service first."""
    if endpoint.knob("on_dead_session") == "error" or endpoint.knob("prompt") == "always":
        return
    assert scene.parties.app is not None
    uri = scene.parties.app.redirect_uris[0]
    for accept in ("text/html", "application/json", "image/png", ""):
        hint = scene.parties.hint(scene.parties.unregistered())
        answer = endpoint.ask(scene.wire, {"id_token_hint": hint, "post_logout_redirect_uri": uri}, accept=accept)
        expect_status(answer, 303)


def _lookalikes(uri: str) -> Iterator[tuple[str, str]]:
    """URIs that resemble a registered one, with what is different about each."""
    parts = urlsplit(uri)
    host = parts.netloc
    rest = uri.partition(host)[2]
    yield "another host", "https://contract-evil.example/"
    yield "a host that begins as the registered one", f"{parts.scheme}://{host}.contract-evil.example{rest}"
    yield "a host that ends as the registered one", f"{parts.scheme}://contract-evil.{host}{rest}"
    yield "user information", f"{parts.scheme}://{host}@contract-evil.example{rest}"
    yield "a backslash", f"{parts.scheme}://contract-evil.example\\@{host}{rest}"
    yield "another port", f"{parts.scheme}://{parts.hostname}:4443{rest}"
    yield "another scheme", f"{'http' if parts.scheme == 'https' else 'https'}://{host}{rest}"
    yield "another path below", f"{uri.partition('?')[0]}/contract"
    yield "dots in the path", f"{parts.scheme}://{host}/contract/..{parts.path}"
    yield "an encoded path", f"{parts.scheme}://{host}/%2e{parts.path}"
    yield "a parameter added", f"{uri}{'&' if parts.query else '?'}contract=1"
    yield "a fragment added", f"{uri}#contract"
    yield "a host in capitals", uri.replace(host, host.upper(), 1)
    yield "a path in capitals", uri.replace(parts.path, parts.path.upper(), 1)
    yield "a space at the end", f"{uri} "
    yield "no scheme", f"//{host}{rest}"
    yield "no host", parts.path
    yield "a script", "javascript:alert(1)//contract"
    yield "data", "data:text/html,contract"


@claims(
    "a URI that is not registered is refused, and the session stays",
    "endpoint",
    "issuer",
    "key",
    "redirect",
    "token",
    where=_takes_redirects,
)
def unregistered(scene: Scene, endpoint: Endpoint) -> None:
    """Whatever it resembles: 422 before anything ends, or ignored where the policy says so."""
    assert scene.parties.app is not None
    known = set(scene.parties.app.redirect_uris)
    policy = endpoint.knob("on_unregistered_redirect")
    session = scene.parties.session()
    for what, uri in _lookalikes(scene.parties.app.redirect_uris[0]):
        if uri in known or endpoint.knob("redirect_match") == "wildcard":
            continue
        sent = {"id_token_hint": scene.parties.hint(session), "post_logout_redirect_uri": uri}
        answer = endpoint.ask(scene.wire, sent, cookie=session.cookie)
        _never_followed(answer, uri, f"a URI with {what}")
        expect(answer.status != 303, f"a redirect for a URI with {what}", answer)
        if policy == "error":
            expect(answer.status == 422, f"{answer.status} in place of 422 for a URI with {what}", answer)
        if answer.status >= 400:
            scene.live(session, answer)
        else:
            session = scene.parties.session()


@claims(
    "a URI of another client is not followed", "endpoint", "issuer", "key", "clients", "token", where=_takes_redirects
)
def of_another_client(scene: Scene, endpoint: Endpoint) -> None:
    """The URI is looked up at the client that the hint names, and nowhere else (T2)."""
    assert scene.parties.other is not None
    uri = scene.parties.other.redirect_uris[0]
    session = scene.parties.session()
    sent = {"id_token_hint": scene.parties.hint(session), "post_logout_redirect_uri": uri}
    answer = endpoint.ask(scene.wire, sent, cookie=session.cookie)
    _never_followed(answer, uri, "a URI of another client")
    expect(answer.status != 303, "a redirect for a URI of another client", answer)
    if endpoint.knob("on_unregistered_redirect") == "error":
        expect_status(answer, 422)
    if answer.status >= 400:
        scene.live(session, answer)


@claims(
    "a client_id that is not known is 422, and leads nowhere",
    "endpoint",
    "issuer",
    "token",
    where=lambda endpoint: {"client_id", "post_logout_redirect_uri"} <= endpoint.takes,
)
def unknown_client(scene: Scene, endpoint: Endpoint) -> None:
    """Unless the policy ignores what is not registered."""
    uri = f"https://{scene.junk('evil')}.example/"
    answer = endpoint.ask(scene.wire, {"client_id": scene.junk("nobody"), "post_logout_redirect_uri": uri})
    _never_followed(answer, uri, "a URI of nobody's")
    knobs = ("on_unregistered_redirect", "client_id_param", "id_token_hint")
    if [endpoint.knob(one) for one in knobs] == ["error", "accept", "optional"]:
        expect_status(answer, 422)


@claims(
    "a client_id alone does not send the browser away before a yes",
    "endpoint",
    "issuer",
    "redirect",
    "cookie",
    where=lambda endpoint: {"client_id", "post_logout_redirect_uri"} <= endpoint.takes,
)
def client_without_hint(scene: Scene, endpoint: Endpoint) -> None:
    """With a live session in the browser: any site can send such a request, so nothing ends and nobody is sent on."""
    if endpoint.knob("on_no_hint") == "done" or endpoint.knob("bare_post_is_consent"):
        return
    assert scene.parties.app is not None
    session = scene.parties.session()
    sent = {"client_id": scene.parties.app.client_id, "post_logout_redirect_uri": scene.parties.app.redirect_uris[0]}
    answer = endpoint.ask(scene.wire, sent, cookie=session.cookie)
    expect(answer.status != 303, "a redirect without a hint and without a question", answer)
    expect(asks(answer) or answer.status in (400, 403), f"{answer.status} in place of a question", answer)
    scene.live(session, answer)
