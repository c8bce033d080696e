"""The question: answered once, by the browser that was asked, about the session that was asked about (T3, T17, T27)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ..claim import NotTried, Register, Scene, expect, expect_status
from ..endpoint import HTML, JSON, asks, cookies_set, question_of, status_of
from ..exchange import Exchange
from ..parties import Session

claims = Register()

OWN_FORM = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
"""What a browser says of a page of the service itself, under its referrer policy."""


@dataclass(frozen=True)
class Asked:
    """A question, and the browser that it was put to. `path` is where the answer goes."""

    page: Exchange
    path: str
    handle: str
    cookie: str
    session: Session | None


def ask(scene: Scene, *, redirect: bool = False) -> Asked:
    """Get a question, at whichever endpoint asks one. Raises NotTried where none does."""
    session = scene.parties.session() if {"token"} <= scene.parties.have and scene.parties.app else None
    app = scene.parties.app
    sent: dict[str, str | None] = {}
    if redirect and app and app.redirect_uris:
        sent = {"client_id": app.client_id, "post_logout_redirect_uri": app.redirect_uris[0], "state": "contract-state"}
    cookie = session.cookie if session else ""
    for endpoint in scene.endpoints:
        goes_on = endpoint.knob("redirect_without_hint") in (None, "after_confirmation")
        if redirect and not (goes_on and {"client_id", "post_logout_redirect_uri"} <= endpoint.takes):
            continue
        page = endpoint.ask(scene.wire, sent, cookie=cookie, accept=HTML)
        found = question_of(page) if page.status == 200 else None
        if found and found[0].startswith(scene.target.public_url):
            cookies = "; ".join(filter(None, [cookie, cookies_set(page)]))
            return Asked(page, found[0].removeprefix(scene.target.public_url), found[1], cookies, session)
    lacking = "" if "cookie" in scene.parties.have else ": needs --cookie NAME and --token-file FILE, or"
    raise NotTried(f"no endpoint asks a question{lacking} a policy that asks")


def answer_to(scene: Scene, asked: Asked, decision: str | None, **changes: object) -> Exchange:
    """Press a button of the page."""
    form = {"handle": asked.handle, "decision": decision}
    options: dict[str, object] = {"form": form, "cookie": asked.cookie, "accept": HTML, "headers": OWN_FORM, **changes}
    return scene.wire.send("POST", asked.path, **options)  # type: ignore[arg-type]


def _stays(scene: Scene, asked: Asked, answer: Exchange) -> None:
    if asked.session:
        scene.live(asked.session, answer)


@claims("a question is bound to the browser by a cookie of ours", "deployment", "issuer")
def bound(scene: Scene) -> None:
    """The page's form goes to the service itself, and another browser cannot answer."""
    asked = ask(scene)
    expect(
        any("endsession" in line for line in asked.page.all("set-cookie")),
        "the question sets no cookie of ours",
        asked.page,
    )
    csp = asked.page.header("content-security-policy")
    expect("form-action 'self'" in csp, "form-action does not keep the form at the service", asked.page)
    other = answer_to(scene, asked, "yes", cookie=asked.session.cookie if asked.session else "")
    expect_status(other, 400)
    _stays(scene, asked, other)
    wrong = answer_to(scene, asked, "yes", cookie=asked.cookie.replace("endsession=", "endsession=x"))
    expect_status(wrong, 400)
    _stays(scene, asked, wrong)


@claims("an answer from another site is 403, and the session stays", "deployment", "issuer")
def from_another_site(scene: Scene) -> None:
    """By `Origin` or by `Sec-Fetch-Site`; also with the right handle and cookie (T3)."""
    asked = ask(scene)
    for headers in (
        {"Origin": "https://contract-evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": scene.target.public_url + ".contract-evil.example"},
    ):
        answer = answer_to(scene, asked, "yes", headers=headers)
        expect_status(answer, 403)
        _stays(scene, asked, answer)


@claims("a no keeps the session, and spends the question", "deployment", "issuer")
def no(scene: Scene) -> None:
    """A page with a way on, no redirect; and no yes afterwards."""
    asked = ask(scene, redirect="redirect" in scene.parties.have)
    answer = answer_to(scene, asked, "no")
    expect_status(answer, 200)
    _stays(scene, asked, answer)
    late = answer_to(scene, asked, "yes")
    expect_status(late, 400)
    _stays(scene, asked, late)


@claims("without a decision the question is asked again", "deployment", "issuer")
def again(scene: Scene) -> None:
    """Which is how its language is changed; nothing ends."""
    asked = ask(scene)
    answer = answer_to(scene, asked, None)
    expect_status(answer, 200)
    expect(asks(answer), "no question comes back", answer)
    _stays(scene, asked, answer)
    strange = answer_to(scene, asked, "perhaps")
    expect_status(strange, 400)
    _stays(scene, asked, strange)


