"""The question: answered once, by the browser that was asked, about the session that it was asked about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ..check import CheckSkipped, Registry, expect, expect_status
from ..context import Context
from ..conventions import BROWSER_COOKIES
from ..endpoint import HTML, JSON, asks, cookies_set, question_of, status_of
from ..exchange import Exchange
from ..fixtures import Session

check = Registry()

SAME_ORIGIN = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
"""What a browser sends from a page of the service itself, under its referrer policy."""


@dataclass(frozen=True)
class Question:
    """A question, and the browser that was asked. `path` is where its form goes, `cookie` what the browser sends."""

    page: Exchange
    path: str
    handle: str
    cookie: str
    session: Session | None


def ask(context: Context, *, redirect: bool = False) -> Question:
    """Get a question from the first endpoint that asks. Raises CheckSkipped where none does."""
    fixtures = context.fixtures
    session = fixtures.session() if "token" in fixtures.available and fixtures.app else None
    app = fixtures.app
    sent: dict[str, str | None] = {}
    if redirect and app and app.redirect_uris:
        sent = {"client_id": app.client_id, "post_logout_redirect_uri": app.redirect_uris[0], "state": "contract-state"}
    cookie = session.cookie if session else ""
    for endpoint in context.endpoints:
        redirects = endpoint.knob("redirect_without_hint") in (None, "after_confirmation")
        if redirect and not (redirects and {"client_id", "post_logout_redirect_uri"} <= endpoint.takes):
            continue
        page = endpoint.request(context.http, sent, cookie=cookie, accept=HTML)
        found = question_of(page) if page.status == 200 else None
        if found and found[0].startswith(context.target.public_url):
            cookies = "; ".join(filter(None, [cookie, cookies_set(page)]))
            return Question(page, found[0].removeprefix(context.target.public_url), found[1], cookies, session)
    options = "" if "cookie" in fixtures.available else ": needs --cookie NAME and --token-file FILE, or"
    raise CheckSkipped(f"no endpoint asks a question{options} a policy that asks")


def decide(context: Context, question: Question, decision: str | None, **changes: object) -> Exchange:
    """Press a button of the page. `changes` are options of `Transport.send`."""
    form = {"handle": question.handle, "decision": decision}
    options: dict[str, object] = {
        "form": form,
        "cookie": question.cookie,
        "accept": HTML,
        "headers": SAME_ORIGIN,
        **changes,
    }
    return context.http.send("POST", question.path, **options)  # type: ignore[arg-type]


def _expect_kept(context: Context, question: Question, response: Exchange) -> None:
    if question.session:
        context.expect_live(question.session, response)


@check("a question is bound to its browser by a cookie of the service", "deployment", "issuer")
def bound_to_browser(context: Context) -> None:
    """The page's form goes to the service itself, and another browser cannot answer."""
    question = ask(context)
    names = {line.partition("=")[0] for line in question.page.all("set-cookie")}
    expect(names & set(BROWSER_COOKIES), "the question sets no cookie of the service", question.page)
    csp = question.page.header("content-security-policy")
    expect("form-action 'self'" in csp, "form-action does not keep the form at the service", question.page)
    without = decide(context, question, "yes", cookie=question.session.cookie if question.session else "")
    expect_status(without, 400)
    _expect_kept(context, question, without)
    wrong = decide(context, question, "yes", cookie=question.cookie.replace("endsession=", "endsession=x"))
    expect_status(wrong, 400)
    _expect_kept(context, question, wrong)


@check("a decision from another site is 403, and the session is kept", "deployment", "issuer")
def from_another_site(context: Context) -> None:
    """By `Origin` or `Sec-Fetch-Site`, even with the right handle and cookie (CSRF)."""
    question = ask(context)
    for headers in (
        {"Origin": "https://contract-evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": context.target.public_url + ".contract-evil.example"},
    ):
        response = decide(context, question, "yes", headers=headers)
        expect_status(response, 403)
        _expect_kept(context, question, response)


@check("a no keeps the session and uses up the question", "deployment", "issuer")
def no(context: Context) -> None:
    """A page, no redirect. A yes afterwards gets that page as well, and ends nothing."""
    question = ask(context, redirect="redirect" in context.fixtures.available)
    response = decide(context, question, "no")
    expect_status(response, 200)
    _expect_kept(context, question, response)
    late = decide(context, question, "yes")
    expect_status(late, 200)
    _expect_kept(context, question, late)


