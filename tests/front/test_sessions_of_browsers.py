"""Whose session it is, at real providers behind a front: of which browser, of which user, before and after a logout."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import httpx2
import pytest

from tests.kit.deployment import READER, TOKEN
from tests.kit.waiting import eventually
from tests.lab.allauth import Allauth
from tests.lab.browser import Browser, Page
from tests.lab.canaille import Canaille
from tests.lab.clients import ALICE, BOB, WEB, User
from tests.lab.conftest import RunningProviders
from tests.lab.dot import Dot
from tests.lab.network import Network
from tests.lab.provider import Feature, LabProvider
from tests.lab.providers import with_feature, without_feature

from .behind import Behind, behind_front

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("backend")]


@pytest.fixture
async def behind(provider: LabProvider, network: Network, tmp_path: Path, backend: str) -> AsyncIterator[Behind]:
    """Each provider behind a front, with two apps."""
    async with behind_front(provider, network, tmp_path) as running:
        yield running


def signed_out_at_the_provider(browser: Browser, provider: LabProvider) -> None:
    """The provider has forgotten the browser, as when its session has run out there; the front has not."""
    for cookie in list(browser.cookies):
        if provider.host.endswith(cookie.domain.lstrip(".")) and not cookie.name.startswith("__Host-endsession"):
            browser.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)


async def answered(behind: Behind, browser: Browser, app: str) -> str | None:
    """What the app makes of a silent request: the error that it got, None where it signed the browser in."""
    page = await browser.get(behind.apps[app].url("/login"), prompt="none")
    if page.url == behind.apps[app].url():
        return None
    assert page.url.startswith(behind.apps[app].url("/callback")), (page.way, page.text)
    return str(json.loads(page.text)["error"])


async def asked_and_signed_in(behind: Behind, browser: Browser, app: str, user: User) -> Page:
    """The provider asks who it is, once, and signs that user in."""
    passwords: list[str] = []

    def listen(request: httpx2.Request, _: httpx2.Response) -> None:
        if request.method == "POST" and quote_plus(user.password).encode() in request.content:
            passwords.append(str(request.url))

    page = await browser.get(behind.apps[app].url("/login"))
    assert behind.provider.asks_who(page), (page.way, page.text)
    behind.network.listeners.append(listen)
    page = await behind.provider.sign_in(browser, page, user)
    behind.network.listeners.remove(listen)
    assert len(passwords) == 1
    assert page.url == behind.apps[app].url(), (page.way, page.text)
    return page


async def test_another_browser_of_the_user_keeps_its_session(behind: Behind) -> None:
    """The first logs out; the second is still signed in at the provider, and goes on in the session that it had."""
    first, second = behind.browser(), behind.browser()
    await behind.sign_in(first, "web", ALICE)
    (of_first,) = await behind.sessions()
    await behind.sign_in(second, "web", ALICE)
    (of_second,) = [session for session in await behind.sessions() if session["sid"] != of_first["sid"]]
    await behind.log_out(first, "web")
    (left,) = await behind.sessions()
    assert left["sid"] == of_second["sid"]
    await behind.sign_in(second, "shop", None)
    (left,) = await behind.sessions()
    assert left["sid"] == of_second["sid"]
    assert {client["client_id"] for client in left["clients"]} == {"web", "shop"}
    await asked_and_signed_in(behind, first, "web", ALICE)


async def test_another_user_in_the_browser_supersedes_the_first(behind: Behind) -> None:
    """The first user's session ends and its apps are told, although nobody has logged out."""
    browser = behind.browser()
    await behind.sign_in(browser, "web", ALICE)
    (of_alice,) = await behind.sessions()
    signed_out_at_the_provider(browser, behind.provider)
    await asked_and_signed_in(behind, browser, "shop", BOB)
    (of_bob,) = await behind.sessions()
    assert of_bob["sub"] != of_alice["sub"]
    shown = (await behind.gateway.send("GET", f"/acme/sessions/{of_alice['sid']}", token=READER)).json()
    assert (shown["state"], shown["end_reason"]) == ("ended", "superseded")

    async def told() -> dict[str, str]:
        return await behind.ledger(of_alice["sid"])

    assert await eventually(told, lambda ledger: ledger == {"web": "delivered"})
    assert behind.apps["web"].sessions == {}
    assert len(behind.apps["shop"].sessions) == 1
    # What it ended is not that browser's any more: bob's cookies pass, and he is not asked again.
    await behind.sign_in(browser, "web", None)
    assert [session["sid"] for session in await behind.sessions()] == [of_bob["sid"]]


