"""Ending: a good request ends its session, once and for all; anything less leaves it alive."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qsl, urlsplit

from ..claim import NotTried, Register, Scene, expect, expect_status
from ..cookies import clears
from ..endpoint import HTML, JSON, Endpoint, asks, status_of
from ..exchange import Exchange
from ..parties import Session
from ..redirects import state_problems

claims = Register()


def _takes_hints(endpoint: Endpoint) -> bool:
    return "id_token_hint" in endpoint.takes


def unasked(scene: Scene, endpoint: Endpoint) -> None:
    """Go on only where a good hint ends a session without a question. Raises NotTried."""
    if endpoint.knob("prompt") == "always":
        raise NotTried("this endpoint always asks (prompt = always)")
    if endpoint.knob("hint_authority") != "hint" and "cookie" not in scene.parties.have:
        raise NotTried("needs --cookie NAME: without the provider's cookie this endpoint asks")


@claims(
    "a good request ends the session and goes on to the registered URI",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=_takes_hints,
)
def ends(scene: Scene, endpoint: Endpoint) -> None:
    """And a second one like it is answered alike, and changes nothing."""
    unasked(scene, endpoint)
    session = scene.parties.session()
    app = scene.parties.app
    assert app is not None
    uri = app.redirect_uris[0] if app.redirect_uris and "post_logout_redirect_uri" in endpoint.takes else None
    state = "contract-state" if uri and "state" in endpoint.takes else None
    sent = {"id_token_hint": scene.parties.hint(session), "post_logout_redirect_uri": uri, "state": state}
    answer = endpoint.ask(scene.wire, sent, cookie=session.cookie)
    scene.ended(session, answer)
    again = endpoint.ask(scene.wire, sent, cookie=session.cookie)
    for one in (answer, again):
        expect_status(one, 303 if uri else 200)
        for problem in state_problems(one.header("location"), uri, state) if uri else ():
            expect(False, problem, one)
    scene.ended(session, again)
    _remembered(scene, session)


def _remembered(scene: Scene, session: Session) -> None:
    answer = scene.parties.manage("GET", f"sessions/{session.sid}")
    found = answer.json()
    expect(
        isinstance(found, dict) and found.get("end_reason") == "user",
        "the session's end is not recorded as the user's",
        answer,
    )
    expect(isinstance(found, dict) and found.get("ended_at"), "the time of the session's end is not recorded", answer)


@claims("a good request ends its own session and no other", "endpoint", "issuer", "key", "token", where=_takes_hints)
def only_its_own(scene: Scene, endpoint: Endpoint) -> None:
    """Another session of the same user stays, and so does another user's (T30)."""
    unasked(scene, endpoint)
    session = scene.parties.session()
    same_user, other_user = scene.parties.session(session.sub), scene.parties.session()
    answer = endpoint.ask(scene.wire, {"id_token_hint": scene.parties.hint(session)}, cookie=session.cookie)
    scene.ended(session, answer)
    scene.live(same_user, answer)
    scene.live(other_user, answer)


@claims(
    "the provider's cookie is cleared when its session ends, and only then",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=_takes_hints,
)
def cookie_cleared(scene: Scene, endpoint: Endpoint) -> None:
    """A stranger's request must not sign a visitor out, and an error clears nothing."""
    unasked(scene, endpoint)
    name = scene.options.cookie or ""
    session = scene.parties.session()
    hint = scene.parties.hint(session)
    for what, cookie in (("no cookie", ""), ("an unknown cookie", f"{name}=contract-unknown-cookie")):
        answer = endpoint.ask(scene.wire, {"id_token_hint": "a.b.c"}, cookie=cookie)
        expect(not clears(answer, name), f"an answer to a request with {what} clears the cookie", answer)
    answer = endpoint.ask(scene.wire, {"id_token_hint": "a.b.c"}, cookie=session.cookie)
    scene.live(session, answer)
    expect(not clears(answer, name), "the cookie is cleared, and its session is alive", answer)
    answer = endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=session.cookie)
    scene.ended(session, answer)
    expect(clears(answer, name), "the session has ended, and its cookie is not cleared", answer)


@claims(
    "HEAD ends nothing",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=lambda endpoint: endpoint.operation.method == "GET" and "id_token_hint" in endpoint.takes,
)
def head(scene: Scene, endpoint: Endpoint) -> None:
    """200, empty, without any effect: link checkers and previews send it."""
    session = scene.parties.session()
    query = endpoint.named({"id_token_hint": scene.parties.hint(session)})
    answer = scene.wire.send("HEAD", endpoint.address, query=query, cookie=session.cookie)
    scene.live(session, answer)
    expect_status(answer, 200)


@claims("a leaked hint ends nothing from another browser", "endpoint", "issuer", "key", "cookie", where=_takes_hints)
def from_another_browser(scene: Scene, endpoint: Endpoint) -> None:
    """Where the cookie decides (hint_authority = cookie), a hint without it ends nothing, however good (T4)."""
    if endpoint.knob("hint_authority") != "cookie":
        raise NotTried("here the hint decides, or it is not known what does (hint_authority)")
    session, other = scene.parties.session(), scene.parties.session()
    hint = scene.parties.hint(session)
    for cookie in ("", f"{scene.options.cookie}=contract-unknown-cookie", other.cookie):
        for accept in ("*/*", HTML, JSON):
            answer = endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=cookie, accept=accept)
            scene.live(session, answer)
            scene.live(other, answer)