@check("without a decision the question is asked again", "deployment", "issuer")
def no_decision(context: Context) -> None:
    """Nothing ends by it."""
    question = ask(context)
    response = decide(context, question, None)
    expect_status(response, 200)
    expect(asks(response), "the response does not ask", response)
    _expect_kept(context, question, response)
    unknown = decide(context, question, "perhaps")
    expect_status(unknown, 400)
    _expect_kept(context, question, unknown)


@check("a question that was asked again can still be answered", "deployment", "issuer", "cookie")
def after_another_language(context: Context) -> None:
    """Asking again, even twice and in other languages, and then saying yes ends the session."""
    question = ask(context)
    assert question.session is not None
    for locale in ("de", "en"):
        shown = decide(context, question, None, form={"handle": question.handle, "locale": locale})
        expect_status(shown, 200)
        found = question_of(shown)
        expect(found, "the response does not ask", shown)
        cookies = "; ".join(filter(None, [question.cookie, cookies_set(shown)]))
        question = replace(question, handle=found[1] if found else "", cookie=cookies)
    assert question.session is not None
    response = decide(context, question, "yes")
    expect_status(response, 200, 303)
    context.expect_ended(question.session, response)


@check("a yes ends the session once, and sent again gets the same response", "deployment", "issuer", "token")
def yes(context: Context) -> None:
    """The use of the handle is stored. A double click is answered as the first was; a late no changes nothing."""
    question = ask(context)
    assert question.session is not None
    response = decide(context, question, "yes")
    expect_status(response, 200, 303)
    if question.session.cookie:
        context.expect_ended(question.session, response)
    for decision in ("yes", "no"):
        again = decide(context, question, decision)
        expect_status(again, response.status)
        expect(again.header("location") == response.header("location"), "a second response goes elsewhere", again)


@check("a yes does not end a session that began after the question", "deployment", "issuer", "cookie")
def another_session(context: Context) -> None:
    """The user has signed in again, and was not asked about that session: 400, and it is kept."""
    question = ask(context)
    assert question.session is not None
    newer = context.fixtures.session()
    cookie = question.cookie.replace(question.session.cookie, newer.cookie)
    response = decide(context, question, "yes", cookie=cookie)
    expect_status(response, 400)
    context.expect_live(newer, response)
    context.expect_live(question.session, response)


@check("a yes redirects to the registered URI with state", "deployment", "issuer", "redirect", "cookie")
def yes_redirects(context: Context) -> None:
    """What was requested is sealed with the question."""
    question = ask(context, redirect=True)
    response = decide(context, question, "yes")
    app = context.fixtures.app
    assert app is not None
    redirects = any(endpoint.knob("redirect_without_hint") == "after_confirmation" for endpoint in context.endpoints)
    if response.status == 200 and not redirects:
        raise CheckSkipped("no endpoint redirects after a yes (redirect_without_hint)")
    expect_status(response, 303)
    expected = f"{app.redirect_uris[0]}?state=contract-state"
    expect(response.header("location") == expected, "a redirect to another URL", response)
    again = decide(context, question, "yes")
    expect(again.header("location") == expected, "a double click loses the redirect", again)


@check("a handle works for one purpose at one issuer, unchanged", "deployment", "issuer")
def handle(context: Context) -> None:
    """Changed, truncated, made up, for another purpose, or at another issuer: 400, and the session is kept."""
    question = ask(context)
    path = urlsplit(question.path).path
    base = path.rpartition("/")[0]
    middle = len(question.handle) // 2
    other = "B" if question.handle[middle] == "A" else "A"
    changed = question.handle[:middle] + other + question.handle[middle + 1 :]
    for value in (changed, question.handle[:-4], question.handle + "A", "contract-made-up", "gAAAAA"):
        expect_status(decide(context, question, "yes", form={"handle": value, "decision": "yes"}), 400)
    for purpose, query in (
        (f"{base}/resume", {"handle": question.handle}),
        (f"{base}/status/{question.handle}", {}),
        (f"{base}/continue/{question.handle}", {}),
    ):
        if context.target.document.path_of(purpose):
            response = context.http.send("GET", purpose, query=query, cookie=question.cookie, accept=JSON)
            expect_status(response, 400)
            expect(status_of(response) != "signed_out", "a handle works for another purpose", response)
            _expect_kept(context, question, response)
    if context.options.other_issuer and context.options.issuer:
        elsewhere = path.replace(f"/{context.options.issuer}/", f"/{context.options.other_issuer}/", 1)
        expect_status(decide(context, replace(question, path=elsewhere), "yes"), 400)
    _expect_kept(context, question, question.page)
    query = {"handle": question.handle, "decision": "yes"}
    expect_status(context.http.send("GET", path, query=query, cookie=question.cookie), 405)
    _expect_kept(context, question, question.page)