async def test_the_first_user_s_session_is_kept_where_the_setting_says_so(
    provider: LabProvider, network: Network, tmp_path: Path, backend: str
) -> None:
    """With `on_new_user = "keep"` nobody is told, and a logout is for the user who is signed in."""
    async with behind_front(provider, network, tmp_path, front={"on_new_user": "keep"}) as behind:
        browser = behind.browser()
        await behind.sign_in(browser, "web", ALICE)
        (of_alice,) = await behind.sessions()
        signed_out_at_the_provider(browser, provider)
        await asked_and_signed_in(behind, browser, "shop", BOB)
        of_bob = next(session for session in await behind.sessions() if session["sid"] != of_alice["sid"])
        assert len(behind.apps["web"].sessions) == 1
        await behind.log_out(browser, "shop")
        assert [session["sid"] for session in await behind.sessions()] == [of_alice["sid"]]
        assert await behind.ledger(of_bob["sid"]) == {"shop": "delivered"}


@pytest.mark.parametrize(("provider", "feature"), with_feature("prompt_none"), indirect=["provider"])
async def test_a_silent_request_is_silent(behind: Behind, feature: Feature) -> None:
    """With `prompt=none` a browser joins its session unseen, and after a logout gets an error and never a page."""
    browser = behind.browser()
    assert await answered(behind, browser, "web") == "login_required"
    await behind.sign_in(browser, "web", ALICE)
    assert await answered(behind, browser, "web") is None
    (session,) = await behind.sessions()
    await behind.log_out(browser, "web")
    assert [await answered(behind, browser, "web") for _ in range(5)] == ["login_required"] * 5
    assert await behind.sessions() == []
    await asked_and_signed_in(behind, browser, "web", ALICE)
    (later,) = await behind.sessions()
    assert later["sid"] != session["sid"]
    assert await answered(behind, browser, "web") is None
    assert [session["sid"] for session in await behind.sessions()] == [later["sid"]]


@pytest.mark.parametrize(("provider", "feature"), without_feature("prompt_none"), indirect=["provider"])
async def test_where_the_provider_cannot_be_asked_silently_its_own_error_passes(
    behind: Behind, feature: Feature
) -> None:
    """It fails before a sign-in and after a logout alike, no page asks for a password, and no session begins."""
    browser = behind.browser()
    for _ in range(2):
        page = await browser.get(behind.apps["web"].url("/login"), prompt="none")
        assert page.status == 500
        assert not behind.provider.asks_who(page)
        assert await behind.sessions() == []
        await behind.sign_in(browser, "web", ALICE)
        await behind.log_out(browser, "web")


async def test_a_sign_in_after_a_logout_is_a_new_session(behind: Behind) -> None:
    """The ended one stays ended with its own ledger, and the same user in the same browser gets another."""
    browser, sids = behind.browser(), []
    for _ in range(3):
        await asked_and_signed_in(behind, browser, "web", ALICE)
        (session,) = await behind.sessions()
        sids.append(session["sid"])
        await behind.log_out(browser, "web")
    assert len(set(sids)) == 3
    assert {session["sid"] for session in await behind.sessions("ended")} == set(sids)
    for sid in sids:
        assert await behind.ledger(sid) == {"web": "delivered"}
    assert "did_not_stick" not in await behind.counts()