@claims(
    "the hint alone ends its session where the hint decides", "endpoint", "issuer", "key", "token", where=_takes_hints
)
def by_hint(scene: Scene, endpoint: Endpoint) -> None:
    """hint_authority = hint: the ID token represents the session."""
    if endpoint.knob("hint_authority") != "hint" or endpoint.knob("prompt") == "always":
        raise NotTried("here the cookie decides, or it is not known what does (hint_authority)")
    session = scene.parties.session()
    answer = endpoint.ask(scene.wire, {"id_token_hint": scene.parties.hint(session)})
    scene.ended(session, answer)


@claims("a request without a hint ends nothing unasked", "endpoint", "issuer", "cookie")
def without_hint(scene: Scene, endpoint: Endpoint) -> None:
    """Any site can send one, as an image or as a form (T3); unless a vendor documents it so."""
    done = (endpoint.knob("on_no_params"), endpoint.knob("on_no_hint"))
    if "done" in done or endpoint.knob("bare_post_is_consent"):
        raise NotTried("here such a request ends the session, as documented (on_no_params, on_no_hint)")
    session = scene.parties.session()
    client = scene.parties.app.client_id if scene.parties.app else None
    for accept in ("*/*", HTML, JSON):
        for sent in ({}, {"client_id": client}, {"logout_hint": session.sub}, {"id_token_hint": "a.b.c"}):
            answer = endpoint.ask(scene.wire, sent, cookie=session.cookie, accept=accept)
            scene.live(session, answer)
            _says_nothing_ended(answer)


def _says_nothing_ended(answer: Exchange) -> None:
    expect(status_of(answer) != "signed_out", "the answer says that a session ended, and it is alive", answer)
    expect(
        answer.status != 200 or not answer.json() or asks(answer) or status_of(answer) in ("nothing_to_end", "kept"),
        "the answer is neither a question nor a refusal",
        answer,
    )


@claims(
    "a form from another site comes back for its cookie and is never parked twice",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=lambda endpoint: endpoint.operation.method == "POST" and "id_token_hint" in endpoint.takes,
)
def parked(scene: Scene, endpoint: Endpoint) -> None:
    """A cross-site POST lacks the Lax cookie: 303 to the service itself, where the cookie is, and there it ends."""
    if endpoint.knob("hint_authority") != "cookie":
        raise NotTried("here the hint decides, or it is not known what does (hint_authority)")
    unasked(scene, endpoint)
    session = scene.parties.session()
    app = scene.parties.app
    uri = app.redirect_uris[0] if app and app.redirect_uris else None
    sent = {"id_token_hint": scene.parties.hint(session), "post_logout_redirect_uri": uri, "state": "contract-state"}
    answer = endpoint.ask(scene.wire, sent, accept=HTML)
    expect_status(answer, 303)
    scene.live(session, answer)
    location = answer.header("location")
    expect(scene.target.is_ours(location), "the request is parked elsewhere than at the service", answer)
    _holds_no_hint(location, sent["id_token_hint"] or "", answer)
    own = "; ".join(line.split(";")[0] for line in answer.all("set-cookie"))
    expect(own, "the parked request is bound to no browser", answer)
    stranger = scene.wire.follow(location, cookie=session.cookie, accept=HTML)
    expect_status(stranger, 400)
    scene.live(session, stranger)
    without = scene.wire.follow(location, cookie=own, accept=HTML)
    expect(without.status != 303 or not scene.target.is_ours(without.header("location")), "it is parked again", without)
    scene.live(session, without)
    back = scene.wire.follow(location, cookie=f"{own}; {session.cookie}", accept=HTML)
    scene.ended(session, back)
    expect_status(back, 303 if uri else 200)
    for problem in state_problems(back.header("location"), uri, "contract-state") if uri else ():
        expect(False, problem, back)


def _holds_no_hint(location: str, hint: str, answer: Exchange) -> None:
    """Neither as it is nor wrapped up: a handle goes through histories and logs (T23)."""
    for part in parse_qsl(urlsplit(location).query):
        plain = base64.urlsafe_b64decode(re.sub(r"[^A-Za-z0-9_-]", "", part[1]) + "==")
        payload = base64.urlsafe_b64decode(hint.split(".")[1] + "==")
        expect(hint.encode() not in plain and payload not in plain, "the handle holds the hint", answer)


@claims(
    "a session that is over is a success, and nothing is sent twice",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=_takes_hints,
)
def over(scene: Scene, endpoint: Endpoint) -> None:
    """After an administrator has ended it; unless on_dead_session = error."""
    session = scene.parties.session()
    scene.parties.manage("DELETE", f"sessions/{session.sid}")
    before = scene.parties.manage("GET", f"sessions/{session.sid}").json()
    answer = endpoint.ask(
        scene.wire, {"id_token_hint": scene.parties.hint(session)}, cookie=session.cookie, accept=JSON
    )
    if endpoint.knob("on_dead_session") == "error" or endpoint.knob("require_authenticated_user"):
        expect_status(answer, 401)
    else:
        expect_status(answer, 200)
    after = scene.parties.manage("GET", f"sessions/{session.sid}").json()
    same = isinstance(before, dict) and isinstance(after, dict) and before.get("ended_at") == after.get("ended_at")
    expect(
        same and before.get("end_reason") == after.get("end_reason"), "the end of the session is recorded anew", answer
    )
