"""What real clients send: long hints, forms with a charset, redirects to native apps, explanations before the act."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..claim import NotTried, Register, Scene, expect, expect_status
from ..endpoint import HTML, Endpoint, asks
from .confirmation import ask
from .ending import unasked

claims = Register()


def _is_form(endpoint: Endpoint) -> bool:
    return endpoint.operation.method == "POST" and not endpoint.takes_query and "id_token_hint" in endpoint.takes


@claims("a hint that is too long for a URI fits into a form", "endpoint", "issuer", "key", "token", where=_is_form)
def long_hint(scene: Scene, endpoint: Endpoint) -> None:
    """ID tokens with many claims have 5 to 18 KB."""
    unasked(scene, endpoint)
    session = scene.parties.session()
    hint = scene.parties.hint(session, groups=["contract-group"] * 1000)
    scene.ended(session, endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=session.cookie))


@claims("a form is known in any writing of its media type", "endpoint", "issuer", "key", "token", where=_is_form)
def media_types(scene: Scene, endpoint: Endpoint) -> None:
    """Case does not matter, and a charset may follow (RFC 9110, section 8.3.1)."""
    unasked(scene, endpoint)
    for written in ("Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"):
        session = scene.parties.session()
        sent = {"id_token_hint": scene.parties.hint(session)}
        scene.ended(
            session, endpoint.ask(scene.wire, sent, cookie=session.cookie, headers={"Content-Type": written})
        )  # fmt: skip


@claims(
    "a native app's own scheme is followed where it is registered", "deployment", "issuer", "key", "clients", "cookie"
)
def native(scene: Scene) -> None:
    """RP-Initiated Logout 1.0, section 2, allows it."""
    uri = "com.example.contract:/signed-out"
    app = scene.parties.register("native", application_type="native", post_logout_redirect_uris=[uri])
    scene.target.known_redirects.add(uri)
    for endpoint in scene.endpoints:
        if not {"id_token_hint", "post_logout_redirect_uri", "state"} <= endpoint.takes:
            continue
        unasked(scene, endpoint)
        session = scene.parties.session(client=app)
        sent = {
            "id_token_hint": scene.parties.hint(session, client=app),
            "post_logout_redirect_uri": uri,
            "state": "contract-state",
        }
        answer = endpoint.ask(scene.wire, sent, cookie=session.cookie)
        expect_status(answer, 303)
        expect(answer.header("location") == f"{uri}?state=contract-state", "the redirect leads elsewhere", answer)
        return
    raise NotTried("no endpoint takes a hint, a redirect URI and state")


@claims(
    "the question's policy lets its answer go on to the registered URI", "deployment", "issuer", "redirect", "cookie"
)
def may_leave(scene: Scene) -> None:
    """Browsers hold the redirect that answers a form to `form-action` as well, so its origin has to stand there."""
    asked = ask(scene, redirect=True)
    assert scene.parties.app is not None
    parts = urlsplit(scene.parties.app.redirect_uris[0])
    policy = asked.page.header("content-security-policy").partition("form-action")[2].partition(";")[0]
    expect(f"{parts.scheme}://{parts.netloc}" in policy.split(), "form-action lacks the origin of the URI", asked.page)


@claims("the question names the account to its own browser", "endpoint", "issuer", "cookie")
def own_account(scene: Scene, endpoint: Endpoint) -> None:
    """So that whoever has several knows which one is meant."""
    label = scene.junk("label")
    session = scene.parties.session(user_label=label)
    page = endpoint.ask(scene.wire, {}, cookie=session.cookie, accept=HTML)
    if not asks(page):
        raise NotTried("this endpoint asks no question of a request without parameters")
    expect(label in page.text, "the account is not named", page)


@claims("what is explained is what happens", "endpoint", "issuer", "key", "cookie",
        where=lambda endpoint: {"id_token_hint", "post_logout_redirect_uri"} <= endpoint.takes)  # fmt: skip
def explained(scene: Scene, endpoint: Endpoint) -> None:
    """For a good request and for one with a URI that nobody registered: action, status and redirect."""
    operation = next((one for one in scene.target.operations() if one.name == "explainLogout"), None)
    app = scene.parties.app
    if operation is None or app is None or not app.redirect_uris:
        raise NotTried("the document has no explainLogout, or there is no registered URI")
    for uri in (app.redirect_uris[0], f"https://{scene.junk('evil')}.example/"):
        session = scene.parties.session()
        sent: dict[str, str | None] = {"id_token_hint": scene.parties.hint(session), "post_logout_redirect_uri": uri}
        body = {**sent, "endpoint": endpoint.operation.path, "method": endpoint.operation.method}
        body["cookie"] = session.cookie.partition("=")[2]
        told = scene.wire.send("POST", scene.path(operation), json=body, token=scene.options.token or "")
        if told.status == 403:
            raise NotTried("the token has not the scope sessions:read")
        expect_status(told, 200)
        answer = endpoint.ask(scene.wire, sent, cookie=session.cookie)
        said = told.json()
        if said.get("status"):
            expect_status(answer, int(said["status"]))
            scene.live(session, answer)
        elif said.get("action") == "end":
            expect_status(answer, 303 if said.get("redirect") else 200)
            expect(said.get("sid") == session.sid, "another session is explained", told)
            scene.ended(session, answer)
        elif said.get("action") == "ask":
            expect(asks(answer), f"{answer.status} in place of a question", answer)


@claims("each answer has a reference of its own", "deployment")
def references(scene: Scene) -> None:
    """`X-Request-Id` finds a request in the operator's log; a caller cannot choose it."""
    address = scene.endpoints[0].address if scene.endpoints else "/healthz"
    chosen = scene.junk("reference")
    answers = [scene.wire.send("GET", address, headers={"X-Request-Id": chosen}) for _ in range(2)]
    found = [answer.header("x-request-id") for answer in answers]
    expect(all(found), "there is no X-Request-Id", answers[0])
    expect(found[0] != found[1] and chosen not in found, "the reference is not the request's own", answers[1])
