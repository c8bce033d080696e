"""Apps and browsers that try to get around a front, or to make it take one browser for another (T39 to T42)."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from endsession.front.withholding import MOST_DEAD
from tests.kit.logs import whole_log
from tests.kit.raw import FORM, ask
from tests.kit.tokens import sign

from .fronted import Fronted, fronted
from .people import Person, exchange, refresh, sign_in
from .scripted import BROWSER_COOKIE, CLIENT_SECRET, canary, challenge_of

pytestmark = pytest.mark.usefixtures("backend")
MULTIPART = (
    "--x\r\nContent-Disposition: form-data; name=grant_type\r\n\r\nrefresh_token\r\n"
    "--x\r\nContent-Disposition: form-data; name=refresh_token\r\n\r\n{}\r\n--x--\r\n"
)
BASIC = "Basic " + base64.b64encode(f"web:{CLIENT_SECRET}".encode()).decode()


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Fronted]:
    """The scripted provider behind a front."""
    async with fronted(tmp_path, front={"learn": ["authorization", "token", "introspection", "userinfo"]}) as running:
        yield running


DISGUISES = {
    "plain": (FORM, "grant_type=refresh_token&refresh_token={}"),
    "twice": (FORM, "grant_type=refresh_token&refresh_token={0}&refresh_token={0}"),
    "another one first": (FORM, "grant_type=refresh_token&refresh_token=x&refresh_token={0}"),
    "two grants": (FORM, "grant_type=refresh_token&grant_type=refresh_token&refresh_token={}"),
    "a letter that is no UTF-8": (FORM, "grant_type=refresh_token&x=%ff&refresh_token={}"),
    "a letter that is not encoded": (FORM, "grant_type=refresh_token&x=\xff&refresh_token={}"),
    "very many": (FORM, "&".join(["x=1"] * 300) + "&grant_type=refresh_token&refresh_token={}"),
    "multipart": ("multipart/form-data; boundary=x", MULTIPART),
    "another charset": (f"{FORM}; charset=utf-16", "grant_type=refresh_token&refresh_token={}"),
    "JSON": ("application/json", '{{"grant_type": "refresh_token", "refresh_token": "{}"}}'),
    "no media type": ("", "grant_type=refresh_token&refresh_token={}"),
}


@pytest.mark.parametrize("disguise", DISGUISES)
async def test_a_refresh_token_of_an_ended_session_cannot_be_disguised(front: Fronted, disguise: str) -> None:
    """However a lenient provider would read the request, it does not get one that we read otherwise."""
    alice = Person("alice")
    tokens = await sign_in(front.http, alice)
    await front.log_out(tokens, alice)
    media_type, template = DISGUISES[disguise]
    body = template.format(tokens["refresh_token"])
    content = body.encode("utf-16") if "utf-16" in media_type else body.encode("latin-1")
    asked = len(front.provider.seen)
    headers = [("authorization", BASIC), *([("content-type", media_type)] if media_type else [])]
    answer = await ask(front.gateway.app, "POST", "/token", headers=headers, body=content, stays=True)
    assert answer.status == 400, answer.everything
    assert ('"invalid_grant"' if disguise == "plain" else '"invalid_') in answer.text
    assert len(front.provider.seen) == asked


@pytest.mark.parametrize("media_type", [FORM, f"{FORM};charset=UTF-8", f'{FORM.upper()} ; Charset="utf-8"'])
async def test_forms_as_apps_send_them_pass(front: Fronted, media_type: str) -> None:
    """With or without a charset; and parameters that are not read here may repeat (`resource`, RFC 8707)."""
    tokens = await sign_in(front.http, Person("alice"))
    body = urlencode({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "as": "web"})
    answer = await ask(
        front.gateway.app,
        "POST",
        "/token",
        headers=[("authorization", BASIC), ("content-type", media_type)],
        body=f"{body}&resource=a&resource=b".encode(),
        stays=True,
    )
    assert answer.status == 200, answer.everything


@pytest.mark.parametrize("path", ["/token", "/authorize", "/userinfo", "/introspect"])
@pytest.mark.parametrize("name", ["host", "authorization", "content-type"])
async def test_a_header_that_says_two_things_reaches_no_provider(front: Fronted, path: str, name: str) -> None:
    """We would read the first, the provider perhaps the last (RFC 9110, section 5.3; RFC 9112, section 3.2)."""
    values = {"host": "evil.example", "authorization": "Bearer x", "content-type": "text/plain"}
    headers = [("host", "login.example"), ("authorization", BASIC), ("content-type", FORM), (name, values[name])]
    method = "GET" if path == "/authorize" else "POST"
    answer = await ask(front.gateway.app, method, path, headers=headers, host=None, stays=True)
    assert answer.status == 400, answer.everything
    assert front.provider.seen == []


async def test_a_stolen_nonce_or_challenge_binds_nothing(front: Fronted) -> None:
    """Who saw them in a URL shows them in his own browser, before or after: the token is its own browser's."""
    for late in (False, True):
        alice, mallory = Person("alice"), Person("mallory")
        verifier, nonce = canary("verifier"), canary("nonce")
        stolen = {"nonce": nonce, "code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        if not late:
            await mallory.ask(front.http, **stolen)
        begun = await alice.authorize(front.http, **stolen)
        if late:
            await mallory.ask(front.http, **stolen)
        begun.verifier = verifier
        tokens = (await exchange(front.http, begun)).json()
        assert await front.browser_of(tokens) == [alice.cookie_digest]


@pytest.mark.parametrize("name", ["nonce", "code_challenge", "client_id", "request", "request_uri", "redirect_uri"])
async def test_what_a_request_says_twice_is_not_passed_on(front: Fronted, name: str) -> None:
    """Nobody could say which of them the provider reads (RFC 6749, section 3.1)."""
    response = await Person("mallory").ask(front.http, more=f"&{name}=x&{name}=y")
    assert response.status_code == 400
    assert front.provider.seen == []


async def test_keys_of_a_request_cannot_be_hidden(front: Fronted) -> None:
    """A link puts a nonce into the victim's browser; the attacker uses it as well, under a request object that the
    provider ignores, or with another one in a form.

    If that went unseen, his sign-in would be taken for her browser's, whose session another user's sign-in ends.
    """
    front.provider.resumes = True
    alice, mallory = Person("alice"), Person("mallory")
    await sign_in(front.http, alice)
    verifier, nonce = canary("verifier"), canary("nonce")
    keys = {"nonce": nonce, "code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
    await alice.ask(front.http, login_hint=None, **keys)
    other = {"nonce": "other", "code_challenge": "other", "code_challenge_method": "plain"}
    begun = await mallory.authorize(front.http, more=f"&request={sign({**other})}", **keys)
    begun.verifier = verifier
    response = await exchange(front.http, begun)
    assert response.status_code == 200, response.text
    assert len(await front.sessions_of("alice")) == 1
    assert alice.cookie_digest not in await front.browser_of(response.json())


@pytest.mark.parametrize("hidden", ["&x=%ff", "&x=\xff", "&" + "&".join(["x=1"] * 300)])
async def test_a_request_is_learnt_from_whatever_else_it_carries(front: Fronted, hidden: str) -> None:
    """A letter in another encoding in `state`, or very many parameters, hide neither nonce nor challenge."""
    front.provider.resumes = True
    alice = Person("alice")
    begun = await alice.authorize(front.http, more=hidden)
    tokens = (await exchange(front.http, begun)).json()
    assert await front.browser_of(tokens) == [alice.cookie_digest]


@pytest.mark.parametrize("planted", ["code", "id_token"])
async def test_what_a_link_carries_is_not_taken_for_the_providers_response(front: Fronted, planted: str) -> None:
    """A provider that sends a browser to its login page with the parameters of the request in the URL.

    With the attacker's code or ID token in the link, his sign-in would be the victim's browser's, and end her session.
    """
    alice, mallory = Person("alice"), Person("mallory")
    await sign_in(front.http, alice)
    front.provider.resumes = True
    begun = await mallory.authorize(front.http)
    tokens = (await exchange(front.http, await mallory.authorize(front.http))).json()
    front.provider.sessions.clear()
    front.provider.echoes = True
    link = f"&code={begun.answer['code']}" if planted == "code" else f"&id_token={tokens['id_token']}"
    response = await alice.ask(front.http, login_hint=None, more=link)
    assert response.headers["location"].startswith("/login?")
    response = await exchange(front.http, begun)
    assert response.status_code == 200
    assert len(await front.sessions_of("alice")) == 1
    assert alice.cookie_digest not in await front.browser_of(response.json())


async def test_an_attackers_code_at_the_victims_app_ends_nothing(front: Fronted) -> None:
    """Login CSRF: the app exchanges his code, in whatever browser that came; its session is his browser's."""
    alice, mallory = Person("alice"), Person("mallory")
    await sign_in(front.http, alice)
    begun = await mallory.authorize(front.http)
    tokens = (await exchange(front.http, begun)).json()
    assert await front.browser_of(tokens) == [mallory.cookie_digest]
    assert len(await front.sessions_of("alice")) == 1


async def test_two_browser_cookies_are_none(front: Fronted) -> None:
    """A second cookie of that name was planted, and nobody can say which it is: neither is believed or passed on."""
    alice, mallory = Person("alice"), Person("mallory")
    await sign_in(front.http, alice)
    await sign_in(front.http, mallory)
    own, planted = alice.cookies.pop(BROWSER_COOKIE), mallory.cookies[BROWSER_COOKIE]
    for first, second in ((own, planted), (planted, own)):
        alice.cookies = {**alice.cookies, BROWSER_COOKIE: f"{first}; {BROWSER_COOKIE}={second}"}
        given = len(alice.cookies_set)
        begun = await alice.authorize(front.http)
        assert len(alice.cookies_set) == given
        tokens = (await exchange(front.http, begun)).json()
        assert await front.browser_of(tokens) == []
    assert len(await front.sessions_of("mallory")) == 1
    assert front.provider.crossed == []


async def test_a_browser_with_very_many_cookies(front: Fronted) -> None:
    """After a logout few of them are remembered, and the head of the response stays under 4 KB."""
    alice = Person("alice")
    tokens = await sign_in(front.http, alice)
    await front.log_out(tokens, alice)
    alice.cookies |= {f"c{number}": "x" * 8 for number in range(2000)}
    response = await alice.ask(front.http)
    assert response.status_code == 303
    assert sum(len(name) + len(value) + 4 for name, value in response.headers.raw) < 4096
    ((count,),) = await front.gateway.rows("SELECT COUNT(*) FROM front_dead_cookies")
    assert 0 < count <= 2 * MOST_DEAD  # those of the logout, and those of the request after it


async def test_names_in_requests_are_counted_only_where_they_are_known(front: Fronted) -> None:
    """Many providers ask who the user is before they look at `client_id`: anyone could fill the table, or break it."""
    front.provider.echoes = True
    for name in ("unknown-1", "unknown-2", "nul\0", "line\nbreak", "web"):
        await Person("").ask(front.http, name, nonce=canary("nonce"), redirect_uri="https://web.example/callback")
    for issuer_front in front.gateway.gateway.issuer_fronts.values():
        await issuer_front.counts.write()
    rows = await front.gateway.rows(
        "SELECT client_id, count FROM front_counts WHERE event = 'begun' ORDER BY client_id"
    )
    assert [tuple(row) for row in rows] == [("", 4), ("web", 1)]


async def test_no_name_writes_a_line_of_its_own(front: Fronted, caplog: pytest.LogCaptureFixture) -> None:
    """What requests name appears in the log as one word, if at all (T15)."""
    caplog.set_level(logging.DEBUG)
    forged = "x\nWARNING endsession: forged"
    body = urlencode({"grant_type": "authorization_code", "code": "c", "client_id": forged})
    headers = [("content-type", FORM), ("authorization", BASIC)]
    for target in (
        "/token",
        "/par",
        f"/authorize?{urlencode({'client_id': forged, 'redirect_uri': '/', 'state': ''})}",
    ):
        await ask(front.gateway.app, "POST", target, headers=headers, body=body.encode(), stays=True)
    front.provider.garbage = True
    await ask(front.gateway.app, "POST", "/token", headers=headers, body=body.encode(), stays=True)
    assert not [record for record in caplog.records if "\nWARNING" in record.getMessage()]
    assert "was not learnt" in whole_log(caplog)


async def test_an_ended_session_is_not_refreshed_with_a_new_name(front: Fronted) -> None:
    """Nor by another app's name: the provider decides whose token it is, and we whether its session lives."""
    alice = Person("alice")
    tokens = await sign_in(front.http, alice)
    await front.log_out(tokens, alice)
    assert (await refresh(front.http, "shop", tokens["refresh_token"])).status_code == 400