@claims("a question that was asked again can still be answered", "deployment", "issuer", "cookie")
def answered_after_another_language(scene: Scene) -> None:
    """Who changes the language, twice even, and then says yes is logged out."""
    asked = ask(scene)
    assert asked.session is not None
    for locale in ("de", "en"):
        shown = answer_to(scene, asked, None, form={"handle": asked.handle, "locale": locale})
        expect_status(shown, 200)
        found = question_of(shown)
        expect(found, "no question comes back", shown)
        cookies = "; ".join(filter(None, [asked.cookie, cookies_set(shown)]))
        asked = replace(asked, handle=found[1] if found else "", cookie=cookies)
    answer = answer_to(scene, asked, "yes")
    expect_status(answer, 200, 303)
    scene.ended(asked.session, answer)


@claims("a yes ends the session once, and cannot be replayed", "deployment", "issuer", "token")
def yes(scene: Scene) -> None:
    """The handle's use is stored: the same answer again is 400, and leads nowhere."""
    asked = ask(scene)
    assert asked.session is not None
    answer = answer_to(scene, asked, "yes")
    expect_status(answer, 200, 303)
    if asked.session.cookie:
        scene.ended(asked.session, answer)
    replay = answer_to(scene, asked, "yes")
    expect_status(replay, 400)


@claims("a yes is no answer for a session that began since the question", "deployment", "issuer", "cookie")
def of_another_session(scene: Scene) -> None:
    """Somebody signed in again meanwhile, and was not asked about that session: 400, and it stays (T27)."""
    asked = ask(scene)
    assert asked.session is not None
    newer = scene.parties.session()
    answer = answer_to(scene, asked, "yes", cookie=asked.cookie.replace(asked.session.cookie, newer.cookie))
    expect_status(answer, 400)
    scene.live(newer, answer)
    scene.live(asked.session, answer)


@claims("a yes goes on to the registered URI with state", "deployment", "issuer", "redirect", "cookie")
def yes_and_on(scene: Scene) -> None:
    """What was asked for is sealed with the question."""
    asked = ask(scene, redirect=True)
    answer = answer_to(scene, asked, "yes")
    app = scene.parties.app
    assert app is not None
    if answer.status == 200 and not any(
        one.knob("redirect_without_hint") == "after_confirmation" for one in scene.endpoints
    ):
        raise NotTried("no endpoint goes on after a yes (redirect_without_hint)")
    expect_status(answer, 303)
    expect(
        answer.header("location") == f"{app.redirect_uris[0]}?state=contract-state", "the yes leads elsewhere", answer
    )
    replay = answer_to(scene, asked, "yes")
    expect_status(replay, 400)


@claims("a handle is good for one thing at one issuer, unchanged", "deployment", "issuer")
def handle(scene: Scene) -> None:
    """Changed, cut, made up, for another purpose, or at another issuer: 400 or 404, and the session stays (T27)."""
    asked = ask(scene)
    where = urlsplit(asked.path).path
    base = where.rpartition("/")[0]
    middle = len(asked.handle) // 2
    other = "B" if asked.handle[middle] == "A" else "A"
    changed = asked.handle[:middle] + other + asked.handle[middle + 1 :]
    for value in (changed, asked.handle[:-4], asked.handle + "A", "contract-made-up", "gAAAAA"):
        expect_status(answer_to(scene, asked, "yes", form={"handle": value, "decision": "yes"}), 400)
    for path, query in (
        (f"{base}/resume", {"handle": asked.handle}),
        (f"{base}/status/{asked.handle}", {}),
        (f"{base}/continue/{asked.handle}", {}),
    ):
        if scene.target.document.path_of(path):
            answer = scene.wire.send("GET", path, query=query, cookie=asked.cookie, accept=JSON)
            expect_status(answer, 400)
            expect(status_of(answer) != "signed_out", "a handle is good for something else", answer)
            _stays(scene, asked, answer)
    if scene.options.other_issuer and scene.options.issuer:
        elsewhere = where.replace(f"/{scene.options.issuer}/", f"/{scene.options.other_issuer}/", 1)
        expect_status(
            scene.wire.send(
                "POST",
                elsewhere,
                form={"handle": asked.handle, "decision": "yes"},
                cookie=asked.cookie,
                headers=OWN_FORM,
                accept=HTML,
            ),
            400,
        )
    _stays(scene, asked, asked.page)
    query = {"handle": asked.handle, "decision": "yes"}
    expect_status(scene.wire.send("GET", where, query=query, cookie=asked.cookie), 405)
    _stays(scene, asked, asked.page)
