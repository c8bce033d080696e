"""Logout behind the front in Chromium: which cookies the provider gets, and which the browser still has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.chromium import Profile, needs_chromium

from .in_chromium import CookieProvider, Web, page, signing
from .scripted import BROWSER_COOKIE, HOST, ISSUER

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.usefixtures("backend")]
SET = sorted(["op_session", *(line.partition(";")[0] for line in CookieProvider.more)])
KEPT = ["kept_language"]


async def values(profile: Profile) -> dict[str, str]:
    """What the browser has for the provider's host, without the gateway's own cookie."""
    cookies = await profile.cookies(HOST)
    return {cookie["name"]: cookie["value"] for cookie in cookies if cookie["name"] != BROWSER_COOKIE}


async def test_one_browser_signs_out_of_two_apps_and_in_again(chromium: Web, tmp_path: Path) -> None:
    """Two tabs have one cookie of the gateway and one session. After its logout no cookie of the provider reaches it or
    is left in the browser but for the kept one; those of the next sign-in stay and pass."""
    async with signing(chromium, tmp_path) as there, chromium.browser.profile() as profile:
        first, second = await profile.tab(), await profile.tab()
        await there.sign_in(first, "web", "alice")
        (ours,) = [cookie["value"] for cookie in await profile.cookies(HOST) if cookie["name"] == BROWSER_COOKIE]
        hint = await there.sign_in(second, "shop")
        assert [cookie["value"] for cookie in await profile.cookies() if cookie["name"] == BROWSER_COOKIE] == [ours]
        assert await there.sessions() == [{"web", "shop"}]
        assert sorted(there.provider.last_cookies) == SET
        old = await values(profile)
        assert sorted(old) == SET

        await there.log_out(second, "shop", hint)
        assert await there.sessions() == []
        refused = await there.ask(first, "web", prompt="none")
        assert refused.answer["error"] == "login_required"
        assert sorted(there.provider.last_cookies) == KEPT
        assert await values(profile) == {name: old[name] for name in KEPT}

        await there.sign_in(second, "shop", "bob")
        assert sorted(there.provider.last_cookies) == KEPT
        fresh = await values(profile)
        assert sorted(fresh) == SET
        assert not {*old.values()} & {*fresh.values()} - {old["kept_language"]}
        await there.sign_in(first, "web")
        assert there.provider.last_cookies == fresh
        assert await there.sessions() == [{"web", "shop"}]
        assert await values(profile) == fresh


async def test_a_frame_after_the_logout_signs_nobody_in(chromium: Web, tmp_path: Path) -> None:
    """It comes with cookies of `SameSite=None` and without the gateway's, so these have to be gone with the logout."""
    async with signing(chromium, tmp_path, session_same_site="none") as there, chromium.browser.profile() as profile:
        tab = await profile.tab()
        hint = await there.sign_in(tab, "web", "alice")
        for error in (False, True):
            chromium.sites["pages.example"] = page(f"<iframe src='{there.url('web', prompt='none')[0]}'></iframe>")
            asked = len(chromium.at(HOST, "/authorize"))
            await tab.go(f"https://pages.example/?{asked}")
            await chromium.asked(HOST, "/authorize", asked + 1)
            silent = chromium.at(HOST, "/authorize")[-1]
            assert BROWSER_COOKIE not in silent.headers.get("cookie", "")
            assert ("error=login_required" in silent.location) == error, silent.location
            if not error:
                await there.log_out(tab, "web", hint)
                assert list(await values(profile)) == KEPT


async def test_a_yes_to_the_question_deletes_cookies(chromium: Web, tmp_path: Path) -> None:
    """Asked without a hint, the browser keeps its cookies until its user has said yes."""
    async with signing(chromium, tmp_path) as there, chromium.browser.profile() as profile:
        tab = await profile.tab()
        await there.sign_in(tab, "web", "alice")
        await tab.go(f"{ISSUER}/bye?client_id=web")
        assert sorted(name for name in await values(profile) if name in SET) == SET
        await tab.run("document.querySelector('[name=decision]').click()")
        await chromium.asked(HOST, "/acme/logout/confirm")
        await tab.loaded("")
        assert await there.sessions() == []
        assert [name for name in await values(profile) if name in SET] == KEPT


PLACES = ("", "; Domain=login.example", "; SameSite=None; Partitioned")


async def test_thirty_cookies_are_withheld_at_once_and_deleted_bit_by_bit(chromium: Web, tmp_path: Path) -> None:
    """No response's head is longer than the 4 KB that proxies take."""
    more = tuple(f"provider_cookie_{n:02}; Path=/; Secure{PLACES[n % len(PLACES)]}" for n in range(30))
    async with signing(chromium, tmp_path, more=more) as there, chromium.browser.profile() as profile:
        tab = await profile.tab()
        hint = await there.sign_in(tab, "web", "alice")
        assert len(await values(profile)) == 31
        chromium.seen.clear()
        await there.log_out(tab, "web", hint)
        left = [len(await values(profile))]
        for _ in range(2):
            await there.ask(tab, "web", prompt="none")
            assert there.provider.last_cookies == {}
            left.append(len(await values(profile)))
        assert left[-1] == 0, left
        heads = [seen.head_size for seen in chromium.seen if seen.host == HOST]
        assert max(heads) < 4000, heads
