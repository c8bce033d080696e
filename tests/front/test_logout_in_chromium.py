"""Logout behind the front in Chromium: which cookies the provider gets, and which the browser still has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.chromium import Profile, needs_chromium

from .in_chromium import CookieProvider, Web, signing
from .scripted import BROWSER_COOKIE, HOST

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


PLACES = ("", "; Domain=login.example", "; SameSite=None; Partitioned")


async def test_thirty_cookies_are_withheld_at_once_and_deleted_in_three_responses(
    chromium: Web, tmp_path: Path
) -> None:
    """No response's head is longer than the 4 KB that proxies take."""
    more = tuple(f"provider_cookie_{n:02}; Path=/; Secure{PLACES[n % len(PLACES)]}" for n in range(30))
    async with signing(chromium, tmp_path, more=more) as there, chromium.browser.profile() as profile:
        tab = await profile.tab()
        hint = await there.sign_in(tab, "web", "alice")
        assert len(await values(profile)) == 31
        await there.log_out(tab, "web", hint)
        chromium.seen.clear()
        left = []
        for _ in range(3):
            await there.ask(tab, "web", prompt="none")
            assert there.provider.last_cookies == {}
            left.append(len(await values(profile)))
        assert left[-1] == 0, left
        heads = [seen.head_size for seen in chromium.at(HOST, "/authorize")]
        assert max(heads) < 4000, heads
