"""What a browser and a JSON caller are shown: the right form, the state of a logout, the page with frames."""

from __future__ import annotations

import html
import re

from ..claim import Register, Scene, expect, expect_status
from ..endpoint import HTML, JSON, Endpoint, asks, status_of
from ..redirects import state_problems
from .ending import unasked

claims = Register()


@claims("Accept decides between a page and JSON", "endpoint", "issuer")
def form(scene: Scene, endpoint: Endpoint) -> None:
    """Where both are announced: a page for who wants one, JSON for who wants that; a policy may fix errors to one."""
    client = scene.parties.app.client_id if scene.parties.app else None
    for accept, wanted in (
        (HTML, "text/html"),
        (JSON, "application/json"),
        ("text/html;q=0.1, application/json", JSON),
    ):
        answer = endpoint.ask(scene.wire, {"client_id": client}, accept=accept)
        fixed = answer.status >= 400 and endpoint.knob("error_format") in ("oauth_json", "html", "problem")
        if answer.status >= 400 and (fixed or endpoint.knob("error_format") is None):
            continue
        if answer.status != 303:
            expect(
                answer.media_type in (wanted, "application/problem+json"),
                f"{answer.media_type} for Accept: {accept}",
                answer,
            )


@claims(
    "a JSON caller gets the state of its logout, and only its own browser gets the apps",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=lambda endpoint: "id_token_hint" in endpoint.takes,
)
def result(scene: Scene, endpoint: Endpoint) -> None:
    """`status_url` cannot be guessed, and says what became of the logout."""
    unasked(scene, endpoint)
    session = scene.parties.session(user_label="contract-label")
    answer = endpoint.ask(
        scene.wire, {"id_token_hint": scene.parties.hint(session)}, cookie=session.cookie, accept=JSON
    )
    expect_status(answer, 200)
    expect(status_of(answer) == "signed_out", "the result does not say signed_out", answer)
    body = answer.json()
    if not session.cookie:
        expect("apps" not in body, "apps are named to a caller that did not prove whose browser it is", answer)
        expect("contract-label" not in answer.text, "the account is named to a caller without the cookie", answer)
    url = body.get("status_url", "")
    expect(scene.target.is_ours(url), "status_url is missing, or no address of this service", answer)
    state = scene.wire.follow(url, accept=JSON)
    expect_status(state, 200)
    expect(status_of(state) == "signed_out", "the state of the logout is not signed_out", state)
    seen = scene.wire.follow(url, accept=HTML)
    expect_status(seen, 200)
    changed = scene.wire.follow(url[:-6] + ("AAAAAA" if not url.endswith("AAAAAA") else "BBBBBB"), accept=JSON)
    expect_status(changed, 400)


@claims(
    "a stranger is told of neither apps nor account",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=lambda endpoint: "id_token_hint" in endpoint.takes,
)
def nothing_private(scene: Scene, endpoint: Endpoint) -> None:
    """Names are for the browser whose session it was: a hint alone does not prove that."""
    session = scene.parties.session(user_label="contract-private-label")
    for accept in (JSON, HTML):
        answer = endpoint.ask(scene.wire, {"id_token_hint": scene.parties.hint(session)}, accept=accept)
        body = answer.json()
        expect("apps" not in (body if isinstance(body, dict) else {}), "apps are named to a stranger", answer)
        expect("contract-private-label" not in answer.text, "the account is named to a stranger", answer)


@claims(
    "frames tell the apps, the policy lists exactly them, and the way goes on to the registered URI",
    "endpoint",
    "issuer",
    "key",
    "clients",
    "cookie",
    where=lambda endpoint: {"id_token_hint", "state"} <= endpoint.takes,
)
def frames(scene: Scene, endpoint: Endpoint) -> None:
    """Front-Channel Logout 1.0: `iss` and `sid` both, `frame-src` no more than the app's origin (T16)."""
    unasked(scene, endpoint)
    run = scene.parties.run
    origin = f"https://frames-{run}.example"
    uri = f"{origin}/signed-out"
    app = scene.parties.register(
        "frames",
        redirect_uris=[f"{origin}/callback"],
        post_logout_redirect_uris=[uri],
        frontchannel_logout_uri=f"{origin}/frontchannel?a=b",
        frontchannel_logout_session_required=True,
    )
    scene.target.known_redirects.add(uri)
    session = scene.parties.session(client=app)
    sent = {
        "id_token_hint": scene.parties.hint(session, client=app),
        "post_logout_redirect_uri": uri,
        "state": "contract-state",
    }
    answer = endpoint.ask(scene.wire, sent, cookie=session.cookie, accept=HTML)
    expect_status(answer, 200)
    scene.ended(session, answer)
    found = re.findall(r"<iframe[^>]*\bsrc=\"([^\"]+)\"", answer.text)
    shown = [html.unescape(one) for one in found]
    expect(
        len(shown) == 1 and shown[0].startswith(f"{origin}/frontchannel?a=b&"), "the app's frame is not shown", answer
    )
    expect("iss=" in shown[0] and f"sid={session.sid}" in shown[0], "the frame lacks iss or sid", answer)
    sources = re.search(r"frame-src ([^;]*)", answer.header("content-security-policy"))
    expect(sources and sources[1].split() == [origin], "frame-src is not exactly the app's origin", answer)
    going = re.search(r"http-equiv=\"refresh\"[^>]*url=([^\"]+)\"", answer.text)
    expect(going, "the page does not go on by itself", answer)
    onward = scene.wire.follow(html.unescape(going[1]) if going else "")
    expect_status(onward, 303)
    for problem in state_problems(onward.header("location"), uri, "contract-state"):
        expect(False, problem, onward)


@claims("registered names are text on pages, never markup", "endpoint", "issuer", "key", "clients", "cookie")
def names_are_text(scene: Scene, endpoint: Endpoint) -> None:
    """The account's and the app's, on the question and after it: users often choose such names themselves (T16)."""
    markup = '<b title="contract-markup">'
    app = scene.parties.register("markup", client_name=f"{markup}app")
    session = scene.parties.session(client=app, user_label=f"{markup}account")
    shown = [
        endpoint.ask(scene.wire, {"client_id": app.client_id}, cookie=session.cookie, accept=HTML),
        endpoint.ask(
            scene.wire, {"id_token_hint": scene.parties.hint(session, client=app)}, cookie=session.cookie, accept=HTML
        ),
    ]
    for answer in shown:
        expect(markup not in answer.text, "a registered name is markup on the page", answer)


@claims("a question to a JSON caller names where the user can be asked", "endpoint", "issuer", "cookie")
def question_as_json(scene: Scene, endpoint: Endpoint) -> None:
    """`confirm_url` opens the question in the user's browser."""
    session = scene.parties.session()
    answer = endpoint.ask(scene.wire, {}, cookie=session.cookie, accept=JSON)
    if not asks(answer):
        return
    expect(status_of(answer) == "confirmation_required", "the answer to a JSON caller is a page", answer)
    url = answer.json().get("confirm_url", "")
    expect(scene.target.is_ours(url), "confirm_url is missing, or no address of this service", answer)
    shown = scene.wire.follow(url, cookie=session.cookie, accept=HTML)
    expect_status(shown, 200)
    expect(asks(shown), "confirm_url does not ask", shown)
    scene.live(session, shown)