@pytest.mark.parametrize("names_itself", [True, False], ids=["client_id", "nothing"])
async def test_an_app_that_sends_no_hint_logs_out_all_the_same(behind: Behind, names_itself: bool) -> None:
    """The browser's own cookie says which session it is; its user is asked, since any page can send such a request."""
    browser = behind.browser()
    await behind.sign_in(browser, "web", ALICE)
    await behind.sign_in(browser, "shop", None)
    (session,) = await behind.sessions()
    parameters = {"client_id": "web", "post_logout_redirect_uri": WEB.post_logout_redirect_uri} if names_itself else {}
    page = await browser.get(
        f"{behind.provider.base}{behind.provider.paths['end_session']}?{urlencode(parameters)}",
        initiator=behind.apps["web"].url(),
    )
    question = page.form_with("decision")
    assert question is not None, (page.way, page.text)
    page = await browser.submit(page, question, button="decision")  # the first of that name is the yes
    assert (page.url == WEB.post_logout_redirect_uri) == names_itself, (page.way, page.text)
    assert await behind.sessions() == []
    assert await behind.ledger(session["sid"]) == {"web": "delivered", "shop": "delivered"}
    await asked_and_signed_in(behind, browser, "shop", BOB)


OWN_PAGES = {Dot: "/accounts/login/", Allauth: "/accounts/login/", Canaille: "/login"}
"""Where a provider signs people in without an app. Node has no such page."""


@pytest.mark.parametrize("kind", OWN_PAGES, ids=lambda kind: kind.name)
async def test_a_sign_in_at_the_provider_s_own_page_counts(
    kind: type[LabProvider], running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """After a logout the provider's own pages ask who it is at once, and an app then has no need to ask again."""
    provider = running_providers(kind)
    async with behind_front(provider, network, tmp_path) as behind:
        browser = behind.browser()
        await behind.sign_in(browser, "web", ALICE)
        await behind.log_out(browser, "web")
        assert set(browser.cookies.of(provider.host)) <= {"__Host-endsession-browser", "__Host-endsession"}
        page = await browser.get(f"{provider.base}{OWN_PAGES[kind]}")
        assert provider.asks_who(page), (page.way, page.text)
        await provider.sign_in(browser, page, BOB)
        await behind.sign_in(browser, "web", None)
        (session,) = await behind.sessions()
        await behind.sign_in(browser, "shop", None)
        assert [found["sid"] for found in await behind.sessions()] == [session["sid"]]
        await behind.log_out(browser, "shop")
        await asked_and_signed_in(behind, browser, "web", ALICE)


async def test_a_logout_that_is_answered_again_leaves_a_new_sign_in_alone(behind: Behind) -> None:
    """The yes to a question, sent again after a sign-in, deletes none of the new session's cookies."""
    browser = behind.browser()
    await behind.sign_in(browser, "web", ALICE)
    page = await browser.get(f"{behind.provider.base}{behind.provider.paths['end_session']}")
    question = page.form_with("decision")
    assert question is not None
    await browser.submit(page, question, button="decision")
    await behind.sign_in(browser, "web", BOB)
    await browser.submit(page, question, button="decision")
    assert len(await behind.sessions()) == 1
    await behind.sign_in(browser, "shop", None)


async def test_a_browser_whose_cookies_are_gone_is_asked_once(behind: Behind) -> None:
    """It comes back with none of the provider's cookies, and those of its next sign-in count."""
    browser = behind.browser()
    await behind.sign_in(browser, "web", ALICE)
    (session,) = await behind.sessions()
    await behind.gateway.send("DELETE", f"/acme/sessions/{session['sid']}", token=TOKEN)
    signed_out_at_the_provider(browser, behind.provider)
    await asked_and_signed_in(behind, browser, "web", BOB)
    await behind.sign_in(browser, "shop", None)


async def test_after_a_logout_by_an_administrator_the_browser_is_asked(behind: Behind) -> None:
    """It was told nothing: its next authorization request comes with cookies that the provider takes for good."""
    browser = behind.browser()
    await behind.sign_in(browser, "web", ALICE)
    (session,) = await behind.sessions()
    response = await behind.gateway.send("DELETE", f"/acme/sessions/{session['sid']}", token=TOKEN)
    assert response.status_code in (200, 202, 204), response.text
    await asked_and_signed_in(behind, browser, "shop", ALICE)
    (later,) = await behind.sessions()
    assert later["sid"] != session["sid"]
    assert [client["client_id"] for client in later["clients"]] == ["shop"]
    assert "did_not_stick" not in await behind.counts()
