"""The gateway's cookie in Chromium: who gets one, and what does not replace it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kit.chromium import Profile, needs_chromium

from .in_chromium import Web, page, signing
from .scripted import BROWSER_COOKIE, HOST

pytestmark = [
    needs_chromium,
    pytest.mark.slow,
    pytest.mark.sqlite_alone("which cookies a browser gets and sends does not depend on what is stored"),
]

EMBEDDED = {
    "iframe": "<iframe src='{url}'></iframe>",
    "object": "<object data='{url}' type='text/html'></object>",
    "embed": "<embed src='{url}' type='text/html'>",
    "image": "<img src='{url}'>",
    "script": "<script src='{url}'></script>",
    "fetch": "<script>fetch('{url}', {{mode: 'no-cors', credentials: 'include'}})</script>",
    "form in a frame": (
        "<iframe name=frame></iframe><form method=post target=frame action='{url}'><input name=x value=y></form>"
        "<script>document.forms[0].submit()</script>"
    ),
    "prefetch": "<link rel=prefetch href='{url}'>",
}


async def ours(profile: Profile) -> list[str]:
    """The values of the gateway's cookies that the browser has, partitioned or not."""
    return [cookie["value"] for cookie in await profile.cookies() if cookie["name"] == BROWSER_COOKIE]


async def test_a_page_of_its_own_sets_it(chromium: Web, tmp_path: Path) -> None:
    """Pinned to the provider's host, out of reach of scripts, and not sent with other sites' forms and frames."""
    async with signing(chromium, tmp_path) as there, chromium.browser.profile() as profile:
        await there.ask(await profile.tab(), "web")
        (cookie,) = await profile.cookies()
        wanted = {"name": BROWSER_COOKIE, "domain": HOST, "path": "/", "httpOnly": True, "secure": True}
        assert cookie.items() >= {**wanted, "sameSite": "Lax", "session": False}.items()
        assert "partitionKey" not in cookie


@pytest.mark.parametrize("kind", EMBEDDED)
async def test_a_part_of_another_site_s_page_neither_sets_nor_replaces_it(
    chromium: Web, tmp_path: Path, kind: str
) -> None:
    """Before the first sign-in there is none; after it, the browser keeps the one that it has. No session begins."""
    async with signing(chromium, tmp_path) as there, chromium.browser.profile() as profile:
        tab = await profile.tab()
        chromium.sites["evil.example"] = page(EMBEDDED[kind].format(url=there.url("web")[0]))
        await tab.go("https://evil.example/")
        await chromium.asked(HOST, "/authorize", 1)
        await tab.go("https://shop.example/")
        assert await ours(profile) == []
        await there.ask(tab, "web")
        before = await ours(profile)
        assert len(before) == 1
        await tab.go(f"https://evil.example/?again={kind}")
        await chromium.asked(HOST, "/authorize", 3)
        first, _, embedded = chromium.at(HOST, "/authorize")
        for seen in (first, embedded):
            assert BROWSER_COOKIE not in seen.headers.get("cookie", "")
            assert not [line for line in seen.cookies_set if line.startswith(BROWSER_COOKIE)]
        await tab.go("https://shop.example/")
        assert await ours(profile) == before
        assert await there.sessions() == []


async def test_a_form_of_another_site_neither_sets_nor_replaces_it(chromium: Web, tmp_path: Path) -> None:
    """It is a page of its own, and comes without the Lax cookie that the browser has."""
    async with signing(chromium, tmp_path) as there, chromium.browser.profile() as profile:
        tab = await profile.tab()
        before: list[str] = []
        form = "<form method=post action='{url}'><input name=x value=y></form>"
        form += "<script>document.forms[0].submit()</script>"
        chromium.sites["evil.example"] = page(form.format(url=there.url("web")[0]))
        for _ in range(2):
            await tab.go("https://evil.example/")
            await tab.loaded("https://web.example/callback")
            seen = chromium.at(HOST, "/authorize")[-1]
            assert (seen.method, BROWSER_COOKIE in seen.headers.get("cookie", "")) == ("POST", False)
            assert await ours(profile) == before
            await there.ask(tab, "web")
            before = before or await ours(profile)
            assert await ours(profile) == before
            assert len(before) == 1


def speculation(what: str, *urls: str) -> str:
    """A page that asks for these URLs to be loaded ahead."""
    rules = {what: [{"source": "list", "urls": urls, "eagerness": "immediate"}]}
    return f"<script type=speculationrules>{json.dumps(rules)}</script>"


@pytest.mark.parametrize("what", ["prefetch", "prerender"])
async def test_a_page_loaded_ahead_begins_no_session(chromium: Web, tmp_path: Path, what: str) -> None:
    """A page of the provider's own host has it loaded with the browser's cookie, which stays the one that it has."""
    async with signing(chromium, tmp_path) as there, chromium.browser.profile() as profile:
        tab = await profile.tab()
        await there.sign_in(tab, "web", "alice")
        before, gateway = await ours(profile), chromium.sites[HOST]
        chromium.sites[HOST] = page(speculation(what, there.url("shop")[0]))
        await tab.go(f"https://{HOST}/ahead")
        chromium.sites[HOST] = gateway
        await tab.run("document.body.append(document.querySelector('script').cloneNode(true))")
        await chromium.asked(HOST, "/authorize", 2)
        ahead = chromium.at(HOST, "/authorize")[-1]
        assert ahead.headers["sec-purpose"].startswith("prefetch")
        assert f"{BROWSER_COOKIE}={before[0]}" in ahead.headers["cookie"]
        assert await ours(profile) == before
        assert await there.sessions() == [{"web"}]


async def test_what_another_site_loads_ahead_leaves_nothing_in_the_browser(chromium: Web, tmp_path: Path) -> None:
    """Chromium asks without cookies, keeps what it gets apart, and does not ask where it has cookies."""
    async with signing(chromium, tmp_path) as there, chromium.browser.profile() as profile:
        tab, url = await profile.tab(), there.url("shop")[0]
        chromium.sites["evil.example"] = page(speculation("prefetch", url, "https://first.example/"))
        await tab.go("https://evil.example/")
        await chromium.asked(HOST, "/authorize", 1)
        assert await ours(profile) == []
        await there.sign_in(tab, "web", "alice")
        before = await ours(profile)
        chromium.sites["evil.example"] = page(speculation("prefetch", url, "https://second.example/"))
        await tab.go("https://evil.example/again")
        await chromium.asked("second.example", "/", 1)
        assert await ours(profile) == before
        assert await there.sessions() == [{"web"}]
